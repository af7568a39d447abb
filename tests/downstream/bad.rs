//! Does a server that misbehaves harm anybody but its own caller? Death, silence, garbage, floods.

use std::io::Write;
use std::time::Duration;

use countersign::downstream::{CommandOptions, FromServer, Inquiry};
use countersign::wire::era::Era;
use countersign::wire::json::Value;

use super::Story;
use super::world::{connect, fleet_of, new, old, options, server, try_connect};

/// The stories of this file.
pub(crate) const STORIES: &[Story] = &[
    ("a_server_that_dies_mid_call_is_started_again", || Box::pin(death())),
    ("a_server_that_keeps_dying_is_given_a_rest", || Box::pin(rest())),
    ("a_server_that_never_answers_leaves_the_outcome_unknown", || Box::pin(silence())),
    ("an_answer_that_cannot_be_read_ends_only_its_own_request", || Box::pin(garbage())),
    ("a_program_that_only_babbles_is_no_server", || Box::pin(babble())),
    ("a_line_without_end_is_cut", || Box::pin(endless())),
    ("second_answers_disturb_nobody", || Box::pin(twice())),
    ("a_flood_of_log_messages_drowns_nobody", || Box::pin(flood())),
    ("a_legacy_server_that_dies_of_discover_is_reached", || Box::pin(exits())),
    ("a_legacy_server_that_ignores_discover_is_reached", || Box::pin(deaf())),
    ("a_legacy_server_that_hangs_on_discover_is_started_anew", || Box::pin(hangs())),
    ("a_server_of_a_future_version_is_told_apart", || Box::pin(future())),
    ("a_program_that_is_not_there_says_so", || Box::pin(missing())),
    ("a_program_that_changed_is_not_started", || Box::pin(changed())),
    ("a_child_that_ignores_its_end_is_killed", || Box::pin(stays())),
];

async fn death() {
    let fleet = fleet_of(options("dies"));
    let mut session = connect(server(&fleet), old()).await;
    let why = session.ask().await.unwrap_err().to_string();
    assert!(why.starts_with("the server's process ended (exit status: 3); whether"), "{why}");
    assert!(matches!(session.heard.recv().await, Some(FromServer::Closed(_))));
    assert!(session.link.is_closed());
    let why = session.ask().await.unwrap_err().to_string();
    assert_eq!(why, "the server's process ended (exit status: 3)");
    let again = connect(server(&fleet), old()).await;
    assert!(again.place().await.get("pid").is_some(), "the first death costs no pause");
}

async fn rest() {
    let fleet = fleet_of(options("exits"));
    let mut command = options("nothing");
    "false".clone_into(&mut command.program);
    let broken = fleet_of(command);
    // Short pauses are waited out; they double, so a long one comes soon.
    let resting = "it is started again at the next request in";
    let mut said = Vec::new();
    while said.len() < 8 && !said.last().is_some_and(|last: &String| last.contains(resting)) {
        said.push(try_connect(server(&broken), old()).await.err().unwrap().to_string());
    }
    assert!(said.iter().all(|why| why.starts_with("the server `fake` cannot be reached: ")), "{said:?}");
    assert!(said.len() > 3 && said.last().unwrap().contains(resting), "{said:?}");
    assert!(try_connect(server(&fleet), old()).await.is_ok(), "another server is not its concern");
}

/// EXE-09.
async fn silence() {
    let fleet = fleet_of(options("silent"));
    let session = connect(server(&fleet), old()).await;
    let (mut asking, _events) = session.asking();
    asking.timeout = Duration::from_millis(50);
    let why = session.link.inquire(Inquiry::ListTools(None), asking).await.unwrap_err().to_string();
    assert!(why.contains("no answer within 0 seconds") && why.contains("is not known"), "{why}");
    assert!(session.place().await.get("pid").is_some(), "the connection serves on");
}

async fn garbage() {
    let fleet = fleet_of(options("garbage"));
    let session = connect(server(&fleet), old()).await;
    let why = session.ask().await.unwrap_err().to_string();
    assert!(why.starts_with("the server's answer cannot be read: a response carries either"), "{why}");
    assert!(session.place().await.get("pid").is_some(), "the connection serves on");
}

async fn babble() {
    let fleet = fleet_of(options("babbles"));
    let session = connect(server(&fleet), old()).await;
    let why = session.ask().await.unwrap_err().to_string();
    assert!(why.starts_with("it wrote 100 lines in a row that are no messages"), "{why}");
}

/// PRO-17, on a pipe.
async fn endless() {
    let fleet = fleet_of(options("endless"));
    let session = connect(server(&fleet), old()).await;
    let why = session.ask().await.unwrap_err().to_string();
    assert!(why.starts_with("it sent a line of more than 16777216 bytes; whether"), "{why}");
}

async fn twice() {
    let fleet = fleet_of(options("twice"));
    let session = connect(server(&fleet), old()).await;
    for cursor in ["one", "two", "three"] {
        let answer = session.list(cursor).await.unwrap().unwrap();
        assert_eq!(answer.get("cursor").and_then(Value::as_str), Some(cursor));
    }
}

async fn flood() {
    let fleet = fleet_of(options("floods"));
    let mut session = connect(server(&fleet), old()).await;
    // Nobody reads the events meanwhile, and the answer comes all the same.
    assert!(session.ask().await.is_ok());
    let mut kept = Vec::new();
    while let Ok(FromServer::Notification(message)) = session.heard.try_recv() {
        kept.push(message.params.get("data").unwrap().as_number().unwrap().as_u64().unwrap());
    }
    assert_eq!(kept, (0..64).collect::<Vec<_>>(), "what fits into the channel, in order");
}

async fn exits() {
    let fleet = fleet_of(options("exits"));
    let session = connect(server(&fleet), new()).await;
    assert_eq!(session.link.era(), Era::Legacy);
    assert!(session.ask().await.is_ok());
}

async fn deaf() {
    let fleet = fleet_of(options("deaf"));
    let session = connect(server(&fleet), new()).await;
    assert_eq!(session.link.era(), Era::Legacy);
    assert!(session.ask().await.is_ok());
}

async fn hangs() {
    let fleet = fleet_of(options("hangs"));
    let session = connect(server(&fleet), new()).await;
    assert_eq!(session.link.era(), Era::Legacy);
    assert!(session.ask().await.is_ok());
}

async fn future() {
    let fleet = fleet_of(options("future"));
    let why = try_connect(server(&fleet), new()).await.err().unwrap().to_string();
    assert!(why.ends_with("it speaks no version that is spoken here: 2031-01-01"), "{why}");
}

async fn missing() {
    let command = CommandOptions { program: "no-such-program-anywhere".to_owned(), ..CommandOptions::default() };
    let why = try_connect(server(&fleet_of(command)), old()).await.err().unwrap().to_string();
    assert!(why.contains("`no-such-program-anywhere` is not on PATH"), "{why}");
    let command = CommandOptions { program: "/".to_owned(), ..CommandOptions::default() };
    let why = try_connect(server(&fleet_of(command)), old()).await.err().unwrap().to_string();
    assert!(why.contains("`/` is not a program"), "{why}");
}

/// TOO-15, of a program file.
async fn changed() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("server");
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    let mut running = countersign::digest::Running::default();
    running.update(&std::fs::read(&copy).unwrap());
    let mut command = options("dies");
    command.program = copy.to_str().unwrap().to_owned();
    command.sha256 = Some(running.hex());
    let fleet = fleet_of(command);
    let session = connect(server(&fleet), old()).await;
    assert!(session.ask().await.is_err(), "the first child is gone");
    // Written anew beside the old file: the old one may still be busy.
    std::fs::remove_file(&copy).unwrap();
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    std::fs::OpenOptions::new().append(true).open(&copy).unwrap().write_all(b"!").unwrap();
    let why = try_connect(server(&fleet), old()).await.err().unwrap().to_string();
    assert!(why.contains("has changed: its sha256 is"), "{why}");
}

async fn stays() {
    let fleet = fleet_of(options("stays"));
    let session = connect(server(&fleet), old()).await;
    fleet.shutdown(Duration::from_millis(50)).await;
    assert!(session.link.is_closed());
}
