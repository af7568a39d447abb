//! Files, good and bad, and what is said about them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use super::*;

const WHOLE: &str = r#"
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
oauth = { scopes = ["repo"], client_id = "countersign", client_secret = "${MISSING:-p5J2m0Qx7Yv3Kd8f}" }
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

const TOKEN: &str = "tok-4f1c2a9e7b";

fn around(variables: &[(&str, &str)]) -> Surroundings {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Surroundings { variables, directory: PathBuf::from("/work"), reader: pretend }
}

fn pretend(path: &Path) -> io::Result<String> {
    match path.to_str() {
        Some("/work/secrets/github") => Ok("gh-77aa51c0d2\n".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::from_text(text, &around(&[("FILES_TOKEN", TOKEN)]))
}

fn complaint(text: &str) -> String {
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
    assert_eq!(config.policy.paths, [Path::new("/work/policies"), Path::new("/etc/policies")]);
    assert_eq!(config.store.url.to_string(), "postgres://db.example.com/book");
    assert_eq!((config.limits.body_bytes.count(), config.limits.depth), (8 << 20, 32));
    assert_eq!((config.log.level, config.log.format), (Level::Debug, Format::Json));
}

#[test]
fn an_empty_file_means_the_defaults() {
    let config = read("").unwrap();
    assert!(config.http.is_none());
    assert_eq!(config.store.url.to_string(), "sqlite:/work/countersign.db");
    assert_eq!(config.limits.body_bytes.count(), 4_194_304);
    assert_snapshot!(config.some_servers().unwrap_err(), @"");
    assert_snapshot!(config.listener().unwrap_err(), @"");
}

#[test]
fn everything_wrong_is_said_at_once() {
    assert_snapshot!(complaint(r#"
environmnet = "production"
[http]
listn = "127.0.0.1:4180"
listen = "localhost"
accept = ["keys", "tokns"]
[servers.files]
command = 3
timeout = "2 minutes"
trust = "trustd"
[servers.Bad_Name]
url = "https://example.com"
[limits]
depth = 0
body_bytes = 1.5
[log]
level = "loud"
"#), @"");
}

#[test]
fn each_bad_line_says_what_to_do() {
    let cases = [
        "[http\nlisten = 1",
        "environment = \"a\"\nenvironment = \"b\"",
        "servers = 3",
        "[servers.a]",
        "[servers.a]\ncommand = \"x\"\nurl = \"https://example.com\"",
        "[servers.a]\ncommand = \"x\"\noauth = {}",
        "[servers.a]\ncommand = \"x\"\nsha256 = \"abc\"",
        "[servers.a]\ncommand = \"x\"\nenv = { A = \"${NOT_SET}\" }",
        "[servers.a]\ncommand = \"x\"\nargs = [\"${file:/nowhere}\"]",
        "[servers.a]\ncommand = \"x\"\nargs = [\"${open\"]",
        "[servers.a__b]\ncommand = \"x\"",
        "[servers.a]\nurl = \"ftp://example.com\"",
        "[store]\nurl = \"mysql://localhost/x\"",
        "[http]\npublic_url = \"https://gw.example.com/path\"",
        "[http]\naccept = []",
        "[http]\naccept = [\"anyone\", \"keys\"]",
        "[[identity.issuers]]\nissuer = \"https://login.example.com\"",
    ];
    let all: Vec<String> = cases.iter().map(|case| complaint(case)).collect();
    assert_snapshot!(all.join("\n\n"), @"");
}

#[test]
fn what_cannot_work_together_is_refused() {
    let cases = [
        "[http]\nlisten = \"0.0.0.0:4180\"\naccept = [\"anyone\"]",
        "[http]\naccept = [\"tokens\"]",
        "[limits]\nbody_bytes = 10",
        "[servers.a]\nurl = \"https://example.com\"\noauth = {}\nheaders = { authorization = \"Bearer abcdef\" }",
        "[servers.a]\nurl = \"https://example.com\"\noauth = { client_secret = \"x7Yv3Kd8fLr1TzW\" }",
        "[store]\nurl = \"postgres://me:changeme@db.example.com/book\"",
        "[[identity.issuers]]\nissuer = \"http://login.example.com\"\naudience = \"x\"",
    ];
    let all: Vec<String> = cases.iter().map(|case| complaint(case)).collect();
    assert_snapshot!(all.join("\n\n"), @"");
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
fn no_complaint_and_no_listing_tells_a_secret() {
    let secret = "hunter-9f1";
    for text in [
        "[servers.a]\nurl = \"https://e.com\"\nheader = { Authorization = \"Bearer S\" }",
        "[servers.a]\nurl = \"https://e.com\"\nheaders = \"Bearer S\"",
        "[servers.a]\nurl = \"https://e.com\"\nheaders = { Authorization = \"Bearer S\", Host = \"x\" }",
        "[servers.a]\nurl = \"https://me:S@e.com\"",
        "[servers.a]\ncommand = \"x\"\nenv = { A = \"S\", B = 3 }",
        "[servers.a]\ncommand = \"x\"\nenv = [\"A=S\"]",
        "[servers.a]\ncommand = \"x\"\nenv = { A = \"S }",
        "[servers.a]\ncommand = \"x\"\nenv = { A = S }",
        "[servers]\na = \"S\"",
        "[store]\nurl = \"mysql://me:S@db/x\"",
        "[store]\nurl = \"postgres://me:${S\"",
        "token = \"S\"",
    ] {
        let error = complaint(&text.replace('S', secret));
        assert!(!error.contains(secret), "{error}");
        let error = Config::from_text(&text.replace('S', "${HIDDEN}"), &around(&[("HIDDEN", secret)])).err();
        assert!(!error.map(|error| error.to_string()).unwrap_or_default().contains(secret), "{text}");
    }
    let config = read(WHOLE).unwrap();
    let told = format!("{config:?}");
    for secret in [TOKEN, "gh-77aa51c0d2", "p5J2m0Qx7Yv3Kd8f"] {
        assert!(!told.contains(secret), "{told}");
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
    assert_eq!((config.limits.depth, config.environment.as_str()), (7, "staging"));
    let origin = |name: &str| config.source.settings.iter().find(|s| s.name == name).unwrap().origin.to_string();
    assert_eq!(origin("http.listen"), "flag http.listen");
    assert_eq!(origin("environment"), "environment COUNTERSIGN_ENVIRONMENT");
    assert_eq!(origin("log.level"), "default");
}

#[test]
fn a_misspelt_variable_is_a_fault_too() {
    let around = around(&[("COUNTERSIGN_HTTP_LISTN", "127.0.0.1:2"), ("COUNTERSIGN_LIMITS_DEPTH", "deep")]);
    assert_snapshot!(Config::from_text("", &around).unwrap_err(), @"");
}

#[test]
fn the_schema_knows_every_key_the_reader_knows() {
    let schema = schema::schema();
    let properties = |pointer: &str| -> Vec<String> {
        let found = schema.pointer(&format!("{pointer}/properties")).unwrap_or_else(|| panic!("no {pointer}"));
        found.as_object().unwrap().keys().cloned().collect()
    };
    let tables = BTreeMap::from([
        ("", ""),
        ("[http]\n", "/definitions/Http"),
        ("[identity]\n", "/definitions/Identity"),
        ("[[identity.issuers]]\nissuer = \"https://e.com\"\naudience = \"x\"\n", "/definitions/Issuer"),
        ("[identity]\nissuers = [{ issuer = \"https://e.com\", audience = \"x\" }]\nclaims.", "/definitions/Identity"),
        ("[policy]\n", "/definitions/Policy"),
        ("[store]\n", "/definitions/Store"),
        ("[limits]\n", "/definitions/Limits"),
        ("[log]\n", "/definitions/Log"),
        ("[servers.a]\ncommand = \"x\"\n", "/definitions/Server"),
        ("[servers.a]\nurl = \"https://e.com\"\n[servers.a.oauth]\n", "/definitions/Oauth"),
    ]);
    for (table, pointer) in tables {
        if table.ends_with("claims.") {
            continue;
        }
        let error = complaint(&format!("{table}zzzzzzzzzzzz = 1"));
        let (_, known) = error.split_once("known here: ").unwrap_or_else(|| panic!("{error}"));
        let mut known: Vec<String> = known.lines().next().unwrap().split(", ").map(str::to_owned).collect();
        let mut told = properties(pointer);
        known.sort();
        told.sort();
        assert_eq!(known, told, "{table}");
    }
}

#[test]
fn the_schema_tells_the_defaults_that_count() {
    let schema = schema::schema();
    let config = read("[http]\n").unwrap();
    let mut compared = 0;
    for setting in &config.source.settings {
        let Some((section, key)) = setting.name.split_once('.') else { continue };
        let definition = format!("{}{}", section[..1].to_uppercase(), &section[1..]);
        let pointer = format!("/definitions/{definition}/properties/{key}/default");
        if let Some(default) = schema.pointer(&pointer) {
            assert_eq!(&setting.value, default, "{}", setting.name);
            compared += 1;
        }
    }
    assert!(compared >= 14, "{compared}");
}

#[test]
fn the_schema_accepts_what_the_reader_accepts() {
    let validator = jsonschema::validator_for(&schema::schema()).unwrap();
    let as_json = |text: &str| -> serde_json::Value { toml_edit::de::from_str(text).unwrap() };
    let errors: Vec<String> = validator.iter_errors(&as_json(WHOLE)).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert!(validator.is_valid(&as_json("")));
    for wrong in [
        "environmnet = \"x\"",
        "[servers.a]\ntimeout = \"1s\"",
        "[servers.a]\ncommand = \"x\"\nurl = \"https://e.com\"",
        "[servers.a]\ncommand = \"x\"\ntrust = \"maybe\"",
        "[log]\nlevel = \"loud\"",
        "[limits]\ndepth = \"x\"",
    ] {
        assert!(!validator.is_valid(&as_json(wrong)), "{wrong}");
    }
}
