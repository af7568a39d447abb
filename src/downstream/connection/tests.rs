//! Does a connection keep apart what belongs to different requests? A server played by the test, line by line.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};

use super::*;
use crate::downstream::asking::{ClientProfile, FromServer};
use crate::wire::reader::lenient;

/// The server's end of a connection.
struct Far {
    lines: tokio::io::Lines<BufReader<ReadHalf<DuplexStream>>>,
    to: WriteHalf<DuplexStream>,
}

impl Far {
    async fn hear(&mut self) -> Value {
        let line = self.lines.next_line().await.unwrap().unwrap();
        lenient(line.as_bytes(), &Limits::REPLY).unwrap()
    }

    async fn say(&mut self, message: &Value) {
        self.to.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn answer(&mut self, id: &Value, result: &str) {
        let answer = object! { "jsonrpc" => "2.0", "id" => id.clone(), "result" => result };
        self.say(&answer.into()).await;
    }

    async fn notify(&mut self, method: &str, params: Object) {
        self.say(&object! { "jsonrpc" => "2.0", "method" => method, "params" => params }.into()).await;
    }
}

fn pair(buffer: usize) -> (Arc<Connection>, Far) {
    let (near, far) = tokio::io::duplex(buffer);
    let (from, to) = tokio::io::split(near);
    let connection = Arc::new(Connection::open("test".into(), from, to, None));
    let (from, to) = tokio::io::split(far);
    (connection, Far { lines: BufReader::new(from).lines(), to })
}

fn asking() -> (Asking, mpsc::Receiver<FromServer>) {
    let (events, heard) = mpsc::channel(8);
    (Asking::new(Arc::<ClientProfile>::default(), events), heard)
}

/// A call with a permit, as far as the connection knows.
fn call(connection: &Arc<Connection>, asking: Asking) -> tokio::task::JoinHandle<Reply> {
    let connection = connection.clone();
    tokio::spawn(async move {
        let purpose = super::super::link::Purpose::Effect;
        let order =
            Order { method: "tools/call", params: Object::new(), purpose, tool: None, headers: http::HeaderMap::new() };
        connection.call(order, &asking).await
    })
}

fn method(event: Option<FromServer>) -> String {
    match event {
        Some(FromServer::Notification(notification)) => notification.method,
        Some(FromServer::Request { request, .. }) => request.method,
        Some(FromServer::Closed(why)) => why,
        None => "nothing".to_owned(),
    }
}

#[tokio::test]
async fn what_belongs_to_the_only_call_goes_to_its_caller_and_otherwise_to_the_session() {
    let (connection, mut far) = pair(1 << 16);
    let (session, mut session_hears) = mpsc::channel(8);
    connection.claim(Claim::Own { declared: object! { "roots" => Object::new() } });
    connection.attach(Arc::new(Sink::new(session)));
    let (first, mut first_hears) = asking();
    let one = call(&connection, first);
    let id_one = far.hear().await.get("id").unwrap().clone();
    far.notify("notifications/message", object! { "data" => 1_i64 }).await;
    far.notify("notifications/tools/list_changed", Object::new()).await;
    far.say(&object! { "jsonrpc" => "2.0", "id" => "q", "method" => "roots/list" }.into()).await;
    assert_eq!(method(first_hears.recv().await), "notifications/message");
    assert_eq!(method(first_hears.recv().await), "roots/list");
    assert_eq!(method(session_hears.recv().await), "notifications/tools/list_changed");
    // The dropped question is answered all the same.
    assert!(far.hear().await.get("error").is_some());
    let (second, mut second_hears) = asking();
    let two = call(&connection, second);
    let id_two = far.hear().await.get("id").unwrap().clone();
    far.notify("notifications/message", object! { "data" => 2_i64 }).await;
    assert_eq!(method(session_hears.recv().await), "notifications/message", "it may belong to either call");
    far.answer(&id_two, "two").await;
    far.answer(&id_one, "one").await;
    far.answer(&id_one, "once more").await;
    assert!(matches!(two.await.unwrap(), Reply::Answered(Ok(Value::String(text))) if text == "two"));
    assert!(matches!(one.await.unwrap(), Reply::Answered(Ok(Value::String(text))) if text == "one"));
    assert!(first_hears.try_recv().is_err() && second_hears.try_recv().is_err());
}

#[tokio::test]
async fn on_a_common_connection_nobody_hears_what_may_be_anothers() {
    let (connection, mut far) = pair(1 << 16);
    connection.claim(Claim::Everybody);
    let (first, mut first_hears) = asking();
    let (second, mut second_hears) = asking();
    let (one, two) = (call(&connection, first), call(&connection, second));
    let ids = [far.hear().await.get("id").unwrap().clone(), far.hear().await.get("id").unwrap().clone()];
    far.notify("notifications/message", object! { "data" => "a secret of one of them" }).await;
    far.say(&object! { "jsonrpc" => "2.0", "id" => 1_i64, "method" => "roots/list" }.into()).await;
    let refused = far.hear().await;
    let code = refused.get("error").and_then(|error| error.get("code")).and_then(Value::as_number).cloned();
    assert_eq!(code.and_then(|code| code.as_i64()), Some(-32601));
    far.answer(&ids[1], "done").await;
    let (listening, mut listener_hears) = asking();
    let listener = connection.clone();
    let subscription = tokio::spawn(async move {
        let purpose = super::super::link::Purpose::Listening;
        let order = Order {
            method: "subscriptions/listen",
            params: Object::new(),
            purpose,
            tool: None,
            headers: http::HeaderMap::new(),
        };
        listener.call(order, &listening).await
    });
    let listens = far.hear().await.get("id").unwrap().clone();
    far.notify("notifications/message", object! { "data" => "about the only call" }).await;
    far.notify("notifications/resources/updated", object! { "uri" => "of whom?" }).await;
    assert_eq!(method(first_hears.recv().await), "notifications/message");
    for id in [&ids[0], &listens] {
        far.answer(id, "done").await;
    }
    assert!(matches!(subscription.await.unwrap(), Reply::Answered(_)));
    assert!(listener_hears.try_recv().is_err());
    assert!(matches!((one.await.unwrap(), two.await.unwrap()), (Reply::Answered(_), Reply::Answered(_))));
    assert!(first_hears.try_recv().is_err() && second_hears.try_recv().is_err());
}

#[tokio::test]
async fn a_question_nobody_answers_does_not_silence_other_calls() {
    let (connection, mut far) = pair(1 << 16);
    let (session, mut session_hears) = mpsc::channel(8);
    connection.claim(Claim::Own { declared: object! { "roots" => Object::new() } });
    connection.attach(Arc::new(Sink::new(session)));
    let ask = |id: i64| -> Value { object! { "jsonrpc" => "2.0", "id" => id, "method" => "roots/list" }.into() };
    let (first, mut first_hears) = asking();
    let one = call(&connection, first);
    let id_one = far.hear().await.get("id").unwrap().clone();
    far.say(&ask(1)).await;
    let unanswered = first_hears.recv().await.unwrap();
    let (second, mut second_hears) = asking();
    let two = call(&connection, second);
    let id_two = far.hear().await.get("id").unwrap().clone();
    far.say(&ask(2)).await;
    let Some(FromServer::Request { answer, .. }) = second_hears.recv().await else { panic!("nothing was asked") };
    far.say(&ask(3)).await;
    assert_eq!(method(session_hears.recv().await), "roots/list", "both calls wait: it may belong to either");
    assert!(far.hear().await.get("error").is_some());
    answer.send(Ok("here".into())).unwrap();
    assert_eq!(far.hear().await.get("id").unwrap().to_string(), "2");
    far.say(&ask(4)).await;
    assert_eq!(method(second_hears.recv().await), "roots/list");
    assert!(far.hear().await.get("error").is_some(), "the dropped question is answered all the same");
    for (id, waiting) in [(&id_one, one), (&id_two, two)] {
        far.answer(id, "done").await;
        assert!(matches!(waiting.await.unwrap(), Reply::Answered(_)));
    }
    drop(unanswered);
}

#[tokio::test]
async fn what_never_left_has_not_happened() {
    // The pipe is full at once and nobody reads it: the second call waits behind the first.
    let (connection, far) = pair(8);
    let (first, _first_hears) = asking();
    let (second, _second_hears) = asking();
    let (stop_second, third) = (second.cancelled.clone(), asking());
    let one = call(&connection, first);
    while connection.shared.table().waiting.is_empty() {
        tokio::task::yield_now().await;
    }
    let two = call(&connection, second);
    let three = call(&connection, third.0);
    while connection.shared.table().waiting.len() < 3 {
        tokio::task::yield_now().await;
    }
    stop_second.cancel();
    assert!(matches!(two.await.unwrap(), Reply::NotSent(why) if why.contains("cancelled before it was sent")));
    drop(far);
    assert!(matches!(one.await.unwrap(), Reply::Unknown(_)), "a part of it left");
    assert!(matches!(three.await.unwrap(), Reply::NotSent(_)));
    let (late, _late_hears) = asking();
    assert!(matches!(call(&connection, late).await.unwrap(), Reply::NotSent(_)));
}

#[tokio::test(start_paused = true)]
async fn progress_stretches_patience_but_not_for_ever() {
    let (connection, mut far) = pair(1 << 16);
    let (mut patient, mut heard) = asking();
    patient.timeout = Duration::from_secs(10);
    let begun = Instant::now();
    let connection_of_caller = connection.clone();
    let waiting = tokio::spawn(async move {
        let params = object! { "_meta" => object! { "progressToken" => "p" } };
        let purpose = super::super::link::Purpose::Effect;
        connection_of_caller
            .call(
                Order { method: "tools/call", params, purpose, tool: None, headers: http::HeaderMap::new() },
                &patient,
            )
            .await
    });
    let token = far.hear().await.get("params").unwrap().get("_meta").unwrap().get("progressToken").unwrap().clone();
    while !waiting.is_finished() {
        far.notify("notifications/progress", object! { "progressToken" => token.clone() }).await;
        tokio::select! {
            _ = heard.recv() => tokio::time::advance(Duration::from_secs(8)).await,
            () = connection.shared.gone.cancelled() => {}
        }
        tokio::task::yield_now().await;
    }
    assert!(matches!(waiting.await.unwrap(), Reply::Unknown(_)));
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(295) && waited < Duration::from_secs(330), "{waited:?}");
}

#[tokio::test]
async fn a_task_reports_progress_after_its_call_was_answered() {
    let (connection, mut far) = pair(1 << 16);
    let (session, mut session_hears) = mpsc::channel(8);
    connection.claim(Claim::Own { declared: Object::new() });
    connection.attach(Arc::new(Sink::new(session)));
    for (task, heard) in [(object! { "taskId" => "t1" }, "mine"), (Object::new(), "nothing")] {
        let (asking, _events) = asking();
        let caller = connection.clone();
        let waiting = tokio::spawn(async move {
            let params = object! { "_meta" => object! { "progressToken" => "mine" } };
            let purpose = super::super::link::Purpose::Effect;
            caller
                .call(
                    Order { method: "tools/call", params, purpose, tool: None, headers: http::HeaderMap::new() },
                    &asking,
                )
                .await
        });
        let request = far.hear().await;
        let id = request.get("id").unwrap().clone();
        let result = object! { "task" => task };
        far.say(&object! { "jsonrpc" => "2.0", "id" => id.clone(), "result" => result }.into()).await;
        assert!(matches!(waiting.await.unwrap(), Reply::Answered(Ok(_))));
        far.notify("notifications/progress", object! { "progressToken" => id }).await;
        far.notify("notifications/tools/list_changed", Object::new()).await;
        let Some(FromServer::Notification(first)) = session_hears.recv().await else { panic!("nothing was heard") };
        assert_eq!(first.params.str("progressToken").unwrap_or("nothing"), heard);
        if heard == "mine" {
            assert_eq!(method(session_hears.recv().await), "notifications/tools/list_changed");
        }
    }
}
