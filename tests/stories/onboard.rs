//! The gateway gets in front of what is there, and out again: with the files of every client, as they write them.

mod written;

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use self::written::{entry, files};
use crate::Story;
use crate::world::{Plan, Told, World};

pub(crate) const STORIES: &[Story] = &[
    ("every_clients_server_is_guarded_answers_as_before_and_comes_back", every_client),
    ("a_file_keeps_its_link_its_mode_and_every_byte", bytes),
    ("what_was_edited_meanwhile_stays", edited),
    ("secrets_move_only_with_consent_and_are_never_shown", secrets),
    ("from_nothing_to_a_guarded_server", from_nothing),
    ("servers_can_be_copied", imported),
    ("a_remote_server_and_what_cannot_be_guarded", remote),
    ("one_server_that_cannot_be_taken_keeps_no_other_back", beside),
];

const ALL: &str = "package countersign.story\n\nallow contains {\"id\": \"all\", \"reason\": \"a story\"}\n";

fn world() -> World {
    World::new(&Plan { policy: ALL, ..Plan::default() })
}

/// The program, with this folder as somebody's home.
fn at_home(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.command(arguments);
    command.env("HOME", world.path("")).current_dir(world.path("work"));
    for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        command.env_remove(name);
    }
    command
}

async fn run(world: &World, arguments: &[&str]) -> (i32, String) {
    std::fs::create_dir_all(world.path("work")).unwrap();
    let config = world.path("countersign.toml").display().to_string();
    let output = at_home(world, &[arguments, &["--config", &config]].concat()).output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), text)
}

async fn done(world: &World, arguments: &[&str]) -> String {
    let (code, text) = run(world, arguments).await;
    assert_eq!(code, 0, "{arguments:?}: {text}");
    text
}

fn put(world: &World, name: &str, text: &str) {
    let file = world.path(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

fn read(world: &World, name: &str) -> String {
    std::fs::read_to_string(world.path(name)).unwrap()
}

/// What a server answers when somebody asks it for its tools.
async fn tools(mut command: Command) -> Value {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    let (mut input, mut lines) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
    let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "story", "version": "1" } } });
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let mut answer = Value::Null;
    for (message, id) in [(hello, 0), (list, 1)] {
        input.write_all(format!("{message}\n").as_bytes()).await.unwrap();
        answer = loop {
            let line = lines.next_line().await.unwrap().expect("it still speaks");
            let answer: Value = serde_json::from_str(&line).unwrap();
            if answer["id"] == id {
                break answer;
            }
        };
    }
    drop(input);
    child.wait().await.unwrap();
    let told = answer["result"]["tools"].as_array().unwrap_or_else(|| panic!("{answer}")).iter();
    told.map(|tool| json!([tool["name"], tool["description"], tool["inputSchema"]])).collect()
}

/// The server as it is without anything before it.
async fn direct() -> Value {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env("STORY_SERVER", "1");
    tools(command).await
}

/// How a client starts what its file names.
fn as_started(world: &World, entry: &Value) -> Command {
    let program = entry.get("command").or_else(|| entry.get("cmd")).unwrap().as_str().unwrap();
    let mut command = Command::new(program);
    command.args(entry["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()));
    for (name, value) in entry["env"].as_object().into_iter().flatten() {
        command.env(name, value.as_str().unwrap().replace("${STORY}", "1"));
    }
    command.env("HOME", world.path("")).env_remove("STORY_SERVER").current_dir(world.path("work"));
    command
}

fn every_client() -> Told {
    // A03: only the command line in the client's file changes; an unmodified server answers through it as before.
    Box::pin(async {
        let world = world();
        let files = files();
        for (name, text, _) in &files {
            put(&world, name, text);
        }
        let untouched = || files.iter().all(|(name, text, _)| &read(&world, name) == text);
        let ours = read(&world, "countersign.toml");
        let before = direct().await;
        let shown = done(&world, &["wrap", "--dry-run"]).await;
        assert!(shown.contains("GUARDED") && shown.contains("@@ "), "{shown}");
        assert!(untouched(), "a dry run writes nothing");
        let (code, told) = run(&world, &["wrap"]).await;
        assert!(code == 7 && untouched(), "nobody could be asked: {told}");

        let told = done(&world, &["wrap", "--yes"]).await;
        assert!(told.contains("developer of Goose"), "{told}");
        for (name, text, path) in &files {
            let now = read(&world, name);
            assert_ne!(&now, text, "{name}: {told}");
            let entry = entry(&now, path);
            assert!(entry.get("command").or_else(|| entry.get("cmd")).unwrap().as_str().unwrap().starts_with('/'));
            assert_eq!(tools(as_started(&world, &entry)).await, before, "{name}: {now}");
        }
        // Twice is once.
        let wrapped: Vec<String> = files.iter().map(|(name, ..)| read(&world, name)).collect();
        let again = done(&world, &["wrap", "--yes"]).await;
        assert!(again.contains("Nothing has to change."), "{again}");
        assert_eq!(files.iter().map(|(name, ..)| read(&world, name)).collect::<Vec<_>>(), wrapped);
        let report: Value = serde_json::from_str(&done(&world, &["wrap", "--json", "--dry-run"]).await).unwrap();
        let guarded = report["found"]["servers"].as_array().unwrap().iter().filter(|server| server["guarded"] == true);
        assert_eq!(guarded.count(), files.len(), "{report}");

        let told = done(&world, &["undo"]).await;
        assert_eq!(told.matches("byte for byte").count(), files.len(), "{told}");
        for (name, text, _) in &files {
            assert_eq!(&read(&world, name), text, "{name}");
        }
        assert_eq!(read(&world, "countersign.toml"), ours);
    })
}

fn bytes() -> Told {
    Box::pin(async {
        let world = world();
        let text = "{ \"mcpServers\" : {\n\"a\":{\"command\":\"sh\",\"args\":[\"-c\",\"cat\"]} , // mine\n} }";
        put(&world, "dotfiles/cursor.json", text);
        std::fs::set_permissions(world.path("dotfiles/cursor.json"), std::fs::Permissions::from_mode(0o640)).unwrap();
        std::fs::create_dir(world.path(".cursor")).unwrap();
        symlink("../dotfiles/cursor.json", world.path(".cursor/mcp.json")).unwrap();
        done(&world, &["wrap", "--yes", "--client", "cursor"]).await;
        for text in [read(&world, "dotfiles/cursor.json"), read(&world, ".cursor/mcp.json")] {
            assert!(text.contains("countersign") && text.contains("// mine"), "{text}");
        }
        let link = std::fs::symlink_metadata(world.path(".cursor/mcp.json")).unwrap();
        assert!(link.is_symlink(), "the link is still one");
        let mode = |name: &str| std::fs::metadata(world.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("dotfiles/cursor.json"), 0o640);
        assert_eq!((mode("countersign.toml"), mode(".local/share/countersign/changes.json")), (0o600, 0o600));
        assert_eq!(std::fs::read_dir(world.path("dotfiles")).unwrap().count(), 1, "nothing is left beside it");
        done(&world, &["undo"]).await;
        assert_eq!((read(&world, "dotfiles/cursor.json").as_str(), mode("dotfiles/cursor.json")), (text, 0o640));
    })
}

fn edited() -> Told {
    Box::pin(async {
        let world = world();
        let file = ".cursor/mcp.json";
        let server = "{ \"command\": \"sh\", \"args\": [\"-c\", \"cat\"], \"env\": { \"API_KEY\": \"k-3f1b77\" } }";
        put(&world, file, &format!("{{ \"mcpServers\": {{\n  \"a\": {server},\n  \"b\": {server}\n}} }}\n"));
        done(&world, &["wrap", "--yes"]).await;
        // Somebody adds a server, and changes one of those that we put there.
        let now =
            read(&world, file).replacen("\"b\": {", "\"c\": { \"command\": \"c\" }, \"b\": { \"disabled\": true,", 1);
        put(&world, file, &now);
        let (code, told) = run(&world, &["undo"]).await;
        assert_eq!(code, 1, "{told}");
        assert!(told.contains("b stays as it is: it was edited since"), "{told}");
        assert!(told.contains("\"disabled\": true") && !told.contains("k-3f1b77"), "both versions, no secret: {told}");
        let now = read(&world, file);
        assert!(now.contains(&format!("\"a\": {server}")) && now.contains("\"c\": { \"command\": \"c\" }"), "{now}");
        assert!(now.contains("\"disabled\": true"), "{now}");
        assert!(read(&world, ".local/share/countersign/changes.json").contains("k-3f1b77"), "nothing is lost");
        // Whoever puts it back by hand is done.
        let (start, _) = now.split_once("\"b\": {").unwrap();
        put(&world, file, &format!("{start}\"b\": {server}\n}} }}\n"));
        let told = done(&world, &["undo"]).await;
        assert!(told.contains("only our entries"), "{told}");
        assert!(!read(&world, "countersign.toml").contains("[servers.a]"), "no client is led to it any more");
        assert!(done(&world, &["undo"]).await.contains("Nothing of ours"));
    })
}

fn secrets() -> Told {
    Box::pin(async {
        let world = world();
        let file = ".config/Claude/claude_desktop_config.json";
        let text = r#"{ "mcpServers": { "gh": { "command": "sh", "args": ["-c", "printf %s \"$GITHUB_TOKEN\""], "env": { "GITHUB_TOKEN": "ghp_4f9d1c77aa", "N": "${x}" } } } }"#;
        put(&world, file, text);
        let stays = done(&world, &["wrap", "--dry-run"]).await;
        assert!(stays.contains("its secrets (1) stand in countersign.toml"), "{stays}");
        let moved = done(&world, &["wrap", "--yes", "--move-secrets"]).await;
        assert!(moved.contains("its secrets (1) get files of their own"), "{moved}");
        for told in [stays, moved, done(&world, &["undo", "--dry-run"]).await] {
            assert!(!told.contains("ghp_4f9d1c77aa"), "{told}");
        }
        let ours = read(&world, "countersign.toml");
        assert!(ours.contains("${file:secrets/gh.github_token}") && !ours.contains("ghp_"), "{ours}");
        assert!(ours.contains("$${x}"), "what Claude Desktop takes as it is stays as it is: {ours}");
        let secret = world.path("secrets/gh.github_token");
        assert_eq!(std::fs::read_to_string(&secret).unwrap(), "ghp_4f9d1c77aa");
        assert_eq!(std::fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
        let listing = done(&world, &["config", "show"]).await;
        assert!(listing.contains("servers.gh.env.GITHUB_TOKEN"), "{listing}");
        done(&world, &["undo"]).await;
        assert_eq!(read(&world, file), text);
        assert!(!secret.exists() && !world.path("secrets").exists());
    })
}

fn from_nothing() -> Told {
    // A04, as far as one machine goes.
    Box::pin(async {
        let world = world();
        std::fs::create_dir_all(world.path("work")).unwrap();
        let config = world.path("countersign.toml");
        std::fs::remove_file(&config).unwrap();
        let program = std::env::current_exe().unwrap();
        let settings = "{\n  \"model\": \"opus\"\n}\n";
        let servers = format!(
            "{{\"mcpServers\": {{\"shop\": {{\"command\": {program:?}, \"env\": {{\"STORY_SERVER\": \"1\"}}}}}}}}"
        );
        put(&world, ".claude.json", &servers);
        put(&world, ".claude/settings.json", settings);
        let start = async |arguments: &[&str]| {
            let output = at_home(&world, arguments).output().await.unwrap();
            let told = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
            (output.status.code().unwrap(), told)
        };
        let (code, told) = start(&["init"]).await;
        assert_eq!(code, 7, "{told}");
        assert!(told.contains("A configuration will be made") && told.contains("shop"), "{told}");
        assert!(!world.path(".config/countersign").exists(), "nothing was written");
        let (code, told) = start(&["wrap"]).await;
        assert!(code == 3 && told.contains("countersign init"), "{told}");

        let (code, told) = start(&["init", "--yes", "--hooks"]).await;
        assert_eq!(code, 0, "{told}");
        assert!(told.contains("Next: countersign check"), "{told}");
        let (code, checked) = start(&["check"]).await;
        assert_eq!(code, 0, "{checked}");
        assert!(checked.contains("roles reviewer"), "whoever did this may answer: {checked}");
        let entry: Value = serde_json::from_str(&read(&world, ".claude.json")).unwrap();
        let entry = &entry["mcpServers"]["shop"];
        assert_eq!(entry["args"][4], json!(world.path(".config/countersign/countersign.toml")));
        assert!(!tools(as_started(&world, entry)).await.as_array().unwrap().is_empty());
        let hooked: Value = serde_json::from_str(&read(&world, ".claude/settings.json")).unwrap();
        assert_eq!(hooked["model"], "opus");
        let command = hooked["hooks"]["UserPromptSubmit"][0]["hooks"][0]["command"].as_str().unwrap();
        assert!(command.ends_with(" hook claude-code") && world.path(".config/countersign/device.json").exists());

        let (code, told) = start(&["init", "--yes"]).await;
        assert!(code == 0 && told.contains("Nothing has to change."), "a second time changes nothing: {told}");
        let (code, told) = start(&["undo"]).await;
        assert_eq!(code, 0, "{told}");
        assert_eq!(
            (read(&world, ".claude.json").as_str(), read(&world, ".claude/settings.json").as_str()),
            (&*servers, settings)
        );
    })
}

fn imported() -> Told {
    Box::pin(async {
        let world = world();
        let text = "{\"mcpServers\": {\"Story\": {\"command\": \"sh\"}, \"a b\": {\"command\": \"sh\", \"args\": [\"${X}\"]}}}";
        put(&world, "work/team.json", text);
        let told = done(&world, &["import", "team.json"]).await;
        assert!(told.contains("it is [servers.story-2] there"), "another one has the name: {told}");
        assert!(told.contains("set MCP_A_B_ARG_1: Claude Code fills in ${X}"), "{told}");
        assert_eq!(read(&world, "work/team.json"), text);
        let ours = read(&world, "countersign.toml");
        assert!(ours.contains("[servers.story-2] # from Claude Code, user\ncommand = \"sh\""), "{ours}");
        let again = done(&world, &["import", "team.json", "--json"]).await;
        let again: Value = serde_json::from_str(&again).unwrap();
        assert_eq!(again["added"][0]["server"], "story-2", "{again}");
        assert_eq!(read(&world, "countersign.toml"), ours, "what is there is not added again");
    })
}

fn remote() -> Told {
    Box::pin(async {
        let mut world = world();
        world.serve().await;
        let before = direct().await;
        // The gateway that listens is the remote server here.
        let file: PathBuf = ".vscode/mcp.json".into();
        let text = format!(
            "{{\"servers\": {{\n  \"far\": {{\"type\": \"http\", \"url\": \"http://{}/mcp/story\", \"headers\": {{\"X-Key\": \"${{input:k}}\"}}}},\n  \"old\": {{\"type\": \"sse\", \"url\": \"https://example.com\"}}\n}}}}",
            world.address
        );
        let name = format!("work/{}", file.display());
        put(&world, &name, &text);
        put(&world, "other.toml", "[policy]\npaths = [\"rules\"]\n[store]\nurl = \"sqlite:other.db\"\n");
        let config = world.path("other.toml").display().to_string();
        let wrap = at_home(&world, &["wrap", "--yes", "--config", &config]).output().await.unwrap();
        let told = String::from_utf8(wrap.stdout).unwrap();
        assert!(told.contains("old of VS Code, project stays as it is"), "{told}");
        let now: Value = serde_json::from_str(&read(&world, &name)).unwrap();
        let far = &now["servers"]["far"];
        assert_eq!(
            (&far["type"], far["url"].is_null(), &far["env"]["MCP_FAR_X_KEY"]),
            (&json!("stdio"), true, &json!("${input:k}"))
        );
        assert_eq!(tools(as_started(&world, far)).await, before);
        let undo = at_home(&world, &["undo"]).output().await.unwrap();
        assert!(undo.status.success());
        assert_eq!(read(&world, &name), text);
    })
}

fn beside() -> Told {
    Box::pin(async {
        let world = world();
        let file = ".codex/config.toml";
        let text = "[mcp_servers.weak]\ncommand = \"sh\"\nenv = { API_TOKEN = \"changeme\" }\n\n[mcp_servers.login]\n\
                    url = \"https://ada:hush-hush@example.com/mcp\"\n\n[mcp_servers.good]\ncommand = \"sh\"\n\n\
                    [mcp_servers.line]\nenv.A = \"1\"\ncommand = \"sh\"\n";
        put(&world, file, text);
        put(&world, ".cursor/mcp.json", "{ \"mcpServers\": nonsense }");
        let told = done(&world, &["wrap", "--yes"]).await;
        assert!(told.contains("weak of Codex, user stays as it is") && told.contains("from a sample"), "{told}");
        assert!(told.contains("login of Codex, user stays as it is") && !told.contains("hush"), "{told}");
        assert!(told.contains("mcp.json was left alone, it cannot be read: line 1"), "{told}");
        let now: Value = toml_edit::de::from_str(&read(&world, file)).unwrap();
        let program = |name: &str| now["mcp_servers"][name]["command"].as_str().unwrap_or_default().to_owned();
        assert_eq!((program("weak"), program("good").starts_with('/')), ("sh".to_owned(), true), "{now}");
        assert!(program("line").starts_with('/') && now["mcp_servers"]["line"]["env"].is_null(), "{now}");
        assert!(!read(&world, "countersign.toml").contains("[servers.weak]"));
        let (code, told) = run(&world, &["wrap", "--client", "emacs"]).await;
        assert!(code == 2 && told.contains("claude-code, claude-desktop"), "{told}");
        // Only of one client, and a file that is gone is told of until it is forgotten.
        put(&world, ".cursor/mcp.json", "{ \"mcpServers\": { \"c\": { \"command\": \"sh\" } } }");
        done(&world, &["wrap", "--yes", "--client", "cursor", "--scope", "user", "--server", "c"]).await;
        done(&world, &["undo", "--client", "codex"]).await;
        assert_eq!(read(&world, file), text);
        assert!(read(&world, ".cursor/mcp.json").contains("countersign"));
        std::fs::remove_file(world.path(".cursor/mcp.json")).unwrap();
        let (code, told) = run(&world, &["undo"]).await;
        assert!(code == 1 && told.contains("mcp.json: it is gone"), "{told}");
        done(&world, &["undo", "--forget"]).await;
        assert!(done(&world, &["undo"]).await.contains("Nothing of ours"));
    })
}
