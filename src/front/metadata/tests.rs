use std::sync::Arc;

use super::*;
use crate::identity::{Accept, ClaimNames, IssuerOptions, MemoryBook, Options, Reach};

fn metadata(accept: Accept, scopes: &[&str]) -> Option<Metadata> {
    let issuer = IssuerOptions {
        issuer: "https://login.example.com".into(),
        audience: "https://gw.example.com".into(),
        jwks_uri: None,
        reach: Reach::Public,
        claims: ClaimNames::default(),
        clock_skew: std::time::Duration::from_mins(1),
    };
    let options = Options {
        accept,
        issuers: vec![issuer],
        public_url: "https://gw.example.com".parse().unwrap(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
    };
    let identity = Identity::new(options, Arc::new(MemoryBook::default())).unwrap();
    Metadata::new(&identity, ["files".to_owned()])
}

#[test]
fn each_path_names_the_resource_it_was_made_from() {
    let metadata = metadata(Accept::KeysAndTokens, &[]).unwrap();
    let cases = [
        ("", Some("https://gw.example.com")),
        ("/mcp", Some("https://gw.example.com/mcp")),
        ("/mcp/files", Some("https://gw.example.com/mcp/files")),
        ("/mcp/mail", None),
        ("/mcp/", None),
        ("/mcp/files/x", None),
        ("/mcpx", None),
        ("/", None),
        ("x", None),
    ];
    for (path, resource) in cases {
        let document = metadata.document(&format!("{ROOT}{path}"));
        assert_eq!(document.as_ref().and_then(|document| document.str("resource")), resource, "{path}");
    }
    assert!(metadata.document("/mcp").is_none());
}

#[test]
fn the_document_says_who_signs_in_and_how() {
    let metadata = metadata(Accept::Tokens, &["mcp:call"]).unwrap();
    let reply = reply(&metadata.document(ROOT).unwrap());
    assert_eq!(
        reply.body(),
        "{\"resource\":\"https://gw.example.com\",\"authorization_servers\":[\"https://login.example.com\"],\
         \"bearer_methods_supported\":[\"header\"],\"resource_name\":\"Countersign\",\"scopes_supported\":[\"mcp:call\"]}"
    );
    assert_eq!(reply.headers()["content-type"], "application/json");
}

#[test]
fn a_listener_that_takes_no_tokens_says_nothing() {
    assert!(metadata(Accept::Keys, &[]).is_none());
    assert!(metadata(Accept::Anyone, &[]).is_none());
}
