use super::super::Config;
use super::super::tests::around;
use super::*;

const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");

fn read(text: &str, variables: &[(&str, &str)]) -> Result<Telemetry, String> {
    Config::from_text(text, &around(variables)).map(|config| config.telemetry).map_err(|error| error.to_string())
}

#[test]
fn the_example_is_understood() {
    let said = read(include_str!("../../../examples/telemetry.toml"), &[]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(said.otlp.unwrap().as_str(), "http://localhost:4318/");
    assert_eq!((Some(said.sample), said.listen.unwrap().port()), (Share::parse("25%"), 4181));
    assert_eq!(said.attributes["k8s.cluster.name"], "eu-1");
}

#[test]
fn nothing_is_told_unless_somebody_says_so() {
    let said = read("", &[]).unwrap();
    assert!(said.otlp.is_none() && said.listen.is_none() && said.metrics_token.is_none());
    assert_eq!((said.service.as_str(), said.sample), ("countersign", Share::ALL));
}

#[test]
fn the_variables_everybody_knows_count_where_nothing_else_is_said() {
    let variables = [
        ENDPOINT,
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue,authorization=Bearer%20t%2C1"),
        ("OTEL_SERVICE_NAME", "gate"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=sec,site=north%20sea"),
    ];
    let said = read("", &variables).unwrap();
    assert_eq!(said.otlp.as_ref().unwrap().as_str(), "http://localhost:4318/");
    assert_eq!((said.service.as_str(), said.attributes["site"].as_str()), ("gate", "north sea"));
    assert_eq!(said.headers["authorization"].expose(), "Bearer t,1");
    let said = read("[telemetry]\notlp = \"off\"\nservice = \"mine\"\n", &variables).unwrap();
    assert!(said.otlp.is_none());
    assert_eq!((said.service.as_str(), said.attributes["team"].as_str()), ("mine", "sec"));
    let own = [ENDPOINT, ("COUNTERSIGN_TELEMETRY_OTLP", "https://otel.example.com/in")];
    assert_eq!(read("", &own).unwrap().otlp.unwrap().as_str(), "https://otel.example.com/in");
    // Where it stands is told; what it is, where it may be a secret, is not.
    let told = read("", &[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")]).unwrap_err();
    assert!(told.contains("OTEL_EXPORTER_OTLP_ENDPOINT") && told.contains("`off`"), "{told}");
    let told = read("", &[("OTEL_EXPORTER_OTLP_HEADERS", "a b=canary-7291")]).unwrap_err();
    assert!(told.contains("OTEL_EXPORTER_OTLP_HEADERS") && !told.contains("canary"), "{told}");
}

#[test]
fn what_would_be_read_by_strangers_is_refused() {
    // SSR-01, OPS-06
    let open = "whoever reaches 0.0.0.0:4181 could read which tools are called";
    for (text, told) in [
        ("otlp = \"http://otel.example.com:4318\"", "could be read on the way over plain http"),
        ("otlp = \"http://10.0.0.7:4318\"", "could be read on the way over plain http"),
        ("otlp = \"https://10.0.0.7:4318\"", "is a private address"),
        ("otlp = \"https://169.254.169.254\"", "metadata service"),
        ("otlp = \"https://u:p@otel.example.com\"", "is not an http or https address"),
        ("otlp = \"grpc://otel.example.com\"", "is not an http or https address"),
        ("listen = \"0.0.0.0:4181\"", open),
        ("metrics_token = \"short\"", "this token could be guessed"),
        ("sample = \"2\"", "is not a share of all traces"),
        ("sample = 0.5", "a text should stand here"),
        ("interval = \"soon\"", "is not a time with its unit"),
    ] {
        let error = read(&format!("[telemetry]\n{text}\n"), &[]).unwrap_err();
        assert!(error.contains(told), "{text}: {error}");
        assert!(!error.contains("short"), "{error}");
    }
    for text in [
        "otlp = \"https://10.0.0.7:4318\"\nallow_private = true",
        "otlp = \"http://127.0.0.1:4318\"",
        "otlp = \"https://otel.example.com/otlp\"",
        "listen = \"0.0.0.0:4181\"\nmetrics_token = \"3f1c5a07b2e94d6c\"",
    ] {
        read(&format!("[telemetry]\n{text}\n"), &[]).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}
