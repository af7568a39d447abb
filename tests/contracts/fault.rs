//! What happens when the operating system fails a write? A real failure: a limit on the size of files.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use countersign::gateway::recorder::Recorder;
use countersign::store::entries::Wanted;
use countersign::store::{Durability, Store, StoreOptions};

use crate::place::{Place, said};

crate::promises![a_write_that_fails_refuses_calls_until_the_file_was_verified];

async fn a_write_that_fails_refuses_calls_until_the_file_was_verified(place: Arc<Place>) {
    // STO-03
    let mut shell = Command::new("sh");
    // Twelve million bytes, well below what the writer wants; without the signal a write past it is an error.
    shell.args(["-c", "trap '' XFSZ; ulimit -S -f 24000; exec \"$0\""]).arg(std::env::current_exe().unwrap());
    shell.env("COUNTERSIGN_LIMITED", &place.url).env("COUNTERSIGN_KEYS", place.keys());
    let ended = tokio::task::spawn_blocking(move || shell.output()).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{told}{}", String::from_utf8_lossy(&ended.stderr));
    let (before, why) = told.trim().split_once(' ').unwrap();
    assert!(why.starts_with("audit_unavailable: the record cannot be written: disk I/O error"), "{why}");
    let reader = Store::open_reader(&place.options()).await.unwrap();
    let lines = reader.latest(&Wanted::default(), 1000).await.unwrap();
    let events: Vec<&str> = lines.iter().map(|line| line.event.as_str()).collect();
    // Everything acknowledged, nothing that was refused, and the gap is told.
    let mut expected = vec!["fault"; before.parse().unwrap()];
    expected.extend(["operated", "fault"]);
    assert_eq!(events, expected);
}

/// The writer below the limit: says how many writes worked and why the next one did not, then gets well.
pub(crate) fn write() {
    let url = std::env::var("COUNTERSIGN_LIMITED").unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let keys = std::env::var_os("COUNTERSIGN_KEYS").unwrap().into();
        let options = StoreOptions::new(&url, Durability::Process).unwrap().with_keys(keys);
        let recorder = Recorder::start(Store::open(&options).await.unwrap());
        let mut worked = 0;
        let why = loop {
            match recorder.write(vec![said(&"x".repeat(1_000_000))]).await {
                Ok(()) => worked += 1,
                Err(why) => break why,
            }
        };
        assert!(!recorder.healthy());
        let mut looks = tokio::time::interval(Duration::from_millis(5));
        while !recorder.healthy() {
            looks.tick().await;
        }
        recorder.write(vec![said("well")]).await.unwrap();
        recorder.close().await;
        std::io::Write::write_all(&mut std::io::stdout(), format!("{worked} {why}\n").as_bytes()).unwrap();
    });
}
