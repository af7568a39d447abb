//! Files, good and bad, and what is said about them.

mod secrets;

use std::io;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use super::*;

pub(super) const WHOLE: &str = r#"
environment = "production"

[http]
listen = "127.0.0.1:4180"
public_url = "https://gw.example.com"
allowed_hosts = ["GW.example.com"]
allowed_origins = ["https://app.example.com"]
accept = ["keys", "tokens"]
minimum_protocol = "2025-06-18"

[[identity.issuers]]
issuer = "https://login.example.com"
jwks_uri = "https://login.example.com/keys"
claims = { principal = "oid", agent = "client_id" }
clock_skew = "5s"

[people.ada]
accounts = ["os:ada", "https://login.example.com#4711"]
groups = ["dba"]

reach = ["slack:U0123456789", "mail:ada@example.com"]
quiet = { zone = "Europe/Berlin", from = "22:00", to = "07:00", unless = "critical" }
away = { from = "2026-12-20T00:00:00+01:00", to = "2027-01-03T00:00:00+01:00", delegate = "bob" }

[people.bob]
roles = ["reviewer"]

[[routes]]
servers = ["files", "git*"]
tools = ["write_*"]
environments = ["production"]
rules = ["sql/*"]
risk_from = "medium"
risk_to = "high"
asked = ["group:dba", "user"]
events = ["requested", "escalated"]
during = "office"
to = ["slack", "slack:C1", "on_call:dba", "person:ada", "asked"]
last = true

[hours.office]
zone = "Europe/Berlin"
days = ["monday", "friday"]
from = "09:00"
to = "17:00"

[on_call.dba]
people = ["ada", "bob"]
start = "2026-11-02T09:00:00+01:00"
shift = "12h"
fallback = ["bob"]

[on_call.sec]
url = "https://pager.example.com/now"
bearer = "${FILES_TOKEN}"

[channels.slack]
kind = "slack"
channel = "C0123456789"
bot_token = "xoxb-${FILES_TOKEN}"
app_token = "xapp-${FILES_TOKEN}"

[channels.mail]
kind = "mail"
server = "smtp.example.com"
user = "countersign"
password = "${FILES_TOKEN}"
from = "countersign@example.com"

[channels.ops]
kind = "webhook"
url = "https://example.com/mail?token=${FILES_TOKEN}"
headers = { Authorization = "Bearer ${FILES_TOKEN}" }
keys = ["whsec_${MISSING:-0bsYYrFyZPzqLVLJKRZkXjGKdEw9ZFbLb6cLzMPcrdY=}"]
events = ["requested", "approved"]

[servers.files]
command = "npx"
args = ["-y", "@modelcontextprotocol/server-filesystem", "/srv/work"]
env = { TOKEN = "${FILES_TOKEN}", LEVEL = "$${plain}" }
cwd = "work"
sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
trust = "trusted"
labels = { zone = "eu" }
timeout = "5m"
pins = "agreed"

[servers.github]
url = "https://example.com/mcp"
headers = { X-Api-Key = "Bearer ${file:secrets/github}" }
oauth = { scopes = ["repo"], client_id = "countersign", client_secret = "${MISSING:-p5J2m0Qx7Yv3Kd8f}", issuer = "https://login.example.com/t" }
tls_sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

[policy]
paths = ["policies", "/etc/policies"]

[store]
url = "postgres://me:${FILES_TOKEN}@db.example.com/book"
durability = "power"

[limits]
body_bytes = "8MiB"
argument_bytes = 2097152
depth = 32
streams_per_principal = 8
sessions_per_principal = 16

[log]
level = "debug"
format = "json"
"#;

pub(super) const TOKEN: &str = "tok-4f1c2a9e7b";

pub(super) fn around(variables: &[(&str, &str)]) -> Surroundings {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Surroundings { variables, directory: PathBuf::from("/work"), reader: pretend }
}

fn pretend(path: &Path) -> io::Result<String> {
    match path.to_str() {
        Some("/work/secrets/github") => Ok("gh-77aa51c0d2\n".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}

pub(super) fn read(text: &str) -> Result<Config, ConfigError> {
    Config::from_text(text, &around(&[("FILES_TOKEN", TOKEN)]))
}

pub(super) fn complaint(text: &str) -> String {
    read(text).expect_err("this text is wrong").to_string()
}

#[test]
fn a_whole_file_is_understood() {
    let config = read(WHOLE).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.environment, "production");
    let http = config.listener().unwrap();
    assert_eq!(http.allowed_hosts, ["gw.example.com"]);
    assert!(http.accept.keys() && http.accept.tokens());
    assert_eq!(http.minimum_protocol, Revision::Of20250618);
    let issuer = &config.identity.issuers[0];
    assert_eq!((issuer.audience.as_str(), issuer.claims.principal.as_str()), ("https://gw.example.com", "oid"));
    assert_eq!(issuer.claims.user, "email");
    assert_eq!(config.policy.paths, [Path::new("/work/policies"), Path::new("/etc/policies")]);
    assert_eq!(config.store.url.to_string(), "postgres://db.example.com/book");
    assert_eq!((config.limits.body_bytes.count(), config.limits.depth), (8 << 20, 32));
    assert_eq!((config.log.level, config.log.format), (Level::Debug, Format::Json));
}

#[test]
fn servers_are_understood_and_their_references_followed() {
    let config = read(WHOLE).unwrap();
    let files = &config.servers["files"];
    assert_eq!(
        (files.trust, files.pins, files.timeout.to_string()),
        (Trust::Trusted, PinRule::Agreed, "5m".to_owned())
    );
    let Reach::Program(program) = &files.reach else { panic!("a program") };
    assert_eq!(program.env["TOKEN"].expose(), TOKEN);
    assert_eq!(program.env["LEVEL"].expose(), "${plain}");
    assert_eq!(program.cwd, Path::new("/work/work"));
    let Reach::Remote(remote) = &config.servers["github"].reach else { panic!("a remote server") };
    assert_eq!(remote.headers["X-Api-Key"].expose(), "Bearer gh-77aa51c0d2");
    let oauth = remote.oauth.as_ref().unwrap();
    assert_eq!(oauth.client_secret.as_ref().unwrap().expose(), "p5J2m0Qx7Yv3Kd8f");
    assert_eq!(oauth.issuer.as_ref().unwrap().as_str(), "https://login.example.com/t");
}

#[test]
fn an_empty_file_means_the_defaults() {
    let config = read("").unwrap();
    assert!(config.http.is_none());
    assert_eq!(config.store.url.to_string(), "sqlite:/work/countersign.db");
    assert_eq!(config.limits.body_bytes.count(), 4_194_304);
    assert_snapshot!(config.some_servers().unwrap_err(), @"no server is configured; add [servers.NAME] with `command` or `url` to countersign.toml (no such file yet; looked for )");
    assert_snapshot!(config.listener().unwrap_err(), @"no listener is configured; add [http] to countersign.toml (no such file yet; looked for )");
}

#[test]
fn tokens_stand_beside_the_record() {
    let github = ServerName::parse("github").unwrap();
    for (text, place) in [
        ("", Some("/work/countersign-tokens/github.json")),
        ("[store]\nurl = \"sqlite:data/book.db\"", Some("/work/data/book-tokens/github.json")),
        ("[store]\nurl = \"postgres://db.example.com/book\"", Some("/work/countersign-tokens/github.json")),
        ("[store]\nurl = \"sqlite::memory:\"", None),
        ("[store]\nurl = \"sqlite::memory:\"\ntokens = \"kept\"", Some("/work/kept/github.json")),
        ("[store]\ntokens = \"/var/lib/tokens\"", Some("/var/lib/tokens/github.json")),
    ] {
        let config = read(text).unwrap();
        assert_eq!(config.store.tokens_of(&github).as_deref(), place.map(Path::new), "{text}");
        let shown = config.source.settings.iter().find(|setting| setting.name == "store.tokens");
        assert_eq!(shown.is_some(), place.is_some(), "{text}");
    }
}

#[test]
fn no_server_is_reached_where_none_should_be() {
    // SSR-01, SSR-02
    let url = |url: &str, more: &str| read(&format!("[servers.a]\nurl = \"{url}\"\n{more}"));
    let private = "allow_private = true";
    for fine in ["https://example.com/mcp", "http://127.0.0.1:3000/mcp", "http://localhost:3000", "https://8.8.8.8"] {
        assert!(url(fine, "").is_ok(), "{fine}");
    }
    for inside in
        ["http://10.0.0.1", "https://192.168.1.1/mcp", "http://example.com", "https://[fc00::1]", "https://100.64.0.1"]
    {
        assert!(url(inside, "").is_err(), "{inside}");
        assert!(url(inside, private).is_ok(), "{inside}");
    }
    for never in [
        "http://169.254.169.254/latest",
        "http://2852039166/",
        "http://0xa9fea9fe",
        "http://0251.0376.0251.0376",
        "http://[::ffff:169.254.169.254]",
        "http://[fd00:ec2::254]",
        "http://metadata.google.internal",
        "http://metadata.google.internal.",
    ] {
        let error = url(never, private).unwrap_err().to_string();
        assert!(error.contains("metadata service"), "{never}: {error}");
    }
    for never in ["http://169.254.1.1", "http://[fe80::1]", "http://0.0.0.0:3000", "https://224.0.0.1", "http://[::]"] {
        let error = url(never, private).unwrap_err().to_string();
        assert!(error.contains("never connected"), "{never}: {error}");
    }
}

#[test]
fn credentials_are_sent_to_no_issuer_inside_and_never_in_the_clear() {
    // SSR-07
    let issuer = |url: &str, issuer: &str, more: &str| {
        read(&format!("[servers.a]\nurl = \"{url}\"\noauth = {{ issuer = \"{issuer}\" }}\n{more}")).is_ok()
    };
    let (outside, local, private) = ("https://example.com", "http://127.0.0.1:3000", "allow_private = true");
    for (url, named, plain, allowed) in [
        (outside, "https://login.example.com/tenant", true, true),
        (outside, "http://login.example.com", false, false),
        (outside, "https://10.0.0.1", false, true),
        (outside, "http://10.0.0.1", false, false),
        (outside, "https://169.254.169.254", false, false),
        (outside, "https://metadata.google.internal", false, false),
        (outside, "http://127.0.0.1:9000", false, true),
        (local, "http://localhost:9000", true, true),
        (local, "https://login.example.com", true, true),
        (local, "http://login.example.com", false, false),
    ] {
        assert_eq!(issuer(url, named, ""), plain, "{url}: {named}");
        assert_eq!(issuer(url, named, private), allowed, "{url}: {named}, {private}");
    }
    for wrong in ["login.example.com", "", "ftp://e.com", "https://me@e.com", "https://e.com?x", "https://e.com/#x"] {
        assert!(!issuer(outside, wrong, private), "{wrong}");
    }
}

#[test]
fn samples_are_no_secrets() {
    // IDN-15
    for text in [
        "[servers.a]\nurl = \"https://example.com\"\nheaders = { Authorization = \"Bearer changeme\" }",
        "[servers.a]\nurl = \"https://example.com\"\nheaders = { X-Key = \"<your key>\" }",
        "[servers.a]\nurl = \"https://example.com\"\noauth = { client_id = \"x\", client_secret = \"secret\" }",
        "[servers.a]\ncommand = \"x\"\nenv = { API_TOKEN = \"${SAMPLE:-your-token-here}\" }",
    ] {
        assert!(complaint(text).contains("everybody knows"), "{text}");
    }
    assert!(read("[servers.a]\ncommand = \"x\"\nenv = { MODE = \"test\" }").is_ok());
}

#[test]
fn names_of_servers_hold_no_separator() {
    // TOO-06
    for name in ["a", "files", "a-b-2", "abcdefghijklmnopqrstuvwx"] {
        assert!(ServerName::parse(name).is_some(), "{name}");
    }
    for name in ["", "A", "1a", "-a", "a_b", "a__b", "a.b", "a b", "abcdefghijklmnopqrstuvwxy", "\u{430}"] {
        assert!(ServerName::parse(name).is_none(), "{name}");
    }
}

#[test]
fn environment_stands_over_the_file_and_flags_over_both() {
    let variables = [
        ("COUNTERSIGN_HTTP_LISTEN", "127.0.0.1:2"),
        ("COUNTERSIGN_HTTP_ACCEPT", "anyone"),
        ("COUNTERSIGN_STORE_URL", "sqlite:other.db"),
        ("COUNTERSIGN_LIMITS_DEPTH", "7"),
        ("COUNTERSIGN_ENVIRONMENT", "staging"),
        ("COUNTERSIGN_ZONE", "eu"),
        ("COUNTERSIGN_HTTP_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("COUNTERSIGN_HTTP_SERVICE_HOST", "10.0.0.1"),
    ];
    let flags = vec![("http.listen".to_owned(), "127.0.0.1:3".to_owned())];
    let request = Request { file: Some(PathBuf::from("conf/countersign.toml")), flags };
    let mut around = around(&variables);
    around.reader = |_| Ok("environment = \"file\"\n[http]\nlisten = \"127.0.0.1:1\"\n".to_owned());
    let config = Config::load(&request, &around).unwrap();
    assert_eq!(config.listener().unwrap().listen.port(), 3);
    assert_eq!(config.listener().unwrap().accept, Accept::Anyone);
    // What was said in the shell is relative to the shell, what stands in the file to the file.
    assert_eq!(config.store.url.to_string(), "sqlite:/work/other.db");
    assert_eq!(config.policy.paths, [Path::new("/work/conf/policies")]);
    assert_eq!((config.limits.depth, config.environment.as_str(), config.zone.as_str()), (7, "staging", "eu"));
    let origin = |name: &str| config.source.settings.iter().find(|s| s.name == name).unwrap().origin.to_string();
    assert_eq!(origin("http.listen"), "flag http.listen");
    assert_eq!(origin("environment"), "environment COUNTERSIGN_ENVIRONMENT");
    assert_eq!(origin("log.level"), "default");
}

#[test]
fn the_record_can_be_read_without_the_secrets_of_the_servers() {
    let mut around = around(&[("COUNTERSIGN_STORE_URL", "sqlite:book.db")]);
    around.reader = |_| Ok("[servers.a]\ncommand = \"x\"\nenv = { A = \"${NOT_SET}\" }\n".to_owned());
    let request = Request { file: Some(PathBuf::from("countersign.toml")), ..Request::default() };
    assert!(Config::load(&request, &around).is_err());
    assert_eq!(Store::load(&request, &around).unwrap().url.to_string(), "sqlite:/work/book.db");
    assert_eq!(Policy::load(&request, &around).unwrap().paths, [Path::new("/work/policies")]);
    around.reader = |_| Ok("[store]\nulr = \"sqlite:x\"\n".to_owned());
    assert!(Store::load(&request, &around).is_err());
}

#[test]
fn the_example_is_understood() {
    let example = include_str!("../../examples/countersign.toml");
    let mut around = around(&[("GITHUB_TOKEN", TOKEN)]);
    around.directory = PathBuf::from("/work");
    let config = Config::from_text(example, &around).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.servers.len(), 2);
}

#[test]
fn the_example_of_routes_is_understood() {
    let config = read(include_str!("../../examples/routing.toml")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((config.routes.len(), config.hours.len(), config.on_call.len()), (4, 1, 2));
    assert!(config.people["ada"].quiet.is_some() && config.people["bob"].away.is_some());
}

#[test]
fn the_examples_of_channels_are_understood() {
    let examples = [
        include_str!("../../examples/slack/countersign.toml"),
        include_str!("../../examples/channels/discord.toml"),
        include_str!("../../examples/channels/jira.toml"),
        include_str!("../../examples/channels/mail.toml"),
        include_str!("../../examples/channels/ntfy.toml"),
        include_str!("../../examples/channels/pagerduty.toml"),
        include_str!("../../examples/channels/servicenow.toml"),
        include_str!("../../examples/channels/telegram.toml"),
    ];
    let variables = [
        ("SLACK_BOT_TOKEN", "xoxb-5410-9d2f7c"),
        ("SLACK_APP_TOKEN", "xapp-1-A02-9d2f7c"),
        ("DISCORD_WEBHOOK_URL", "https://discord.com/api/webhooks/1/x"),
        ("SMTP_PASSWORD", "kT9-q2Lw"),
        ("NTFY_TOKEN", "tk_9d2f7c"),
        ("NTFY_TOPIC", "approvals-9d2f7c"),
        ("PAGERDUTY_ROUTING_KEY", "9d2f7c51"),
        ("JIRA_BASIC", "bWU6OWQyZjdj"),
        ("SERVICENOW_BASIC", "bWU6OWQyZjdj"),
        ("TELEGRAM_BOT_TOKEN", "123:9d2f7c"),
        ("TELEGRAM_CHAT_ID", "-100123"),
    ];
    for example in examples {
        let config = Config::from_text(example, &around(&variables)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(config.channels.len(), 1, "{example}");
    }
}

#[test]
fn one_table_alone_says_what_is_wrong_with_it() {
    let level = |text| reading::alone(text, Log::read).map(|log| log.level);
    assert_eq!(level("level = \"debug\"\n"), Ok(Level::Debug));
    assert!(level("level = \"loud\"\n").unwrap_err().contains("is no `level`"));
}
