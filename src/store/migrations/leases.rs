//! Where is it kept which credentials are out?

/// Credentials that were made, and when they must be gone. Never a secret: only what takes one back.
pub(super) const LEASES: &str = "
CREATE TABLE lease (
    id TEXT {bytewise} PRIMARY KEY,
    call TEXT {bytewise} NOT NULL,
    principal TEXT NOT NULL,
    server TEXT NOT NULL,
    provider TEXT {bytewise} NOT NULL,
    kind TEXT {bytewise} NOT NULL,
    reaches TEXT NOT NULL,
    handle TEXT,
    state TEXT {bytewise} NOT NULL,
    made {integer} NOT NULL,
    expires {integer} NOT NULL,
    owner TEXT {bytewise} NOT NULL,
    held_until {integer} NOT NULL,
    tries {integer} NOT NULL,
    next_try {integer} NOT NULL,
    trouble TEXT,
    ended {integer}
) {strict};
CREATE INDEX lease_open ON lease (expires) WHERE ended IS NULL;
CREATE INDEX lease_call ON lease (call);
";
