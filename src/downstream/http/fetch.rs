//! May this document be fetched? Small documents, tokens and messages, over connections that look where they lead.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::Full;
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use super::dial::Dialer;
use super::fault::{Effect, HttpFault};
use super::guard::Reach;
use super::options::value;
use super::pool::{Pool, Sent};
use super::tls;

const LIMIT: usize = 1 << 20;
/// How long a document or a token may take.
pub(in crate::downstream) const PATIENCE: Duration = Duration::from_secs(20);

/// Sends one request and reads its answer. https only, except on this machine where the server itself stands there; no redirects, no
/// proxies, and no address further inside than the server's own.
pub async fn fetch(
    request: Request<Vec<u8>>,
    reach: Reach,
    patience: Duration,
) -> Result<Response<Vec<u8>>, HttpFault> {
    let done = tokio::time::timeout(patience, Box::pin(exchange(request, reach))).await;
    done.unwrap_or(Err(HttpFault::TimedOut(Effect::Unknown)))
}

async fn exchange(request: Request<Vec<u8>>, reach: Reach) -> Result<Response<Vec<u8>>, HttpFault> {
    let refuse = |why: &str| HttpFault::NotSent(why.to_owned());
    let url = Url::parse(&request.uri().to_string()).map_err(|_| refuse("the address is not a URL"))?;
    let (reach, tls) = match url.scheme() {
        "https" => (reach, Some(tls::config(None)?)),
        "http" if reach != Reach::Public => (Reach::Loopback, None),
        _ => return Err(refuse("credentials are only asked for over https")),
    };
    let pool = Arc::new(Pool::new(Dialer::new(&url, reach, tls)?));
    let (mut head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    head.uri = target.parse::<Uri>().map_err(|_| refuse("the address has no usable path"))?;
    head.headers.insert(HOST, value("the host", url.authority())?);
    head.headers.insert(USER_AGENT, HeaderValue::from_static(concat!("countersign/", env!("CARGO_PKG_VERSION"))));
    let request = Request::from_parts(head, Full::new(Bytes::from(body)));
    let reply = pool.send(request, &Sent::default()).await?;
    let mut response = Response::new(Vec::new());
    *response.status_mut() = reply.head.status;
    *response.headers_mut() = reply.head.headers.clone();
    *response.body_mut() = reply.collect(LIMIT).await?;
    Ok(response)
}

/// A connection on which something else than HTTP is spoken, as guarded as one for a document: `wss`, and `ws` only on this
/// machine where the server itself stands there.
pub async fn connect(url: &Url, reach: Reach) -> Result<impl AsyncRead + AsyncWrite + Send + Unpin + use<>, HttpFault> {
    let (reach, tls) = match url.scheme() {
        "wss" => (reach, Some(tls::config(None)?)),
        "ws" if reach != Reach::Public => (Reach::Loopback, None),
        _ => return Err(HttpFault::NotSent("such a connection is only made with TLS (`wss`)".to_owned())),
    };
    Dialer::new(url, reach, tls)?.dial().await
}

/// A connection with TLS on which bytes are sent and nothing is asked, as guarded as one for a document. With a pin exactly
/// that certificate is taken.
pub async fn secure(
    url: &Url,
    pin: Option<[u8; 32]>,
    reach: Reach,
) -> Result<impl AsyncRead + AsyncWrite + Send + Unpin + use<>, HttpFault> {
    let mut config = tls::config(pin)?.as_ref().clone();
    // It is not HTTP that is spoken.
    config.alpn_protocols.clear();
    Dialer::new(url, reach, Some(Arc::new(config)))?.dial().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_server_names_is_fetched_over_https_and_never_inside() {
        // SSR-07: none of these is even connected to.
        for (url, reach, why) in [
            ("http://93.184.216.34/token", Reach::Public, "https"),
            ("http://127.0.0.1:1/token", Reach::Public, "https"),
            ("https://127.0.0.1:1/token", Reach::Public, "this machine"),
            ("https://10.0.0.1/token", Reach::Loopback, "private"),
            ("http://10.0.0.1/token", Reach::Private, "private"),
            ("https://169.254.169.254/token", Reach::Private, "never"),
            ("file:///etc/passwd", Reach::Private, "https"),
        ] {
            let request = Request::post(url).body(b"client_secret=x".to_vec());
            let fault = match request {
                Ok(request) => fetch(request, reach, PATIENCE).await.unwrap_err().to_string(),
                Err(_) => "only https has such a form".to_owned(),
            };
            assert!(fault.contains(why), "{url}: {fault}");
        }
        for (url, reach, why) in [
            ("ws://93.184.216.34/link", Reach::Public, "wss"),
            ("ws://127.0.0.1:1/link", Reach::Public, "wss"),
            ("wss://127.0.0.1:1/link", Reach::Public, "this machine"),
            ("wss://10.0.0.1/link", Reach::Loopback, "private"),
            ("https://93.184.216.34/link", Reach::Public, "wss"),
        ] {
            let fault = connect(&Url::parse(url).unwrap(), reach).await.err().unwrap().to_string();
            assert!(fault.contains(why), "{url}: {fault}");
        }
    }
}
