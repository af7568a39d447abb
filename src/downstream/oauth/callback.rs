//! Has the person signed in? The loopback address the browser comes back to.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const PATH: &str = "/callback";

/// A listener for one sign-in.
pub(super) struct Callback {
    listener: TcpListener,
    /// Where the browser shall come back to.
    pub(super) address: String,
}

/// What the browser brought.
pub(super) enum Brought {
    /// The whole address it came back to, with code and state.
    Code(String),
    /// The authorization server's word for why not.
    Refusal(String),
}

impl Callback {
    /// Listens on this machine only; port 0 takes any.
    pub(super) async fn open(port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = format!("http://{}{PATH}", listener.local_addr()?);
        Ok(Self { listener, address })
    }

    /// Waits for browsers and hands on what they bring, until the receiver is gone. A page with another state is
    /// somebody else's: the right one may still come.
    pub(super) async fn serve(self, state: String, brought: mpsc::Sender<Brought>) {
        let (address, state): (Arc<str>, Arc<str>) = (self.address.into(), state.into());
        loop {
            let stream = tokio::select! {
                () = brought.closed() => return,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(_) => return,
                },
            };
            let (brought, address, state) = (brought.clone(), Arc::clone(&address), Arc::clone(&state));
            tokio::spawn(async move {
                let service = service_fn(|request| answer(request, &address, &state, &brought));
                let mut server = http1::Builder::new();
                server.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10)).keep_alive(false);
                // A browser that breaks off has told nothing.
                drop(server.serve_connection(TokioIo::new(stream), service).await);
            });
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    address: &str,
    state: &str,
    brought: &mpsc::Sender<Brought>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() != Method::GET || request.uri().path() != PATH {
        return Ok(page(StatusCode::NOT_FOUND, "There is nothing here."));
    }
    let query = request.uri().query().unwrap_or_default();
    let member = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    if member("state").as_deref() != Some(state) {
        return Ok(page(StatusCode::BAD_REQUEST, "This address belongs to another sign-in."));
    }
    let (news, text) = match (member("error"), member("code")) {
        (Some(error), _) => {
            let error = error.chars().filter(char::is_ascii_graphic).take(60).collect();
            (Brought::Refusal(error), "Access was not granted. You may close this page.")
        }
        (None, Some(_)) => {
            (Brought::Code(format!("{address}?{query}")), "Thank you. The gateway goes on; you may close this page.")
        }
        _ => return Ok(page(StatusCode::BAD_REQUEST, "This address is not complete.")),
    };
    // Nobody waits any more: the flow was ended or has been finished.
    drop(brought.send(news).await);
    Ok(page(StatusCode::OK, text))
}

fn page(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    headers.insert("referrer-policy", HeaderValue::from_static("no-referrer"));
    response
}
