//! What can be said of arguments, and what is said about mistakes.

use super::*;
use crate::config::ServerName;
use crate::config::tests::{complaint, read as config};

fn told(text: &str) -> Told {
    let config = config(&format!("[servers.db]\ncommand = \"x\"\n{text}")).unwrap_or_else(|error| panic!("{error}"));
    config.servers[&ServerName::parse("db").unwrap()].facts.clone()
}

#[test]
fn arguments_of_a_server_and_of_a_tool_are_told() {
    let text = "[servers.db]\ncommand = \"x\"\n\
        facts.query = { sql = \"mariadb\" }\nfacts.\"/deep/link\" = \"url\"\nfacts.note = \"none\"\n\
        [servers.db.tools.transfer]\n\
        facts.amount = { money = { currency = \"/currency\", unit = \"minor\" } }\n\
        facts.path = { path = \"windows\", roots = [\"C:/work\"] }\n\
        facts.command = { shell = \"bash\" }\n";
    let config = config(text).unwrap_or_else(|error| panic!("{error}"));
    let server = &config.servers[&ServerName::parse("db").unwrap()];
    assert_eq!(server.facts["query"], Kind::Sql(sql::Dialect::Mysql));
    assert_eq!((&server.facts["/deep/link"], &server.facts["note"]), (&Kind::Url, &Kind::Nothing));
    let tool = &server.tools["transfer"].facts;
    let currency = Currency::At("/currency".to_owned());
    assert_eq!(tool["amount"], Kind::Money(Money { currency, unit: Unit::Minor }));
    let roots = ["C:/work".to_owned()].into();
    assert_eq!(tool["path"], Kind::Path(Paths { style: Some(Style::Windows), roots }));
    assert_eq!(tool["command"], Kind::Shell(shell::Dialect::Bash));
    assert_eq!(told(""), Told::new());
}

#[test]
fn every_mistake_is_told_with_its_place_and_the_next_step() {
    for (line, what, next) in [
        ("facts.q = \"sq\"", "`sq` is nothing an argument can be", "did you mean { sql = \"postgres\" }?"),
        ("facts.q = \"urll\"", "`urll` is nothing an argument can be", "did you mean `url`?"),
        ("facts.q = \"banana\"", "`banana` is nothing", "write \"url\", \"none\", { sql"),
        ("facts.q = 7", "should stand here, not a whole number", "write \"url\""),
        ("facts.q = { sql = \"postgre\" }", "`postgre` is no `sql`", "did you mean `postgres`?"),
        ("facts.q = { sql = \"oracle\" }", "`oracle` is no `sql`", "write one of: postgres, mysql"),
        ("facts.q = { shell = \"python\" }", "`python` is no `shell`", "posix, bash"),
        ("facts.q = { sqll = \"postgres\" }", "unknown key `sqll` in [servers.db.facts.q]", "did you mean `sql`?"),
        ("facts.q = { sql = \"mysql\", shell = \"bash\" }", "cannot be `sql` and `shell` at once", "keep the one"),
        (
            "facts.q = { sql = \"mysql\", roots = [\"/a\"] }",
            "`roots` is for an argument that is a `path`",
            "take it away",
        ),
        ("facts.q = {}", "does not say what the argument is", "{ sql = \"postgres\" }"),
        ("facts.\"/a~2\" = \"url\"", "`/a~2` is not", "`~` is written `~0`"),
        ("facts.\"a/b\" = \"url\"", "`a/b` is not", "a pointer begins with `/`"),
        ("facts.\"/\" = \"url\"", "`/` is not", "such as `/transfer/amount`"),
        ("facts.q = { money = { currency = \"/c\" } }", "has no `unit`", "add `unit = \"minor\"`"),
        ("facts.q = { money = { currency = \"XXZ\", unit = \"minor\" } }", "`XXZ` is not", "such as `/currency`"),
        ("facts.q = { money = { currency = \"EUR\", unit = \"cents\" } }", "`cents` is not", "minor (cents)"),
        ("tools.t.fact = 1", "unknown key `fact` in [servers.db.tools.t]", "did you mean `facts`?"),
    ] {
        let error = complaint(&format!("[servers.db]\ncommand = \"x\"\n{line}\n"));
        assert!(error.contains("countersign.toml:3:"), "{line}: {error}");
        assert!(error.contains(what) && error.contains(next), "{line}: {error}");
        assert!(error.contains("one fault"), "{line}: {error}");
    }
}
