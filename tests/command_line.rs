//! Stories told through the real program.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

#[path = "command_line/facts.rs"]
mod facts;
#[path = "command_line/onboard.rs"]
mod onboard;
#[path = "command_line/watching.rs"]
mod watching;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use insta::assert_snapshot;

const GOOD: &str = r#"
environment = "production"

[servers.files]
command = "sh"
args = ["-c", "cat"]
env = { TOKEN = "${STORY_TOKEN}" }

[http]
accept = ["keys"]
"#;

struct Place(tempfile::TempDir);

impl Place {
    fn with(config: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::write(place.path().join("countersign.toml"), config).unwrap();
        place
    }

    fn and_a_policy(self) -> Self {
        std::fs::create_dir(self.path().join("policies")).unwrap();
        std::fs::write(
            self.path().join("policies/start.rego"),
            "package countersign.start\n\nallow contains {\"id\": \"all\", \"reason\": \"fine\"}\n",
        )
        .unwrap();
        self
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("STORY_TOKEN", "tok-81c2f0")
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn help_groups_the_commands_and_ends_with_examples() {
    let help = Place::with("").run(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let text = said(&help);
    assert!(text.contains("\nSet up:\n") && text.contains("\n  check "), "{text}");
    assert!(text.trim_end().ends_with("countersign config show --origin"), "{text}");
    let check = said(&Place::with("").run(&["check", "--help"]));
    assert_eq!(check.matches("\n  countersign ").count(), 2, "{check}");
}

#[test]
fn bad_usage_ends_with_two() {
    let place = Place::with("");
    for arguments in [&["chekc"][..], &["check", "--jsn"], &[], &["config"], &["--set", "nothing", "check"]] {
        let output = place.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said(&output).is_empty(), "{arguments:?}");
    }
}

#[test]
fn an_unknown_key_is_an_error_with_its_place_and_what_was_meant() {
    let place = Place::with("[http]\nlistn = \"127.0.0.1:4180\"\n");
    let output = place.run(&["config", "show"]);
    assert_eq!(output.status.code(), Some(1));
    assert_snapshot!(complained(&output), @r#"
    error: the configuration has one fault:

    countersign.toml:2:1: unknown key `listn` in [http]
     2 | listn = "…"
       | ^^^^^
       = did you mean `listen`?
    "#);
}

#[test]
fn a_good_configuration_passes_the_check() {
    let place = Place::with(GOOD).and_a_policy();
    let output = place.run(&["check"]);
    let text = said(&output).replace(place.path().canonicalize().unwrap().to_str().unwrap(), "PLACE");
    assert_eq!(output.status.code(), Some(0), "{text}");
    let program = text.lines().find(|line| line.contains("server files")).unwrap();
    assert!(program.starts_with("ok") && program.ends_with("/sh; not started"), "{program}");
    let others: Vec<&str> = text.lines().filter(|line| !line.contains("server files")).collect();
    assert_snapshot!(others.join("\n"), @r"
    ok    configuration: PLACE/countersign.toml, 46 settings
    ok    http: 127.0.0.1:4180, keys
    ok    policy: 1 packages compiled, with 1 effects
    ok    store: sqlite:PLACE/countersign.db
    ");
}

#[test]
fn the_check_says_what_a_provider_must_know() {
    let acme = "[review.providers.acme]\nname = \"Acme\"\nissuer = \"https://login.example.com\"\nclient_id = \"c\"\n";
    let place = Place::with(&format!("{GOOD}{acme}")).and_a_policy();
    let text = said(&place.run(&["check"]));
    let line = text.lines().find(|line| line.contains("sign-in"));
    let expected = "ok    sign-in: Acme, not contacted; its redirect address is http://127.0.0.1:4180/sign-in/callback";
    assert_eq!(line, Some(expected), "{text}");
}

#[test]
fn the_check_and_the_listing_say_where_tokens_are_kept() {
    let servers = "[servers.a]\nurl = \"https://a.example.com\"\noauth = {}\n\
                   [servers.b]\nurl = \"https://b.example.com\"\noauth = {}\n[store]\n";
    let told = |more: &str| {
        let place = Place::with(&format!("{servers}{more}")).and_a_policy();
        std::fs::write(place.path().join("file"), "").unwrap();
        let text = said(&place.run(&["check"])) + &said(&place.run(&["config", "show", "--origin"]));
        let text = text.replace(place.path().canonicalize().unwrap().to_str().unwrap(), "PLACE");
        let lines = text.lines().filter(|line| line.contains("tokens") || line.contains("server a"));
        // How wide the table is depends on where the test runs.
        lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(told(""), @r#"
    ok server a: at a.example.com, signed in to by OAuth; not contacted
    ok tokens: kept in PLACE/countersign-tokens: a.json, b.json
    store.tokens = "countersign-tokens" default
    "#);
    assert_snapshot!(told("tokens = \"file/kept\""), @r#"
    ok server a: at a.example.com, signed in to by OAuth; not contacted
    warn tokens: PLACE/file/kept cannot be made or written: people sign in again after each restart
    let this user write there, or name another folder in `store.tokens`
    store.tokens = "file/kept" countersign.toml:8
    "#);
    assert_snapshot!(told("url = \"sqlite::memory:\""), @r"
    ok server a: at a.example.com, signed in to by OAuth; not contacted
    warn tokens: they are in memory: people sign in again after each restart
    name a folder in `store.tokens` to keep them
    ");
}

#[test]
fn the_check_and_the_listing_say_who_may_be_asked() {
    let people = "[people.ada]\naccounts = [\"os:ada\", \"key:laptop\"]\ngroups = [\"dba\"]\nroles = [\"reviewer\"]\n[people.bob]\n";
    let place = Place::with(&format!("{GOOD}{people}")).and_a_policy();
    let text = said(&place.run(&["check"]));
    assert!(text.contains("ok    people: ada, bob, by 3 accounts; groups dba; roles reviewer\n"), "{text}");
    let listing = said(&place.run(&["config", "show"]));
    for line in ["people.ada.accounts = [\"os:ada\",\"key:laptop\"]", "people.bob.accounts = [\"os:bob\"]"] {
        assert!(listing.contains(line), "{listing}");
    }
    // APR-19
    let hold = "package countersign.ask\n\nhold contains {\"id\": \"h\", \"reason\": \"r\", \"reviewers\": [\"role:chief\"]}\n";
    std::fs::write(place.path().join("policies/ask.rego"), hold).unwrap();
    let output = place.run(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("ask.rego:3:57  unknown-reviewer  `role:chief` names nobody"), "{}", said(&output));
}

#[test]
fn the_check_names_everything_that_would_not_work() {
    let place = Place::with(
        "[servers.a]\ncommand = \"no-such-program\"\n[servers.b]\ncommand = \"sh\"\ncwd = \"nowhere\"\n\
         [store]\nurl = \"sqlite:missing/book.db\"\n",
    );
    let output = place.run(&["check", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["version"], &report["result"]), (&1.into(), &"fail".into()));
    let failed = report["findings"].as_array().unwrap().iter().filter(|finding| finding["mark"] == "fail");
    let about: Vec<&str> = failed.clone().map(|finding| finding["about"].as_str().unwrap()).collect();
    assert_eq!(about, ["server a", "server b", "policy", "store"]);
    assert!(failed.filter(|finding| finding["about"] != "policy").all(|finding| finding["next"].is_string()));
}

#[test]
fn a_faulty_configuration_fails_the_check_and_a_missing_one_is_named() {
    let place = Place::with("servers = 3\n");
    let faulty = place.run(&["check"]);
    assert_eq!(faulty.status.code(), Some(1));
    assert_snapshot!(said(&faulty), @r"
    fail  configuration: the configuration has one fault:

    countersign.toml:1:11: a table of tables should stand here, not a whole number
     1 | servers = 3
       |           ^
       = write a table of tables
    ");
    let missing = place.run(&["--config", "elsewhere.toml", "config", "show"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(complained(&missing).contains("elsewhere.toml"), "{}", complained(&missing));
}

#[test]
fn every_setting_tells_where_it_is_from_and_no_secret_is_shown() {
    let place = Place::with(GOOD);
    let variables = [("COUNTERSIGN_STORE_DURABILITY", "power")];
    let output = place.run_with(&["config", "show", "--origin", "--set", "log.level=debug"], &variables);
    let text = said(&output).replace(place.path().canonicalize().unwrap().to_str().unwrap(), "PLACE");
    assert!(!text.contains("tok-81c2f0"), "{text}");
    let (text, watching) = text.split_once("telemetry.").unwrap();
    assert_eq!(watching.matches("telemetry.").count(), 5, "{watching}");
    assert_snapshot!(text, @r#"
    SETTING                                     FROM
    environment = "production"                  countersign.toml:2
    zone = ""                                   default
    http.listen = "127.0.0.1:4180"              default
    http.public_url = "http://127.0.0.1:4180/"  default
    http.allowed_hosts = []                     default
    http.allowed_origins = []                   default
    http.accept = ["keys"]                      countersign.toml:10
    http.minimum_protocol = "2024-11-05"        default
    review.idle = "1h"                          default
    review.longest = "12h"                      default
    review.owner = true                         default
    servers.files.command = "sh"                countersign.toml:5
    servers.files.args = ["-c","cat"]           countersign.toml:6
    servers.files.env.TOKEN = "•••"             countersign.toml:7, through STORY_TOKEN
    servers.files.trust = "claims"              default
    servers.files.timeout = "120s"              default
    servers.files.pins = "first_sight"          default
    servers.files.arguments = "checked"         default
    servers.files.rationale = true              default
    leases.check = "5s"                         default
    policy.paths = ["policies"]                 default
    catalogue.files = []                        default
    store.url = "sqlite:countersign.db"         default
    store.durability = "power"                  environment COUNTERSIGN_STORE_DURABILITY
    store.tokens = "countersign-tokens"         default
    store.keys = "countersign-keys"             default
    intent.prompts = "text"                     default
    intent.keep = "7d"                          default
    intent.folder = "countersign-reports"       default
    retention.archive = "countersign-archive"   default
    limits.body_bytes = 4194304                 default
    limits.argument_bytes = 1048576             default
    limits.depth = 64                           default
    limits.streams_per_principal = 64           default
    limits.sessions_per_principal = 256         default
    limits.approval_wait = "45s"                default
    limits.waiting_per_caller = 20              default
    limits.waiting = 10000                      default
    log.level = "debug"                         flag log.level
    log.format = "text"                         default
    "#);
    let json = place.run(&["config", "show", "--json"]);
    let listing: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let settings = listing["settings"].as_array().unwrap();
    let token = settings.iter().find(|setting| setting["name"] == "servers.files.env.TOKEN").unwrap();
    assert_eq!((&token["value"], &token["references"][0]), (&"•••".into(), &"STORY_TOKEN".into()));
}

#[test]
fn the_file_is_the_flags_then_the_variables_then_the_first_that_exists() {
    let place = Place::with("environment = \"here\"\n");
    let home = Place::with("");
    std::fs::create_dir_all(home.path().join(".config/countersign")).unwrap();
    std::fs::write(home.path().join(".config/countersign/countersign.toml"), "environment = \"home\"\n").unwrap();
    for name in ["flag", "variable"] {
        std::fs::write(place.path().join(format!("{name}.toml")), format!("environment = \"{name}\"\n")).unwrap();
    }
    let environment = |arguments: &[&str], variables: &[(&str, &str)]| {
        let output = place.run_with(&[arguments, &["config", "show"]].concat(), variables);
        said(&output).lines().find(|line| line.starts_with("environment")).unwrap().to_owned()
    };
    let variable = ("COUNTERSIGN_CONFIG", "variable.toml");
    let user = ("HOME", home.path().to_str().unwrap());
    assert_eq!(environment(&["--config", "flag.toml"], &[variable, user]), "environment = \"flag\"");
    assert_eq!(environment(&[], &[variable, user]), "environment = \"variable\"");
    assert_eq!(environment(&[], &[user]), "environment = \"here\"");
    std::fs::remove_file(place.path().join("countersign.toml")).unwrap();
    assert_eq!(environment(&[], &[user]), "environment = \"home\"");
}

#[test]
fn the_schema_is_printed() {
    let output = Place::with("this is not even TOML").run(&["config", "schema"]);
    assert_eq!(output.status.code(), Some(0));
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(schema["title"], "countersign.toml");
}

#[test]
fn a_file_cannot_speak_to_the_terminal() {
    // REN-11
    let place = Place::with("environment = \"\\u001b[2J\"\n\"\\u001b]0;x\\u0007\" = 1\n");
    let output = place.run(&["config", "show"]);
    assert!(!complained(&output).contains('\u{1b}'));
    let place = Place::with("environment = \"\\u001b[2J\\u202e\"\n");
    let text = said(&place.run(&["config", "show"]));
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
}

#[test]
fn colours_come_only_when_they_are_wanted() {
    let place = Place::with(GOOD).and_a_policy();
    let coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        said(&place.run_with(&[&["check"], arguments].concat(), variables)).contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]));
    assert!(coloured(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(coloured(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(!coloured(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["config", "schema"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(complained(&output), "");
}
