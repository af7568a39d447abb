//! What people read when a file is wrong.

use insta::assert_snapshot;

use crate::config::Config;
use crate::config::tests::{around, complaint};

fn complaints(texts: &[&str]) -> String {
    texts.iter().map(|text| complaint(text)).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn everything_wrong_is_said_at_once() {
    assert_snapshot!(complaint(r#"
environmnet = "production"
[http]
listn = "127.0.0.1:4180"
listen = "localhost"
accept = ["keys", "tokns"]
[servers.files]
command = 3
timeout = "2 minutes"
trust = "trustd"
[servers.Bad_Name]
url = "https://example.com"
[limits]
depth = 0
[log]
level = "loud"
"#), @r#"
    the configuration has 10 faults:

    countersign.toml:2:1: unknown key `environmnet` at the top
     2 | environmnet = "…"
       | ^^^^^^^^^^^
       = did you mean `environment`?

    countersign.toml:4:1: unknown key `listn` in [http]
     4 | listn = "…"
       | ^^^^^
       = did you mean `listen`?

    countersign.toml:5:10: `localhost` is not an address and a port
     5 | listen = "localhost"
       |          ^^^^^^^^^^^
       = write an address and a port, such as `127.0.0.1:4180`

    countersign.toml:6:19: `tokns` is not one of `keys`, `tokens` or `anyone`
     6 | accept = ["…", "tokns"]
       |                ^^^^^^^
       = write one of `keys`, `tokens` or `anyone`, such as `keys`

    countersign.toml:8:11: a text should stand here, not a whole number
     8 | command = 3
       |           ^
       = write a text

    countersign.toml:9:11: `2 minutes` is not a time with its unit
     9 | timeout = "2 minutes"
       |           ^^^^^^^^^^^
       = write a time with its unit, such as `120s`

    countersign.toml:10:9: `trustd` is no `trust`
     10 | trust = "trustd"
        |         ^^^^^^^^
        = did you mean `trusted`?

    countersign.toml:11:10: `Bad_Name` cannot be the name of a server
     11 | [servers.Bad_Name]
        |          ^^^^^^^^
        = a small letter first, then small letters, digits and `-`, at most 24 in all

    countersign.toml:14:9: `0` is not a whole number of at least 1
     14 | depth = 0
        |         ^
        = write a whole number of at least 1, such as `64`

    countersign.toml:16:9: `loud` is no `level`
     16 | level = "loud"
        |         ^^^^^^
        = write one of: error, warn, info, debug, trace
    "#);
}

#[test]
fn each_broken_form_says_what_to_do() {
    assert_snapshot!(complaints(&[
        "[http\nlisten = 1",
        "environment = \"a\"\nenvironment = \"b\"",
        "servers = 3",
        "[[identity.issuers]]\nissuer = \"https://login.example.com\"",
    ]), @r#"
    the configuration has one fault:

    countersign.toml:1:6: this is not TOML: unclosed table, expected `]`
     1 | [http
       |      ^
       = correct the line; strings stand in quotes, a table begins with [name]

    the configuration has one fault:

    countersign.toml:2:1: this is not TOML: duplicate key
     2 | environment = "•"
       | ^
       = correct the line; strings stand in quotes, a table begins with [name]

    the configuration has one fault:

    countersign.toml:1:11: a table of tables should stand here, not a whole number
     1 | servers = 3
       |           ^
       = write a table of tables

    the configuration has one fault:

    countersign.toml:1:1: [identity.issuers.0] has no `audience`
     1 | [[identity.issuers]]
       | ^^^^^^^^^^^^^^^^^^^^
       = add `audience = "https://gw.example.com"`, what its tokens must name
    "#);
}

#[test]
fn each_bad_server_says_what_to_do() {
    assert_snapshot!(complaints(&[
        "[servers.a]",
        "[servers.a]\ncommand = \"x\"\nurl = \"https://example.com\"",
        "[servers.a]\ncommand = \"x\"\noauth = {}",
        "[servers.a__b]\ncommand = \"x\"",
    ]), @r"
    the configuration has one fault:

    countersign.toml:1:1: [servers.a] has neither `command` nor `url`
     1 | [servers.a]
       | ^^^^^^^^^^^
       = a server has `command` (a program to start) or `url` (a server elsewhere), and not both

    the configuration has one fault:

    countersign.toml:1:1: [servers.a] has both `command` and `url`
     1 | [servers.a]
       | ^^^^^^^^^^^
       = a server has `command` (a program to start) or `url` (a server elsewhere), and not both

    the configuration has one fault:

    countersign.toml:3:1: `oauth` is for servers with a `url`
     3 | oauth = {}
       | ^^^^^
       = take it away

    the configuration has one fault:

    countersign.toml:1:10: `a__b` cannot be the name of a server
     1 | [servers.a__b]
       |          ^^^^
       = a small letter first, then small letters, digits and `-`, at most 24 in all
    ");
}

#[test]
fn each_bad_value_says_what_to_do() {
    assert_snapshot!(complaints(&[
        "[servers.a]\ncommand = \"x\"\nsha256 = \"abc\"",
        "[servers.a]\nurl = \"ftp://example.com\"",
        "[store]\nurl = \"mysql://localhost/x\"",
        "[store]\ntokens = \"\"",
        "[store]\ntoken = \"x\"",
        "[http]\npublic_url = \"https://gw.example.com/path\"",
        "[http]\naccept = []",
        "[http]\naccept = [\"anyone\", \"keys\"]",
    ]), @r#"
    the configuration has one fault:

    countersign.toml:3:10: `abc` is not 64 hex digits
     3 | sha256 = "abc"
       |          ^^^^^
       = write 64 hex digits, such as `9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`

    the configuration has one fault:

    countersign.toml:2:7: `ftp://example.com` is not an http or https address without user, password or fragment
     2 | url = "ftp://example.com"
       |       ^^^^^^^^^^^^^^^^^^^
       = write an http or https address without user, password or fragment, such as `https://example.com/mcp`

    the configuration has one fault:

    countersign.toml:2:7: this is not `sqlite:` and a path, or a postgres:// address
     2 | url = "…"
       |       ^^^
       = write `sqlite:` and a path, or a postgres:// address, such as `sqlite:countersign.db`

    the configuration has one fault:

    countersign.toml:2:10: this is not a folder
     2 | tokens = "…"
       |          ^^^
       = write a folder, such as `countersign-tokens`

    the configuration has one fault:

    countersign.toml:2:1: unknown key `token` in [store]
     2 | token = "…"
       | ^^^^^
       = did you mean `tokens`?

    the configuration has one fault:

    countersign.toml:2:14: `https://gw.example.com/path` is not an http or https address without path, user, query or fragment
     2 | public_url = "https://gw.example.com/path"
       |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = write an http or https address without path, user, query or fragment, such as `https://gw.example.com`

    the configuration has one fault:

    countersign.toml:1:1: [http] accepts nobody
     1 | [http]
       | ^^^^^^
       = write `accept = ["keys"]`

    the configuration has one fault:

    countersign.toml:2:11: `anyone` beside proofs would make the proofs idle
     2 | accept = ["anyone", "…"]
       |           ^^^^^^^^
       = write `accept = ["anyone"]` alone, or leave `anyone` out
    "#);
}

#[test]
fn each_bad_issuer_says_what_to_do() {
    assert_snapshot!(complaints(&[
        "[servers.a]\nurl = \"https://example.com\"\noauth = { issuer = \"login\" }",
        "[servers.a]\nurl = \"https://example.com\"\noauth = { isuer = \"https://login.example.com\" }",
        "[servers.a]\nurl = \"https://example.com\"\noauth = { issuer = 3 }",
    ]), @r#"
    the configuration has one fault:

    countersign.toml:3:20: `login` is not an https address without user, query or fragment
     3 | oauth = { issuer = "login" }
       |                    ^^^^^^^
       = write an https address without user, query or fragment, such as `https://login.example.com`

    the configuration has one fault:

    countersign.toml:3:11: unknown key `isuer` in [servers.a.oauth]
     3 | oauth = { isuer = "…" }
       |           ^^^^^
       = did you mean `issuer`?

    the configuration has one fault:

    countersign.toml:3:20: a text should stand here, not a whole number
     3 | oauth = { issuer = 3 }
       |                    ^
       = write a text
    "#);
}

#[test]
fn each_dead_reference_says_what_to_do() {
    assert_snapshot!(complaints(&[
        "[servers.a]\ncommand = \"x\"\nenv = { A = \"${NOT_SET}\" }",
        "[servers.a]\ncommand = \"x\"\nargs = [\"${file:/nowhere}\"]",
        "[servers.a]\ncommand = \"x\"\nargs = [\"${open\"]",
    ]), @r#"
    the configuration has one fault:

    countersign.toml:3:13: the variable `NOT_SET` is not set
     3 | env = { A = "…" }
       |             ^^^
       = set NOT_SET, or write ${NOT_SET:-default}

    the configuration has one fault:

    countersign.toml:3:9: cannot read the file `/nowhere`: entity not found
     3 | args = ["…"]
       |         ^^^
       = make it readable to this user, or name another file

    the configuration has one fault:

    countersign.toml:3:9: a `${` without its `}`
     3 | args = ["…"]
       |         ^^^
       = close it, or write `$${` for a plain `${`
    "#);
}

#[test]
fn what_cannot_work_together_is_refused() {
    let cases = [
        "[http]\nlisten = \"0.0.0.0:4180\"\naccept = [\"anyone\"]",
        "[http]\naccept = [\"tokens\"]",
        "[limits]\nbody_bytes = 10",
        "[servers.a]\nurl = \"https://example.com\"\noauth = {}\nheaders = { authorization = \"Bearer abcdef\" }",
        "[servers.a]\nurl = \"https://example.com\"\noauth = { client_secret = \"x7Yv3Kd8fLr1TzW\" }",
        "[servers.a]\nurl = \"https://example.com\"\noauth = { issuer = \"http://login.example.com\" }",
        "[servers.a]\nurl = \"https://example.com\"\noauth = { issuer = \"https://127.0.0.1\" }",
        "[store]\nurl = \"postgres://me:changeme@db.example.com/book\"",
        "[[identity.issuers]]\nissuer = \"http://login.example.com\"\naudience = \"x\"",
    ];
    assert_snapshot!(complaints(&cases), @r#"
    the configuration has one fault:

    countersign.toml:3:10: `anyone` would let the whole network at 0.0.0.0:4180 use every tool
     3 | accept = ["anyone"]
       |          ^^^^^^^^^^
       = write `accept = ["keys"]`, or listen on 127.0.0.1

    the configuration has one fault:

    countersign.toml:2:10: `tokens` are accepted, but no issuer is believed
     2 | accept = ["tokens"]
       |          ^^^^^^^^^^
       = add [[identity.issuers]] with `issuer = "https://…"`, or take `tokens` away

    the configuration has one fault:

    limits.argument_bytes: arguments longer than the whole body can never arrive
       = make it at most `limits.body_bytes`

    the configuration has one fault:

    countersign.toml:3:9: `oauth` and an `Authorization` header would fight over the same header
     3 | oauth = {}
       |         ^^
       = keep one of the two

    the configuration has one fault:

    countersign.toml:3:27: a client secret without the client it belongs to
     3 | oauth = { client_secret = "…" }
       |                           ^^^
       = add `client_id` beside it

    the configuration has one fault:

    countersign.toml:3:20: credentials sent over plain http can be read on the way
     3 | oauth = { issuer = "http://login.example.com" }
       |                    ^^^^^^^^^^^^^^^^^^^^^^^^^^
       = write https; only on this machine may it be http

    the configuration has one fault:

    countersign.toml:3:20: a server elsewhere cannot be signed in to on this machine
     3 | oauth = { issuer = "https://127.0.0.1" }
       |                    ^^^^^^^^^^^^^^^^^^^
       = write the issuer's own address, or add `allow_private = true` to the server if it is meant

    the configuration has one fault:

    countersign.toml:2:7: the password is one from a sample, which everybody knows
     2 | url = "…"
       |       ^^^
       = give the database user a real one, behind `${VAR}` or `${file:/path}`

    the configuration has one fault:

    countersign.toml:2:10: plain http to `login.example.com` can be read and changed on the way
     2 | issuer = "http://login.example.com"
       |          ^^^^^^^^^^^^^^^^^^^^^^^^^^
       = write https, or add `allow_private = true` beside it if the network is yours
    "#);
}

#[test]
fn a_misspelt_variable_is_a_fault_too() {
    let around = around(&[("COUNTERSIGN_HTTP_LISTN", "127.0.0.1:2"), ("COUNTERSIGN_LIMITS_DEPTH", "deep")]);
    assert_snapshot!(Config::from_text("", &around).unwrap_err(), @r"
    the configuration has 2 faults:

    environment COUNTERSIGN_HTTP_LISTN: unknown key `listn` in [http]
       = did you mean `COUNTERSIGN_HTTP_LISTEN`?

    environment COUNTERSIGN_LIMITS_DEPTH: `deep` is not a whole number of at least 1
       = write a whole number of at least 1, such as `64`
    ");
}
