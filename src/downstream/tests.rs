//! Is there only one road, and does it check its papers?

use std::sync::Arc;

use tokio::sync::mpsc;

use super::connection::Connection;
use super::handshake::Hello;
use super::*;
use crate::call::caller::{Caller, Proof};
use crate::call::{Action, Call, CallId, Parts};
use crate::clock::Timestamp;
use crate::digest::Naming;
use crate::object;
use crate::policy::decision::Grant;
use crate::wire::era::Era;
use crate::wire::json::Object;

fn call(server: &str) -> Call {
    let caller = Caller {
        principal: "os:alice".into(),
        agent: None,
        user: None,
        groups: Vec::new(),
        proof: Proof::Os { uid: 1 },
    };
    Call::new(Parts {
        id: CallId::new(Timestamp::from_micros(1), [0; 10]),
        caller: Arc::new(caller),
        server: server.into(),
        action: Action::Tool("echo".into()),
        params: object! { "name" => "echo", "_meta" => object! { "forged" => true } },
        tool: None,
        arrived: Timestamp::from_micros(1),
        naming: Naming::new([5; 32]),
    })
}

fn permit(call: &Call) -> Permit {
    Permit::granted(call.clone(), &Grant::for_a_test(call.digest)).unwrap()
}

fn link() -> (Arc<Link>, tokio::io::DuplexStream) {
    let (near, far) = tokio::io::duplex(1 << 16);
    let (from, to) = tokio::io::split(near);
    let connection = Arc::new(Connection::open("here".into(), from, to, None));
    let hello = Hello {
        era: Era::Legacy,
        protocol: "2025-11-25".into(),
        capabilities: Object::new(),
        info: Object::new(),
        instructions: None,
    };
    (Link::own("here".into(), hello, connection), far)
}

fn asking() -> Asking {
    Asking::new(Arc::default(), mpsc::channel(1).0)
}

#[tokio::test]
async fn nothing_leaves_with_the_papers_of_another_call() {
    let (link, mut far) = link();
    let (here, there) = (call("here"), call("there"));
    let other = perform(permit(&here), None, Receipt::new(there.digest), &link, asking()).await;
    assert!(matches!(other, Reply::NotSent(why) if why.contains("written for another call")));
    let elsewhere = perform(permit(&there), None, Receipt::new(there.digest), &link, asking()).await;
    assert!(matches!(elsewhere, Reply::NotSent(why) if why.contains("meant for another server")));
    link.close().await;
    let mut sent = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut far, &mut sent).await.unwrap();
    assert_eq!(sent, b"");
}

#[tokio::test]
async fn what_was_judged_is_what_leaves() {
    let (link, wire) = link();
    let here = call("here");
    let (permit, receipt) = (permit(&here), Receipt::new(here.digest));
    let sending = tokio::spawn(async move {
        let asking = Asking { meta: object! { "traceparent" => "00-1" }, ..asking() };
        perform(permit, None, receipt, &link, asking).await
    });
    let mut reader = tokio::io::BufReader::new(wire);
    let mut sent = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut reader, &mut sent).await.unwrap();
    drop(reader);
    assert_eq!(
        sent.trim_end(),
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","_meta":{"traceparent":"00-1"}}}"#
    );
    assert!(matches!(sending.await.unwrap(), Reply::Unknown(_)), "it left, and no answer came");
}
