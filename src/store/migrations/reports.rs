//! Where is it kept what hooks report?

/// What hooks report, and who may. The index is over what still counts, so that a name is free again once it was revoked.
pub(super) const REPORTS: &str = "
CREATE TABLE device (
    id TEXT {bytewise} PRIMARY KEY,
    name TEXT {bytewise} NOT NULL,
    public_key TEXT NOT NULL,
    principals TEXT NOT NULL,
    made {integer} NOT NULL,
    revoked {integer}
) {strict};
CREATE UNIQUE INDEX device_name ON device (name) WHERE revoked IS NULL;
CREATE TABLE prompt (
    id TEXT {bytewise} PRIMARY KEY,
    at {integer} NOT NULL,
    reporter TEXT {bytewise} NOT NULL,
    client TEXT {bytewise} NOT NULL,
    session TEXT {bytewise} NOT NULL,
    turn TEXT,
    model TEXT,
    digest TEXT {bytewise} NOT NULL,
    words TEXT
) {strict};
CREATE INDEX prompt_of ON prompt (reporter, client, session, at);
CREATE INDEX prompt_at ON prompt (at);
CREATE INDEX prompt_digest ON prompt (digest);
CREATE TABLE tool_use (
    id TEXT {bytewise} PRIMARY KEY,
    at {integer} NOT NULL,
    reporter TEXT {bytewise} NOT NULL,
    client TEXT {bytewise} NOT NULL,
    session TEXT {bytewise} NOT NULL,
    turn TEXT,
    model TEXT,
    use_id TEXT {bytewise},
    tool TEXT NOT NULL,
    arguments TEXT {bytewise} NOT NULL
) {strict};
CREATE INDEX tool_use_id ON tool_use (use_id) WHERE use_id IS NOT NULL;
CREATE INDEX tool_use_arguments ON tool_use (arguments, at);
CREATE INDEX tool_use_at ON tool_use (at);
";
