//! Which entry speaks for which resource.

use super::*;

fn entry(kind: Kind, pattern: &str, server: Option<&str>, sensitivity: &str) -> Entry {
    let tags = Tags { sensitivity: sensitivity.to_owned(), ..Tags::default() };
    Entry { pattern: Pattern::read(kind, pattern).unwrap(), server: server.map(str::to_owned), tags }
}

fn told(catalogue: &Catalogue, kind: Kind, name: &str, server: &str) -> String {
    let all = catalogue.about(kind, name, Access::Read, server);
    let words = all.iter().map(|resource| if resource.known { resource.tags.sensitivity.as_str() } else { "?" });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_most_specific_entry_speaks() {
    // A10
    let table = |pattern, word| entry(Kind::Table, pattern, None, word);
    let catalogue = Catalogue::new(vec![
        table("crm.*", "internal"),
        table("crm.customers", "personal"),
        entry(Kind::Table, "crm.customers", Some("test"), "public"),
        table("archive.customers", "old"),
        table("orders", "sales"),
        table("dw.crm.secrets", "secret"),
    ])
    .unwrap();
    for (name, server, wanted) in [
        ("crm.customers", "db", "personal"),
        ("CRM.Customers", "db", "personal"),
        ("dw.crm.customers", "db", "personal"),
        ("crm.customers", "test", "public"),
        ("crm.notes", "db", "internal"),
        ("crm.dbo.notes", "db", "internal"),
        ("crm.orders", "db", "sales"),
        ("orders", "db", "sales"),
        ("any.where.orders", "db", "sales"),
        ("crm.secrets", "db", "internal"),
        ("dw.crm.secrets", "db", "secret"),
        ("shop.notes", "db", "?"),
        // Without its schema a name may mean any of them.
        ("customers", "db", "old personal"),
        ("customers", "test", "old public"),
        ("notes", "db", "internal ?"),
        ("secrets", "db", "internal secret"),
        ("*", "db", "?"),
        ("", "db", "internal ?"),
    ] {
        assert_eq!(told(&catalogue, Kind::Table, name, server), wanted, "{name} on {server}");
    }
    assert_eq!(told(&catalogue, Kind::Host, "crm.customers", "db"), "?");
}

#[test]
fn hosts_paths_repositories_and_tools_have_patterns_of_their_own() {
    let catalogue = Catalogue::new(vec![
        entry(Kind::Host, "*.Acme.example.", None, "ours"),
        entry(Kind::Host, "pay.acme.example", None, "money"),
        entry(Kind::Host, "bücher.example", None, "books"),
        entry(Kind::Host, "10.0.0.1", None, "inside"),
        entry(Kind::Path, "/srv/work/**", None, "work"),
        entry(Kind::Path, "/srv/work/keys/**", None, "keys"),
        entry(Kind::Path, r"C:\Work\**".replace('\\', "/").as_str(), None, "drive"),
        entry(Kind::Repository, "acme/*", None, "ours"),
        entry(Kind::Repository, "acme/site", None, "public"),
        entry(Kind::Repository, "/srv/git/**", None, "local"),
        entry(Kind::Tool, "bank/*", None, "money"),
        entry(Kind::Tool, "bank/rates", None, "public"),
    ])
    .unwrap();
    for (kind, name, wanted) in [
        (Kind::Host, "www.acme.example", "ours"),
        (Kind::Host, "acme.example", "?"),
        (Kind::Host, "notacme.example", "?"),
        (Kind::Host, "acme.example.evil.example", "?"),
        (Kind::Host, "pay.acme.example", "money"),
        (Kind::Host, "x.pay.acme.example", "ours"),
        (Kind::Host, "xn--bcher-kva.example", "books"),
        (Kind::Host, "10.0.0.1", "inside"),
        (Kind::Host, "10.0.0.10", "?"),
        (Kind::Path, "/srv/work", "work"),
        (Kind::Path, "/srv/work/a/b", "work"),
        (Kind::Path, "/srv/worker", "?"),
        (Kind::Path, "/srv/work/keys/a", "keys"),
        (Kind::Path, "srv/work", "?"),
        (Kind::Path, "c:/work/a", "drive"),
        (Kind::Path, "/c:/work/a", "?"),
        (Kind::Path, "//srv/work/a", "?"),
        (Kind::Repository, "ACME/Other", "ours"),
        (Kind::Repository, "acme/site", "public"),
        (Kind::Repository, "acme", "?"),
        (Kind::Repository, "/srv/git/x", "local"),
        (Kind::Tool, "bank/transfer", "money"),
        (Kind::Tool, "bank/rates", "public"),
        (Kind::Tool, "shop/transfer", "?"),
    ] {
        assert_eq!(told(&catalogue, kind, name, "s"), wanted, "{kind:?} {name}");
    }
    assert!(catalogue.tool("transfer", "bank").is_some());
    assert!(catalogue.tool("transfer", "shop").is_none());
}

#[test]
fn what_cannot_be_a_pattern_is_refused() {
    for (kind, text) in [
        (Kind::Table, ""),
        (Kind::Table, "crm."),
        (Kind::Table, "crm.*.x"),
        (Kind::Table, "cr*"),
        (Kind::Table, "\"crm\".x"),
        (Kind::Host, "https://acme.example"),
        (Kind::Host, "acme.example/x"),
        (Kind::Host, "a.*.example"),
        (Kind::Host, "0x7f.1"),
        (Kind::Path, "srv/work"),
        (Kind::Path, "/srv/*/x"),
        (Kind::Path, "~/x"),
        (Kind::Repository, "acme"),
        (Kind::Repository, "acme/x/y"),
        (Kind::Tool, "transfer"),
    ] {
        assert!(Pattern::read(kind, text).is_err(), "{kind:?} {text}");
    }
}

#[test]
fn two_entries_for_the_same_resource_are_named() {
    let same = vec![
        entry(Kind::Table, "crm.x", None, "a"),
        entry(Kind::Table, "crm.x", Some("db"), "b"),
        entry(Kind::Table, "CRM.X", None, "c"),
    ];
    assert_eq!(Catalogue::new(same).unwrap_err(), [(0, 2)]);
}
