//! What a person reads when the gateway is put before their servers.

use insta::assert_snapshot;

use super::{Place, said};

const CURSOR: &str = r#"{
  // mine
  "mcpServers": {
    "github": { "command": "npx", "args": ["-y", "gh"], "env": { "TOKEN": "ghp_55c1e09d" } },
    "old": { "type": "sse", "url": "https://example.com/sse" }
  }
}
"#;

fn told(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    let here = place.path().canonicalize().unwrap();
    let here = here.to_str().unwrap();
    let output = place.run_with(arguments, &[("HOME", here)]);
    let text = said(&output) + &super::complained(&output);
    let text = text.replace(here, "HOME").replace(env!("CARGO_BIN_EXE_countersign"), "/bin/countersign");
    // How wide the table is depends on where the test runs.
    let narrow = |line: &str| {
        if line.contains("Cursor  ") || line.starts_with("CLIENT") {
            line.split_whitespace().collect::<Vec<_>>().join(" ")
        } else {
            line.trim_end().to_owned()
        }
    };
    (output.status.code(), text.lines().map(narrow).collect::<Vec<_>>().join("\n"))
}

#[test]
fn what_would_change_is_shown_without_secrets() {
    let place = Place::with("").and_a_policy();
    std::fs::create_dir(place.path().join(".cursor")).unwrap();
    std::fs::write(place.path().join(".cursor/mcp.json"), CURSOR).unwrap();
    let (code, text) = told(&place, &["wrap"]);
    assert_eq!(code, Some(7), "{text}");
    assert_snapshot!(text, @r#"
    CLIENT SCOPE SERVER TRANSPORT GUARDED FILE
    Cursor user github stdio no HOME/.cursor/mcp.json
    Cursor user old other cannot be HOME/.cursor/mcp.json
    warn  old of Cursor, user stays as it is: it is reached over server-sent events alone, which the gateway does not speak

    --- HOME/.cursor/mcp.json
    +++ HOME/.cursor/mcp.json
    @@ -1,7 +1,7 @@
     {
       // mine
       "mcpServers": {
    -    "github": { "command": "npx", "args": ["-y", "gh"], "env": { "TOKEN": "•••" } },
    +    "github": { "command": "/bin/countersign", "args": ["run", "--server", "github", "--config", "HOME/countersign.toml"] },
         "old": { "type": "sse", "url": "https://example.com/sse" }
       }
     }

    github of Cursor: its secrets (1) stand in countersign.toml, which is yours alone to read; --move-secrets gives them files
    Nothing was written. Say --yes where nobody can be asked.
    "#);
    let (code, text) = told(&place, &["undo"]);
    assert_eq!((code, text.as_str()), (Some(0), "Nothing of ours is in any client's file."));
}

#[test]
fn init_says_what_it_would_do_where_nobody_can_be_asked() {
    let place = Place::with("");
    std::fs::remove_file(place.path().join("countersign.toml")).unwrap();
    let (code, text) = told(&place, &["init"]);
    assert_eq!(code, Some(7), "{text}");
    assert_snapshot!(text, @r"
    A configuration will be made: HOME/.config/countersign/countersign.toml, with a starter policy in policies/.
    No client's file names a server.
    Nothing has to change.
    Nothing was written. Say --yes where nobody can be asked.
    ");
}

#[test]
fn hooks_are_printed_unless_they_are_to_be_written() {
    let place = Place::with("");
    let (code, text) = told(&place, &["hook", "install", "cursor"]);
    assert_eq!(code, Some(0), "{text}");
    assert_snapshot!(text, @r#"
    Put this into ~/.cursor/hooks.json, beside what is there:

    {
      "hooks": {
        "beforeMCPExecution": [
          {
            "command": "/bin/countersign hook cursor"
          }
        ],
        "beforeSubmitPrompt": [
          {
            "command": "/bin/countersign hook cursor"
          }
        ]
      },
      "version": 1
    }

    Cursor reads it when it is saved.
    "#);
    let (code, text) = told(&place, &["hook", "install", "cursor", "--write"]);
    assert_eq!(
        (code, text.as_str()),
        (Some(0), "ok    wrote the hook to HOME/.cursor/hooks.json. Cursor reads it when it is saved.")
    );
    let (code, text) = told(&place, &["undo"]);
    assert_eq!((code, text.as_str()), (Some(0), "ok    HOME/.cursor/hooks.json is what it was again, byte for byte"));
    assert!(!place.path().join(".cursor/hooks.json").exists());
}
