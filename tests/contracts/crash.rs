//! Is what was acknowledged still there when the process was killed?

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use countersign::gateway::recorder::Recorder;
use countersign::store::entries::Wanted;
use countersign::store::{Durability, Store, StoreOptions};

use crate::place::{Place, call, of};

crate::promises![what_was_acknowledged_survives_a_kill];

async fn what_was_acknowledged_survives_a_kill(place: Arc<Place>) {
    let mut expected = BTreeSet::new();
    for round in 0..3 {
        let started = Arc::clone(&place);
        // Killed while it writes as fast as it can, a little later each time.
        let told =
            tokio::task::spawn_blocking(move || kill_after(start(&started, round), 40 * (round + 1))).await.unwrap();
        expected.extend(told);
        let reader = Store::open_reader(&place.options()).await.unwrap();
        let lines = reader.following(&Wanted::default(), 0, 1_000_000).await.unwrap();
        let mut found: BTreeSet<String> = BTreeSet::new();
        for three in lines.chunks(3) {
            // All of a write or none of it.
            assert_eq!(three.len(), 3);
            let body: serde_json::Value = serde_json::from_str(&three[2].body).unwrap();
            found.insert(body["detail"].as_str().unwrap().to_owned());
        }
        let lost: Vec<_> = expected.difference(&found).collect();
        assert!(lost.is_empty(), "lost {lost:?}");
    }
}

fn start(place: &Place, round: usize) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .env("COUNTERSIGN_WRITER", &place.url)
        .env("COUNTERSIGN_KEYS", place.keys())
        .env("COUNTERSIGN_ROUND", round.to_string())
        .stdout(Stdio::piped());
    command.spawn().unwrap()
}

/// What the writer had acknowledged when it was killed.
fn kill_after(mut writer: Child, lines: usize) -> Vec<String> {
    let mut out = BufReader::new(writer.stdout.take().unwrap());
    let mut told = Vec::new();
    let mut line = String::new();
    while told.len() < lines && out.read_line(&mut line).unwrap() > 0 {
        told.push(line.trim().to_owned());
        line.clear();
    }
    writer.kill().unwrap();
    // What it said between the last line read and its end counts too.
    while out.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
        told.push(line.trim().to_owned());
        line.clear();
    }
    writer.wait().unwrap();
    assert!(told.len() >= lines, "the writer ended by itself after {told:?}");
    told
}

/// The writer: eight callers at once, each saying what was acknowledged, for ever.
pub(crate) fn write() {
    let url = std::env::var("COUNTERSIGN_WRITER").unwrap();
    let round = std::env::var("COUNTERSIGN_ROUND").unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let keys = std::env::var_os("COUNTERSIGN_KEYS").unwrap().into();
        let options = StoreOptions::new(&url, Durability::Process).unwrap().with_keys(keys);
        let recorder = Recorder::start(Store::open(&options).await.unwrap());
        let writers = (0..8_u32).map(|writer| {
            let (recorder, round) = (recorder.clone(), round.clone());
            tokio::spawn(async move {
                for number in 0_u64.. {
                    let name = format!("{round}.{writer}.{number}");
                    let id = call(writer);
                    recorder.write(vec![of(&id, "1"), of(&id, "2"), of(&id, &name)]).await.unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "{name}").unwrap();
                    out.flush().unwrap();
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
    });
}
