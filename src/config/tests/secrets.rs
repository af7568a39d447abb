//! Nothing that is said about a configuration holds a secret from it.

use proptest::prelude::*;

use super::{Config, TOKEN, WHOLE, around, complaint, read};

#[test]
fn no_complaint_and_no_listing_tells_a_secret() {
    let secret = "hunter-9f1";
    for text in [
        "[servers.a]\nurl = \"https://e.com\"\nheader = { Authorization = \"Bearer S\" }",
        "[servers.a]\nurl = \"https://e.com\"\nheaders = \"Bearer S\"",
        "[servers.a]\nurl = \"https://e.com\"\nheaders = { Authorization = \"Bearer S\", Host = \"x\" }",
        "[servers.a]\nurl = \"https://me:S@e.com\"",
        "[servers.a]\nurl = \"https://e.com\"\noauth = { issuer = \"https://me:S@e.com\" }",
        "[servers.a]\nurl = \"https://e.com\"\noauth = { issuer = \"https://e.com?key=S\" }",
        "[servers.a]\ncommand = \"x\"\nenv = { A = \"S\", B = 3 }",
        "[servers.a]\ncommand = \"x\"\nenv = [\"A=S\"]",
        "[servers.a]\ncommand = \"x\"\nenv = { A = \"S }",
        "[servers.a]\ncommand = \"x\"\nenv = { A = S }",
        "[servers]\na = \"S\"",
        "[store]\nurl = \"mysql://me:S@db/x\"",
        "[store]\nurl = \"postgres://me:${S\"",
        "token = \"S\"",
        "[servers.a] token = \"S\"",
    ] {
        let error = complaint(&text.replace('S', secret));
        assert!(!error.contains(secret), "{error}");
        let error = Config::from_text(&text.replace('S', "${HIDDEN}"), &around(&[("HIDDEN", secret)])).err();
        assert!(!error.map(|error| error.to_string()).unwrap_or_default().contains(secret), "{text}");
    }
    for text in ["[log]\nlevel = \"${HIDDEN}\"", "[http]\nlisten = \"${HIDDEN}\"", "[limits]\ndepth = \"${HIDDEN}\""] {
        let error = Config::from_text(text, &around(&[("HIDDEN", secret)])).unwrap_err().to_string();
        assert!(!error.contains(secret) && error.contains("what stands behind ${HIDDEN}"), "{error}");
    }
    let config = read(WHOLE).unwrap();
    let told = format!("{config:?}");
    for secret in [TOKEN, "gh-77aa51c0d2", "p5J2m0Qx7Yv3Kd8f"] {
        assert!(!told.contains(secret), "{told}");
    }
}

const CANARY: &str = "cAnArY9f1c";

const SECRETIVE: &str = r#"
[servers.files]
command = "npx"
env = { TOKEN = "cAnArY9f1c", LEVEL = "info" }
[servers.github]
url = "https://example.com/mcp"
headers = { X-Api-Key = "Bearer cAnArY9f1c" }
[servers.other]
url = "https://example.com/mcp"
oauth = { scopes = ["repo"], client_id = "me", client_secret = "cAnArY9f1c" }
[store]
url = "postgres://me:cAnArY9f1c@db.example.com/book"
"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever slip of the hand makes a file wrong, what is said about it holds no secret from it.
    #[test]
    fn no_slip_of_the_hand_shows_a_secret(at in 0..SECRETIVE.len(), cut in 0..6_usize, typed in "[a-z\"'=\\[\\]{},.#$\n ]{0,3}") {
        let end = at.saturating_add(cut).min(SECRETIVE.len());
        let (before, after) = (SECRETIVE.get(..at).unwrap(), SECRETIVE.get(end..).unwrap());
        let text = format!("{before}{typed}{after}");
        match read(&text) {
            Err(error) => prop_assert!(!error.to_string().contains(CANARY), "{text}\n{error}"),
            Ok(config) => {
                let settings = format!("{:?}", config.source.settings);
                prop_assert!(!settings.contains(CANARY), "{text}\n{settings}");
            }
        }
    }
}
