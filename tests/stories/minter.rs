//! A command that makes credentials, for a gateway that is told to run it. What it made and took back it writes into a file,
//! so that a story can see which credentials are out.
//!
//! `STORY_MINTER` is `mint` or `revoke`, `STORY_MINTED` the file. The file of that name with `.mood` says how it behaves:
//! `down` makes nothing and says so by failing at once, `lost` makes one and says nothing, `wide` makes more than was asked,
//! `stuck` takes nothing back.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};

use serde_json::{Value, json};

/// The begin of every credential: whatever holds it has seen one.
pub(crate) const CANARY: &str = "canary-0f6b8c";

#[expect(clippy::exit, reason = "a command says by its exit code that it failed")]
pub(crate) fn play(what: &str) {
    let mut asked = String::new();
    std::io::stdin().read_to_string(&mut asked).expect("the gateway writes");
    let asked: Value = serde_json::from_str(&asked).expect("the gateway writes JSON");
    let path = std::env::var("STORY_MINTED").expect("there is a file");
    let mood = std::fs::read_to_string(path.clone() + ".mood").unwrap_or_default();
    let lease = asked["lease"].as_str().expect("a lease has a name");
    match (what, mood.as_str()) {
        ("mint", "down") | ("revoke", "stuck") => std::process::exit(1),
        _ => {}
    }
    let mut file = OpenOptions::new().create(true).append(true).open(&path).expect("the file can be written");
    let line = json!({ "what": what, "lease": lease, "asked": asked });
    file.write_all(format!("{line}\n").as_bytes()).expect("the file can be written");
    if what == "revoke" {
        return;
    }
    if mood == "lost" {
        std::process::exit(1);
    }
    let scope = if mood == "wide" { "read write" } else { "read" };
    let printed = json!({
        "value": format!("{CANARY}-{lease}"), "id": format!("id-of-{lease}"), "expires_at": asked["expires_at"], "scope": scope,
    });
    std::io::stdout().write_all(printed.to_string().as_bytes()).expect("the gateway reads");
}
