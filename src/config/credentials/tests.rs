use super::super::reading::alone;
use super::*;

fn read(text: &str) -> Result<Vec<String>, String> {
    alone(text, Credential::read_all).map(|all| {
        let shown = |(name, credential): (&ServerName, &Credential)| {
            format!("{name} {:?} {}", credential.kind, credential.max_ttl)
        };
        all.iter().map(shown).collect()
    })
}

#[test]
fn providers_are_read_and_no_secret_of_theirs_is_shown() {
    let all = read(
        "[credentials.shop]\nkind = \"postgres\"\nurl = \"postgres://admin:canary-password@db/shop\"\nmax_ttl = \"1m\"\n\
         ceiling = { orders = \"select, update\", \"audit.*\" = \"insert\" }\n\
         [credentials.cloud]\nkind = \"exec\"\nmint = [\"/bin/mint\", \"now\"]\nscopes = [\"read\"]\n\
         [credentials.old]\nkind = \"fixed\"\nvalue = \"canary-password\"\n",
    );
    let all = all.unwrap();
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|one| !one.contains("canary")), "{all:?}");
    assert!(all.iter().any(|one| one.contains("\"orders\"") && one.ends_with("1m")), "{all:?}");
}

#[test]
fn what_is_wrong_is_told_with_what_would_be_right() {
    for (bad, why) in [
        ("kind = \"floppy\"", "postgres"),
        ("kind = \"postgres\"\nceiling = { orders = \"select\" }", "url"),
        ("kind = \"postgres\"\nurl = \"postgres://a@b/c\"", "ceiling"),
        ("kind = \"postgres\"\nurl = \"mysql://a@b/c\"\nceiling = { orders = \"select\" }", "postgres://"),
        ("kind = \"postgres\"\nurl = \"postgres://a@b/c\"\nceiling = { orders = \"drop\" }", "verbs"),
        ("kind = \"postgres\"\nurl = \"postgres://a@b/c\"\nceiling = { \"a.b.c\" = \"select\" }", "names no relation"),
        ("kind = \"exec\"\nmint = []", "mint"),
        ("kind = \"exec\"\nmint = [\"/bin/mint\"]\nscopes = [\"two words\"]", "without blanks"),
        ("kind = \"fixed\"\nvalue = \"short\"", "at least 8"),
        ("kind = \"fixed\"\nvalue = \"long enough\"\nmax_ttl = \"2h\"", "an hour"),
        ("kind = \"fixed\"\nvalue = \"long enough\"\nmint = [\"x\"]", "mint"),
    ] {
        let told = read(&format!("[credentials.x]\n{bad}\n")).unwrap_err();
        assert!(told.contains(why), "{bad}: {told}");
    }
}
