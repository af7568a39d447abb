//! What goes in comes out again, byte for byte, and nothing beside it moves.

mod written;

use proptest::prelude::*;

use self::written::{Style, json, toml, yaml};
use super::document::NotEdited::{Inline, Scattered};
use super::gate::{Gate, fragment};
use super::journal::{Change, Kept, Way, Why, named};
use super::section::{Secrets, section};
use super::*;

fn gate(found: &Found) -> Gate {
    let section = section(found, &section::name(&found.name, |_| false), Secrets::Stay).unwrap();
    Gate {
        program: "/opt/a b/bin/countersign".to_owned(),
        config: "/home/ada/.config/countersign/countersign.toml".to_owned(),
        server: section.name,
        filled: section.filled,
        handed: section.handed,
    }
}

/// Every server that can be guarded is, and how that is taken back.
fn wrapped(client: Client, text: &str) -> (String, Change) {
    let (mut now, mut entries) = (text.to_owned(), Vec::new());
    let guardable = |found: &Found| matches!(found.original, Original::Program(_) | Original::Remote(_));
    for found in found(client, Scope::User, text).unwrap().iter().filter(|found| guardable(found)) {
        let gate = gate(found);
        let original = fragment(client.format(), &now, &found.path).unwrap();
        now = gate.put(client, &now, &found.path).unwrap_or_else(|why| panic!("{why}: {now}"));
        let ours = fragment(client.format(), &now, &found.path).unwrap();
        let (name, path, server) = (found.name.clone(), found.path.clone(), gate.server);
        entries.push(Kept { name, scope: found.scope, path, original, ours, server, config: gate.config });
    }
    let (before, after) = (named(text), named(&now));
    let file = "mcp.json".to_owned();
    let original = text.to_owned();
    (now, Change { at: String::new(), client, file, before, after, original, existed: true, entries, hook: None })
}

/// What is taken back entry by entry, as if the file had been edited since.
fn merged(change: &Change, now: &str) -> String {
    let undone = Change { after: String::new(), before: String::new(), ..change.clone() }.undo(now);
    assert!(
        undone.left.is_empty(),
        "{:?}",
        undone.left.iter().map(|(kept, why)| (&kept.name, why)).collect::<Vec<_>>()
    );
    undone.text
}

fn comes_back(client: Client, text: &str) {
    let (now, change) = wrapped(client, text);
    let there = found(client, Scope::User, &now).unwrap();
    for kept in &change.entries {
        let found = there.iter().find(|found| found.path == kept.path).unwrap();
        assert_eq!(&found.original, &Original::Guarded(Some(kept.server.clone())), "{now}");
    }
    // What is not about how a server is reached is still said.
    let (before, after) = (client.format().read(text).unwrap(), client.format().read(&now).unwrap());
    for member in before.members().iter().filter(|member| member.name != client.root()) {
        assert!(after.get(&member.name).unwrap().says(&member.value), "{now}");
    }
    for kept in &change.entries {
        let at = |root: &Node, name: &str| root.at(kept.path.iter().map(String::as_str)).unwrap().get(name).cloned();
        for name in ["disabled", "timeout", "enabled", "startup_timeout_sec"] {
            match (at(&before, name), at(&after, name)) {
                (None, None) => {}
                (Some(before), Some(after)) => assert!(before.says(&after), "{now}"),
                other => panic!("{other:?}: {now}"),
            }
        }
    }
    assert_eq!(merged(&change, &now), text, "from {now}");
    let whole = change.undo(&now);
    assert_eq!((whole.way, whole.text.as_str()), (Way::Whole, text));
}

const JSON: [Client; 7] = [
    Client::ClaudeCode,
    Client::ClaudeDesktop,
    Client::Cursor,
    Client::Vscode,
    Client::Windsurf,
    Client::Gemini,
    Client::Junie,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn json_comes_back_byte_for_byte(style in Style::any(), client in prop::sample::select(JSON.to_vec())) {
        comes_back(client, &json(&style, client));
    }

    #[test]
    fn toml_comes_back_byte_for_byte(style in Style::any()) {
        comes_back(Client::Codex, &toml(&style));
    }

    #[test]
    fn yaml_comes_back_byte_for_byte(style in Style::any()) {
        comes_back(Client::Goose, &yaml(&style));
    }

    #[test]
    fn hooks_leave_no_trace_but_an_empty_list(style in Style::any()) {
        use crate::intent::client::Client as Hooked;
        let text = json(&style, Client::Gemini);
        let with = hooks::with(Hooked::Gemini, &text, "'/a b/countersign' hook gemini").unwrap();
        prop_assert!(hooks::has(&with, "'/a b/countersign' hook gemini"));
        let without = hooks::without(&with, "'/a b/countersign' hook gemini");
        prop_assert!(!without.contains("countersign' hook"), "{}", without);
        let (before, after) = (Format::Jsonc.read(&text).unwrap(), Format::Jsonc.read(&without).unwrap());
        for member in before.members() {
            prop_assert!(after.get(&member.name).unwrap().says(&member.value));
        }
    }

    #[test]
    fn whatever_stands_in_a_file_nothing_panics(text in ".{0,200}") {
        for client in Client::ALL {
            drop(found(client, Scope::User, &text));
        }
    }
}

const CURSOR: &str = "{\n\t// mine\n\t\"mcpServers\": {\n\t\t\"github\": { \"command\": \"npx\", \"args\": [\"-y\", \"gh\"], \"env\": { \"TOKEN\": \"${env:T}\" }, \"disabled\": false, },\n\t\t\"db\": { \"url\": \"https://db.example.com/mcp\" }\n\t}\n}\n";

#[test]
fn an_entry_keeps_what_is_the_clients_and_the_rest_keeps_every_byte() {
    let (now, _) = wrapped(Client::Cursor, CURSOR);
    let expected = "{\n\t// mine\n\t\"mcpServers\": {\n\t\t\"github\": { \"command\": \"/opt/a b/bin/countersign\", \"args\": [\"run\", \"--server\", \"github\", \"--config\", \"/home/ada/.config/countersign/countersign.toml\"], \"env\": {\"MCP_GITHUB_TOKEN\": \"${env:T}\"}, \"disabled\": false, },\n\t\t\"db\": { \"command\": \"/opt/a b/bin/countersign\", \"args\": [\"run\", \"--server\", \"db\", \"--config\", \"/home/ada/.config/countersign/countersign.toml\"] }\n\t}\n}\n";
    assert_eq!(now, expected);
}

#[test]
fn what_was_edited_since_stays_and_only_our_entries_go_back() {
    let (now, change) = wrapped(Client::Cursor, CURSOR);
    // Somebody adds a server and changes how blanks stand in one of ours.
    let edited = now
        .replace("// mine", "// mine, and new")
        .replace("\"disabled\": false, }", "\"disabled\":  false }")
        .replace("\t}\n}\n", "\t,\"own\": { \"command\": \"mine\" }\n\t}\n}\n");
    let text = merged(&change, &edited);
    assert!(text.contains("// mine, and new") && text.contains("\"own\": { \"command\": \"mine\" }"), "{text}");
    assert!(text.contains("\"env\": { \"TOKEN\": \"${env:T}\" }") && !text.contains("countersign"), "{text}");
    // One of ours is changed, the other taken out: neither is touched, and both are told.
    let conflicting = now.replace("\"disabled\": false", "\"disabled\": true").replace("\"db\": {", "\"other\": {");
    let undone = change.undo(&conflicting);
    assert_eq!((undone.way, &undone.text), (Way::Merged, &conflicting));
    let whys: Vec<&Why> = undone.left.iter().map(|(_, why)| why).collect();
    assert!(
        matches!(whys.as_slice(), [Why::Edited { now }, Why::Gone] if now.contains("\"disabled\": true")),
        "{whys:?}"
    );
    let rest = change.with_only(undone.left.into_iter().map(|(kept, _)| kept).collect());
    assert_eq!(rest.undo(&now).way, Way::Merged, "a part that was taken back is never the whole again");
}

#[test]
fn what_cannot_be_edited_safely_is_refused() {
    let refused = |client: Client, text: &str| {
        let all = found(client, Scope::User, text).unwrap();
        let gate = gate(&all[0]);
        gate.put(client, text, &all[0].path).unwrap_err()
    };
    assert_eq!(refused(Client::Codex, "[mcp_servers]\na = { command = \"x\" }\n"), Inline);
    assert_eq!(refused(Client::Codex, "[mcp_servers]\na.command = \"x\"\n"), Inline);
    let apart = "[mcp_servers.a]\ncommand = \"x\"\n[mcp_servers.b]\ncommand = \"y\"\n[mcp_servers.a.env]\nT = \"1\"\n";
    assert_eq!(refused(Client::Codex, apart), Scattered);
    for text in [
        "extensions:\n  a: &anchor\n    cmd: x\n",
        "extensions:\n  a:\n    cmd: |\n      x\n    type: stdio\n",
        "extensions:\n  a:\n    cmd: x\n      y\n    type: stdio\n",
        "extensions:\n  a:\n    !tag cmd: x\n",
    ] {
        assert!(found(Client::Goose, Scope::User, text).is_err(), "{text}");
    }
    for text in ["{", "{\"a\" 1}", "{\"a\": 1} 2", "{/* }", "{\"a\": tru}", "{'a': 1}"] {
        assert!(found(Client::Cursor, Scope::User, text).is_err(), "{text}");
    }
}

#[test]
fn every_client_is_read_in_its_own_form() {
    let one = |client: Client, text: &str| {
        let all = found(client, Scope::User, text).unwrap();
        all.into_iter().map(|found| (found.scope, found.name, found.original)).next_back().unwrap()
    };
    let program = |client, text: &str| match one(client, text).2 {
        Original::Program(program) => (program.command, program.args, program.env, program.handed),
        other => panic!("{other:?}"),
    };
    let remote = |client, text: &str| match one(client, text).2 {
        Original::Remote(remote) => (remote.url, remote.headers, remote.behind),
        other => panic!("{other:?}"),
    };
    let odd = |client, text: &str| matches!(one(client, text).2, Original::Odd(_));
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];

    let local = r#"{"mcpServers": {}, "projects": {"/w": {"mcpServers": {"a": {"command": "x"}}}}}"#;
    assert_eq!(one(Client::ClaudeCode, local).0, Scope::Local);
    let zed = r#"{"context_servers": {"a": {"source": "custom", "command": "x", "args": ["y"], "env": {"N": 1}}}}"#;
    assert_eq!(program(Client::Zed, zed), ("x".to_owned(), words(&["y"]), pair("N", "1"), words(&[])));
    assert!(odd(Client::Zed, r#"{"context_servers": {"a": {"source": "extension", "settings": {}}}}"#));
    assert!(odd(Client::Zed, r#"{"context_servers": {"a": {"command": {"path": "x"}}}}"#));
    assert_eq!(remote(Client::Windsurf, r#"{"mcpServers": {"a": {"serverUrl": "https://a"}}}"#).0, "https://a");
    assert_eq!(remote(Client::Gemini, r#"{"mcpServers": {"a": {"httpUrl": "https://a"}}}"#).0, "https://a");
    assert!(odd(Client::Gemini, r#"{"mcpServers": {"a": {"url": "https://a"}}}"#));
    assert!(odd(Client::Vscode, r#"{"servers": {"a": {"type": "sse", "url": "https://a"}}}"#));
    assert!(odd(Client::Vscode, r#"{"servers": {"a": {"type": "http", "url": "unix:///a"}}}"#));
    assert!(odd(Client::Vscode, r#"{"servers": {"a": {"command": "x", "envFile": ".env"}}}"#));
    let codex =
        "[mcp_servers.a]\nurl = 'https://a'\nbearer_token_env_var = \"T\"\n[mcp_servers.a.http_headers]\nX = \"1\"\n";
    let behind = vec![("Authorization".to_owned(), "Bearer ", "T".to_owned())];
    assert_eq!(remote(Client::Codex, codex), ("https://a".to_owned(), pair("X", "1"), behind));
    let goose = "extensions:\n  a:\n    type: stdio\n    cmd: x\n    args:\n    - -y\n    - 'it''s'\n    envs: {N: \"1\"}\n    env_keys: [T]\n";
    assert_eq!(program(Client::Goose, goose), ("x".to_owned(), words(&["-y", "it's"]), pair("N", "1"), words(&["T"])));
    assert!(odd(Client::Goose, "extensions:\n  developer:\n    type: builtin\n    enabled: true\n"));
    let twice = r#"{"mcpServers": {"a": {"command": "C:\\x\\countersign.exe", "args": ["run", "--server", "b"]}}}"#;
    assert_eq!(one(Client::Cursor, twice).2, Original::Guarded(Some("b".to_owned())));
}

#[test]
fn names_are_made_valid_and_never_taken_twice() {
    for (text, expected) in [
        ("github", "github"),
        ("My Server_2", "my-server-2"),
        ("@scope/tool", "scope-tool"),
        ("7zip", "server-7zip"),
        ("ü", "server"),
        ("a-very-long-name-that-goes-on-and-on", "a-very-long-name-that-go"),
    ] {
        let name = section::name(text, |_| false);
        assert_eq!(name, expected);
        assert!(crate::config::ServerName::parse(&name).is_some(), "{name}");
        let second = section::name(text, |taken| taken == expected);
        assert!(second != expected && crate::config::ServerName::parse(&second).is_some(), "{second}");
    }
}

#[test]
fn a_server_means_in_our_file_what_it_meant_in_the_clients() {
    let text = r#"{"mcpServers": {"My GH": {"command": "npx", "args": ["${workspaceFolder}", "$${a}", "sk-4f9d1c77aa31"],
        "cwd": "sub", "env": {"GITHUB_TOKEN": "ghp_4f9d1c77aa", "MODE": "x ${A:-b}"}}}}"#;
    let cursor = &found(Client::Cursor, Scope::User, text).unwrap()[0];
    let stays = section(cursor, "my-gh", Secrets::Stay).unwrap();
    assert_eq!(
        stays.text("from Cursor"),
        "\n[servers.my-gh] # from Cursor\ncommand = \"npx\"\n\
         args = [\"${MCP_MY_GH_ARG_1:-not-set}\", \"${MCP_MY_GH_ARG_2:-not-set}\", \"sk-4f9d1c77aa31\"]\ncwd = \"${PWD}/sub\"\n\
         env = { GITHUB_TOKEN = \"ghp_4f9d1c77aa\", MODE = \"${MCP_MY_GH_MODE:-not-set}\" }\n"
    );
    assert_eq!((stays.literal, stays.filled.len()), (2, 3));
    assert_eq!(stays.stands_in(&stays.text("")), section::Standing::Same);
    let moves = section(cursor, "my-gh", Secrets::Move).unwrap();
    assert!(!moves.text("").contains("4f9d1c77aa"), "{}", moves.text(""));
    let files: Vec<&str> = moves.files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(files, ["secrets/my-gh.arg_3", "secrets/my-gh.github_token"]);
    // A client that fills in nothing means what it says.
    let desktop = &found(Client::ClaudeDesktop, Scope::User, text).unwrap()[0];
    let plain = section(desktop, "my-gh", Secrets::Stay).unwrap();
    assert!(plain.text("").contains("\"$${workspaceFolder}\", \"$$${a}\"") && plain.filled.is_empty());
    let codex = "[mcp_servers.a]\nurl = 'http://10.0.0.1/mcp'\nbearer_token_env_var = \"T\"\n";
    let codex = section(&found(Client::Codex, Scope::User, codex).unwrap()[0], "a", Secrets::Stay).unwrap();
    assert!(codex.text("").ends_with("headers = { Authorization = \"Bearer ${T:-not-set}\" }\nallow_private = true\n"));
    assert_eq!(codex.handed, ["T"]);
}

#[test]
fn what_was_added_is_taken_out_only_as_it_was() {
    let text = "\n[servers.a] # from\ncommand = \"x\"\n".to_owned();
    let addition = journal::Addition { config: String::new(), server: "a".to_owned(), text, files: Vec::new() };
    let with = |after: &str| addition.taken_out(&format!("[policy]\n{}{after}", addition.text));
    assert_eq!(with("").as_deref(), Some("[policy]\n"));
    assert_eq!(with("\n[servers.b]\ncommand = \"y\"\n").as_deref(), Some("[policy]\n\n[servers.b]\ncommand = \"y\"\n"));
    for more in ["trust = \"trusted\"\n", "[servers.a.labels]\nzone = \"eu\"\n"] {
        assert_eq!(with(more), None, "{more}");
    }
}
