//! Is whatever somebody does to the database behind the gateway's back found?
//!
//! Somebody who has the database, and not the keys nor a checkpoint kept elsewhere. What they do is drawn at random:
//! `COUNTERSIGN_MUTATIONS` says how often, 400 times if it does not.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign::audit::verify::{Report, Verdict};
use countersign::book::bundle;
use countersign::book::reading::{Brought, verify};
use countersign::clock::chance;
use countersign::gateway::recorder::Recorder;
use countersign::store::Store;
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::log::{sign, write};
use crate::place::Place;

crate::promises![whatever_is_done_to_the_database_is_found, whatever_is_done_to_a_bundle_is_found];

const TABLES: [(&str, &[&str]); 5] = [
    ("entry", &["seq", "call", "at", "event", "sealed"]),
    ("leaf", &["place", "seq", "previous", "root", "hash"]),
    ("node", &["level", "place", "hash"]),
    ("checkpoint", &["size", "note"]),
    ("log", &["origin", "size"]),
];

fn mutations() -> usize {
    std::env::var("COUNTERSIGN_MUTATIONS").map_or(400, |count| count.parse().unwrap())
}

/// How long so many may take.
pub(crate) fn patience() -> Duration {
    Duration::from_millis(100).saturating_mul(u32::try_from(mutations()).unwrap())
}

/// A checkpoint that was made somebody else's counts for nothing, which is said; there are others.
fn is_found(report: &Report) -> bool {
    let not_ours = report.unchecked.iter().any(|what| what.contains("nobody here believes"));
    report.verdict == Verdict::Tampered && !report.findings.is_empty() || not_ours
}

fn below(most: usize) -> usize {
    usize::try_from(u64::from_be_bytes(chance().unwrap())).unwrap() % most
}

/// What was done, in words for whoever reads of a failure.
fn meddle(file: &Path, backup: &Path) -> Option<String> {
    if below(40) == 0 {
        fs::copy(backup, file).unwrap();
        return Some("an older database was put back".to_owned());
    }
    let db = Connection::open(file).unwrap();
    let done = match below(5) {
        0 => Some(delete(&db)),
        1 => swap(&db),
        2 => Some(cut(&db)),
        _ => change(&db),
    };
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    done
}

fn rows(db: &Connection, table: &str) -> Vec<i64> {
    let mut statement = db.prepare(&format!("SELECT rowid FROM {table} ORDER BY rowid")).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// One bit of one value.
fn change(db: &Connection) -> Option<String> {
    let (table, columns) = TABLES[below(TABLES.len())];
    let (column, rows) = (columns[below(columns.len())], rows(db, table));
    let row = rows[below(rows.len())];
    let value: Value =
        db.query_row(&format!("SELECT {column} FROM {table} WHERE rowid = ?"), [row], |row| row.get(0)).unwrap();
    let flip = |mut bytes: Vec<u8>| {
        let at = below(bytes.len());
        // Texts stay texts.
        bytes[at] ^= 1 << below(if bytes[at] < 0x80 { 5 } else { 1 });
        bytes
    };
    let changed = match value.clone() {
        Value::Integer(number) => Value::Integer(number ^ (1 << below(20))),
        Value::Text(text) => Value::Text(String::from_utf8(flip(text.into_bytes())).ok()?),
        Value::Blob(bytes) => Value::Blob(flip(bytes)),
        Value::Null => Value::Blob(vec![7; 32]),
        Value::Real(_) => return None,
    };
    if column == "call" && value == Value::Null {
        return None;
    }
    // Some places are taken; then nothing was done.
    let done = db.execute(&format!("UPDATE {table} SET {column} = ? WHERE rowid = ?"), (&changed, row)).ok()?;
    (done == 1).then(|| format!("{column} of row {row} of {table}: {value:?} to {changed:?}"))
}

fn delete(db: &Connection) -> String {
    let table = ["entry", "leaf", "node"][below(3)];
    let rows = rows(db, table);
    let row = rows[below(rows.len())];
    db.execute(&format!("DELETE FROM {table} WHERE rowid = ?"), [row]).unwrap();
    format!("row {row} of {table} was removed")
}

/// Two entries, or two leaves, change places.
fn swap(db: &Connection) -> Option<String> {
    let (table, columns) = [("entry", "call, at, event, sealed"), ("leaf", "previous, root, hash")][below(2)];
    let rows = rows(db, table);
    let (one, other) = (rows[below(rows.len())], rows[below(rows.len())]);
    let read = |row: i64| -> Vec<Value> {
        let count = columns.split(',').count();
        let all = |row: &rusqlite::Row<'_>| (0..count).map(|at| row.get(at)).collect();
        db.query_row(&format!("SELECT {columns} FROM {table} WHERE rowid = ?"), [row], all).unwrap()
    };
    let (first, second) = (read(one), read(other));
    if first == second {
        return None;
    }
    for (row, values) in [(one, &second), (other, &first)] {
        let places: Vec<_> = columns.split(", ").map(|column| format!("{column} = ?")).collect();
        let text = format!("UPDATE {table} SET {} WHERE rowid = {row}", places.join(", "));
        db.execute(&text, rusqlite::params_from_iter(values)).unwrap();
    }
    Some(format!("rows {one} and {other} of {table} changed places"))
}

/// The end is cut off, with everything that speaks of it.
fn cut(db: &Connection) -> String {
    let size: i64 = db.query_row("SELECT size FROM log", [], |row| row.get(0)).unwrap();
    let left = size - 1 - i64::try_from(below(50)).unwrap();
    for text in [
        format!("DELETE FROM leaf WHERE place >= {left}"),
        format!("DELETE FROM entry WHERE seq > {left}"),
        format!("DELETE FROM checkpoint WHERE size > {left}"),
        format!("UPDATE log SET size = {left}, floor = {left}"),
    ] {
        db.execute(&text, []).unwrap();
    }
    format!("everything after {left} of {size} was cut off")
}

// A48: AUD-01, AUD-02, AUD-03, STO-05, STO-15.
async fn whatever_is_done_to_the_database_is_found(place: Arc<Place>) {
    let store = place.open().await;
    let recorder = Recorder::start(store.clone());
    write(&recorder, 100).await;
    sign(&store).await;
    let (whole, backup) = (place.file().with_extension("whole"), place.file().with_extension("backup"));
    let keep = |to: &PathBuf| {
        let db = Connection::open(place.file()).unwrap();
        db.execute("VACUUM INTO ?", [to.to_str().unwrap()]).unwrap();
    };
    keep(&backup);
    write(&recorder, 40).await;
    sign(&store).await;
    recorder.close().await;
    keep(&whole);
    let mut kinds = BTreeMap::<String, u32>::new();
    let (mut done, mut tried) = (0, 0);
    while done < mutations() {
        tried += 1;
        assert!(tried < 10 * mutations(), "most of them do nothing");
        let file = place.file();
        for beside in ["db-wal", "db-shm"] {
            drop(fs::remove_file(file.with_extension(beside)));
        }
        fs::copy(&whole, &file).unwrap();
        let Some(what) = meddle(&file, &backup) else { continue };
        done += 1;
        *kinds.entry(what.split(' ').next().unwrap().to_owned()).or_default() += 1;
        let opened = Store::open_reader(&place.options()).await;
        let Ok(reader) = opened else { continue };
        // What cannot even be read is not believed either.
        if let Ok(report) = verify(&reader, &Brought::default(), |_, _| ()).await {
            assert!(is_found(&report), "{what}: {report:#?}");
        }
        reader.close().await;
    }
    assert!(kinds.len() > 5, "{kinds:?}");
}

async fn whatever_is_done_to_a_bundle_is_found(place: Arc<Place>) {
    let store = place.open().await;
    let recorder = Recorder::start(store.clone());
    write(&recorder, 140).await;
    sign(&store).await;
    let folder = tempfile::tempdir().unwrap();
    let (whole, copy) = (folder.path().join("whole"), folder.path().join("copy"));
    bundle::write(&store, &whole, |_, _| ()).await.unwrap();
    let brought = Brought { keys: vec![store.keys().signer().verifier()], ..Brought::default() };
    let report = bundle::verify(&whole, &brought, |_, _| ()).unwrap();
    assert_eq!((report.verdict, report.leaves, report.bodies), (Verdict::Verified, 280, 280), "{report:#?}");
    recorder.close().await;
    let mut files = files(&whole);
    assert_eq!(files.len(), 11, "{files:?}");
    // Whoever checks brings their own key; those listed beside the log are not believed.
    files.retain(|file| !file.ends_with("keys"));
    for _ in 0..mutations() {
        drop(fs::remove_dir_all(&copy));
        for file in &files {
            let to = copy.join(file.strip_prefix(&whole).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(file, to).unwrap();
        }
        let file = &files[below(files.len())];
        let to = copy.join(file.strip_prefix(&whole).unwrap());
        let mut bytes = fs::read(&to).unwrap();
        let (at, most) = (below(bytes.len()), bytes.len());
        match below(4) {
            0 => bytes.truncate(at),
            _ => bytes[at] ^= 1 << below(8),
        }
        fs::write(&to, bytes).unwrap();
        let found = bundle::verify(&copy, &brought, |_, _| ());
        if let Ok(report) = found {
            assert!(is_found(&report), "byte {at} of {most} of {}", to.display());
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}
