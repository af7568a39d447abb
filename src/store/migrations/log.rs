//! Which tables hold the log over the entries, and who was told of them?

/// The log over the entries. Bodies are sealed from now on; those that lie open are sealed when they come into the log. Of the
/// tree the hashes of leaves are kept, and of every eighth level above them. `floor` is the entry up to which all are in the
/// log, or will never be there.
pub(super) const LOG: &str = "
ALTER TABLE entry ADD COLUMN sealed {bytes};
CREATE TABLE log (
    name TEXT PRIMARY KEY,
    origin TEXT NOT NULL,
    data_key TEXT NOT NULL,
    size {integer} NOT NULL,
    floor {integer} NOT NULL,
    epoch {integer} NOT NULL,
    holder TEXT NOT NULL,
    until {integer} NOT NULL
) {strict};
CREATE TABLE log_key (
    first {integer} NOT NULL,
    origin TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (first, origin, key)
) {strict};
CREATE TABLE leaf (
    place {integer} PRIMARY KEY,
    seq {integer} NOT NULL UNIQUE,
    previous {bytes},
    root {bytes} NOT NULL,
    hash {bytes} NOT NULL
) {strict};
CREATE TABLE node (
    level {integer} NOT NULL,
    place {integer} NOT NULL,
    hash {bytes} NOT NULL,
    PRIMARY KEY (level, place)
) {strict};
CREATE TABLE checkpoint (
    size {integer} NOT NULL,
    at {integer} NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (size, at)
) {strict};
CREATE TABLE anchored (
    anchor TEXT {bytewise} PRIMARY KEY,
    size {integer} NOT NULL,
    at {integer} NOT NULL,
    note TEXT NOT NULL,
    said TEXT NOT NULL
) {strict};
";

/// Why an anchor did not take the last checkpoint.
pub(super) const ANCHORS: &str = "ALTER TABLE anchored ADD COLUMN trouble TEXT NOT NULL DEFAULT ''";

/// How far each sink was told, and which gateway tells it.
pub(super) const SINKS: &str = "
CREATE TABLE sink_cursor (
    name TEXT {bytewise} PRIMARY KEY,
    seq {integer} NOT NULL,
    moved {integer} NOT NULL,
    holder TEXT NOT NULL,
    until {integer} NOT NULL,
    why TEXT NOT NULL
) {strict};
";
