//! Trust: which addresses and which certificates are accepted.

use std::sync::Arc;

use countersign::downstream::http::Effect;
use rustls::ServerConfig;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A server with a certificate of its own making, and the certificate's digest.
async fn secure() -> (url::Url, [u8; 32]) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let digest = Sha256::digest(&certificate).into();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/mcp", listener.local_addr().unwrap().port()).parse().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = vec![0; 4096];
            while let Ok(length) = stream.read(&mut request).await {
                if length == 0 || !request[..length].ends_with(b"}}}") {
                    continue;
                }
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    ANSWER.len()
                );
                stream.write_all((head + ANSWER).as_bytes()).await.unwrap();
                break;
            }
        }
    });
    (url, digest)
}

#[tokio::test]
async fn the_pinned_certificate_is_accepted_and_no_other() {
    // TOO-15: a new key at the old address.
    let (url, digest) = secure().await;
    let pinned = |digest| {
        HttpServer::new("vault".into(), &HttpOptions { tls_sha256: Some(digest), ..options(url.clone()) }).unwrap()
    };
    assert_eq!(result(ask(&pinned(digest)).await.0), r#"{"content":[],"unknown":1.50}"#);
    let mut other = digest;
    other[31] ^= 1;
    let fault = ask(&pinned(other)).await.0.unwrap_err();
    assert_eq!(fault.effect(), Effect::None);
    assert!(matches!(&fault, HttpFault::NotSent(why) if why.contains("tls_sha256")), "{fault:?}");
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_is_refused() {
    let (url, _) = secure().await;
    let fault = ask(&client(url)).await.0.unwrap_err();
    assert!(matches!(&fault, HttpFault::NotSent(why) if why.contains("TLS")), "{fault:?}");
}

#[tokio::test]
async fn addresses_inside_are_refused_before_a_connection() {
    // SSR-01, SSR-02: the operator must say that a private address is meant.
    for url in ["http://10.1.2.3/mcp", "http://0xa9fea9fe/mcp", "http://[fd00::1]/mcp", "http://169.254.169.254/mcp"] {
        let fault = ask(&client(url.parse().unwrap())).await.0.unwrap_err();
        assert!(matches!(&fault, HttpFault::NotSent(why) if why.contains("address")), "{url}: {fault:?}");
    }
    let metadata = HttpOptions { private: Private::Allowed, ..options("http://169.254.169.254/mcp".parse().unwrap()) };
    let fault = ask(&HttpServer::new("x".into(), &metadata).unwrap()).await.0.unwrap_err();
    assert!(matches!(&fault, HttpFault::NotSent(why) if why.contains("never")), "{fault:?}");
}

#[tokio::test]
async fn options_that_cannot_be_meant_are_refused() {
    let with = |url: &str, headers: &[(&str, &str)], pin| {
        let headers =
            headers.iter().map(|(name, value)| ((*name).to_owned(), Secret::new((*value).to_owned()))).collect();
        let options = HttpOptions { headers, tls_sha256: pin, ..options(url.parse().unwrap()) };
        HttpServer::new("x".into(), &options).map(|_| ()).unwrap_err().to_string()
    };
    let secret = "hunter2";
    for text in [
        with("ftp://example.com/", &[], None),
        with("http://example.com/", &[], Some([0; 32])),
        with("https://me:hunter2@example.com/", &[], None),
        with("https://example.com/", &[("Host", secret)], None),
        with("https://example.com/", &[("Mcp-Session-Id", secret)], None),
        with("https://example.com/", &[("Transfer-Encoding", secret)], None),
        with("https://example.com/", &[("Authorization", "hunter2\r\nX: y")], None),
        with("https://example.com/", &[("two words", secret)], None),
    ] {
        assert!(text.starts_with("this server cannot be used as it is configured") && !text.contains(secret), "{text}");
    }
    let shown = format!(
        "{:?}",
        HttpOptions {
            headers: vec![("Authorization".into(), Secret::new(secret.into()))],
            ..options("http://a/".parse().unwrap())
        }
    );
    assert!(!shown.contains(secret), "{shown}");
}

#[tokio::test]
async fn proxies_of_the_environment_are_never_used() {
    // SSR-08: two tests of this file run again where every proxy variable names a listener that only counts.
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let mut again = tokio::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "connections_are_used_again", "tokens::the_gateway_gets_a_token_of_its_own_and_keeps_it"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        again.env(name, &address);
    }
    let done = tokio::select! {
        done = again.output() => done.unwrap(),
        _ = proxy.accept() => panic!("something went to the proxy"),
    };
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success() && text.contains("2 passed"), "{text}");
}
