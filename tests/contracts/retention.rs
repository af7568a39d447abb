//! What does every database promise about what is removed when its time is over?

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use countersign::audit::verify::{Report, Verdict};
use countersign::book::archives::Archives;
use countersign::book::bundle;
use countersign::book::holds::{About, add, held, holds, release};
use countersign::book::reading::{Brought, prove, verify};
use countersign::book::redact;
use countersign::book::retention::{Class, Done, Times, plan, prune};
use countersign::clock::{Clock, SystemClock, Timestamp};
use countersign::gateway::recorder::Recorder;
use countersign::store::Store;
use countersign::store::entries::Wanted;

use crate::log::{sign, write};
use crate::place::{Place, call, of, said};

crate::promises![
    what_is_too_old_is_archived_and_everything_is_still_proven,
    only_what_has_a_time_goes_and_the_archive_holds_no_more,
    what_is_held_is_neither_removed_nor_erased,
    what_a_sink_was_not_told_of_stays,
    nothing_is_removed_from_a_record_that_was_changed,
    what_is_removed_in_several_goes_is_proven_by_several_archives,
];

/// Everything the tests write is older than this, and nothing that is written about it.
const BEFORE: Timestamp = Timestamp::from_micros(5_000_000);

fn all() -> Times {
    Class::ALL.into_iter().map(|class| (class, BEFORE)).collect()
}

async fn pruned(store: &Store, times: &Times, place: &Path) -> Done {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    prune(store, &clock, (times, place), "ada").await.unwrap()
}

async fn looked_at(store: &Store, archives: Option<&Path>) -> Report {
    let mut brought = Brought::default();
    if let Some(place) = archives {
        brought.archives.add(place).unwrap();
    }
    verify(store, &brought, |_, _| ()).await.unwrap()
}

// AUD-10, A54.
async fn what_is_too_old_is_archived_and_everything_is_still_proven(place: Arc<Place>) {
    let (store, folder) = (place.open().await, tempfile::tempdir().unwrap());
    let recorder = Recorder::start(store.clone());
    write(&recorder, 300).await;
    sign(&store).await;
    let would = plan(&store, &all(), SystemClock.now()).await.unwrap();
    assert_eq!(would.counts, BTreeMap::from([(Class::Calls, 300), (Class::Operations, 300)]));
    let done = pruned(&store, &all(), folder.path()).await;
    assert_eq!((done.entries, done.archives.len()), (600, 1), "{done:?}");
    let report = looked_at(&store, None).await;
    assert_eq!(
        (report.verdict, report.findings.len(), report.missing.len()),
        (Verdict::Incomplete, 0, 1),
        "{report:#?}"
    );
    assert_eq!(report.bodies, report.leaves - 600);
    let what = &report.missing[0].what;
    assert!(what.contains("600 entries, at the places 0-599,") && what.contains("by ada"), "{what}");
    assert!(what.contains(&done.archives[0].digest) && what.contains(&done.archives[0].name), "{what}");
    let report = looked_at(&store, Some(folder.path())).await;
    assert_eq!(
        (report.verdict, report.bodies, report.archived),
        (Verdict::Verified, report.leaves, 600),
        "{report:#?}"
    );
    let lines = store.latest(&Wanted::default(), 1000).await.unwrap();
    assert!(lines.iter().filter(|line| line.seq <= 600).all(|line| line.body.contains("\"pruned\":true")));
    // One entry is proven as before; only what it said is elsewhere.
    let (proven, key) = (prove(&store, 17).await.unwrap(), store.keys().signer().verifier());
    let leaf = countersign::audit::leaf::Leaf::parse(&proven.leaf).unwrap();
    assert!(proven.body.is_none() && proven.proof.check(leaf.hash(), key.name(), &key).is_ok());
    let again = pruned(&store, &all(), folder.path()).await;
    assert_eq!((again.entries, again.archives.len()), (0, 0), "what is gone does not go again");
    write(&recorder, 5).await;
    sign(&store).await;
    assert_eq!(looked_at(&store, Some(folder.path())).await.verdict, Verdict::Verified);
    recorder.close().await;
}

async fn only_what_has_a_time_goes_and_the_archive_holds_no_more(place: Arc<Place>) {
    let (store, folder) = (place.open().await, tempfile::tempdir().unwrap());
    let recorder = Recorder::start(store.clone());
    for number in 0..300 {
        recorder.write(vec![of(&call(number % 3), &format!("secret {number}"))]).await.unwrap();
    }
    for number in 0..10 {
        recorder.write(vec![said(&format!("fault {number}"))]).await.unwrap();
    }
    sign(&store).await;
    let times = Times::from([(Class::Operations, BEFORE), (Class::Sessions, BEFORE)]);
    let done = pruned(&store, &times, folder.path()).await;
    assert_eq!(done.entries, 10);
    let archive = &done.archives[0].folder;
    assert_eq!(std::fs::read_to_string(archive.join("part")).unwrap(), "\n", "no full file of leaves is in it");
    let bodies = std::fs::read_to_string(archive.join("bodies/001.jsonl")).unwrap();
    assert!(bodies.contains("fault 0") && !bodies.contains("secret") && !archive.join("bodies/000.jsonl").exists());
    let brought = Brought { keys: vec![store.keys().signer().verifier()], ..Brought::default() };
    let report = bundle::verify(archive, &brought, |_, _| ()).unwrap();
    assert_eq!((report.verdict, report.findings.len(), report.bodies), (Verdict::Incomplete, 0, 10), "{report:#?}");
    assert!(report.missing.iter().any(|lack| lack.what.contains("256 leaves are not in this part")), "{report:#?}");
    assert_eq!(report.signed, report.leaves);
    // Everything that proves it is needed: nothing of it can be changed.
    for file in ["part", "tile/1/000.p/1", "tile/0/001.p/54", "tile/entries/001.p/54", "bodies/001.jsonl", "checkpoint"]
    {
        let (path, kept) = (archive.join(file), std::fs::read(archive.join(file)).unwrap());
        let mut bent = kept.clone();
        bent[0] ^= 1;
        std::fs::write(&path, bent).unwrap();
        let looked = bundle::verify(archive, &brought, |_, _| ());
        assert!(looked.is_err() || looked.is_ok_and(|report| report.verdict == Verdict::Tampered), "{file}");
        std::fs::write(&path, kept).unwrap();
    }
    let report = looked_at(&store, Some(archive)).await;
    assert_eq!((report.verdict, report.archived), (Verdict::Verified, 10), "{report:#?}");
    assert!(Archives::default().add(&archive.join("bodies")).is_err(), "that is no archive");
    recorder.close().await;
}

async fn what_is_held_is_neither_removed_nor_erased(place: Arc<Place>) {
    let (store, folder) = (place.open().await, tempfile::tempdir().unwrap());
    let recorder = Recorder::start(store.clone());
    write(&recorder, 30).await;
    sign(&store).await;
    let about = About { call: Some(call(1).as_str().to_owned()), ..About::default() };
    let name = add(&store, about, ("ada", "case 12")).await.unwrap();
    assert_eq!(holds(&store).await.unwrap().len(), 1);
    assert_eq!(held(&store, 3, Some(call(1).as_str())).await.unwrap().map(|hold| hold.name), Some(name.clone()));
    assert!(held(&store, 1, Some(call(0).as_str())).await.unwrap().is_none());
    let refused = redact(&store, (3, &["/detail".to_owned()]), ("ada", "41")).await.unwrap_err().to_string();
    assert!(refused.contains(&name) && refused.contains("case 12"), "{refused}");
    let done = pruned(&store, &all(), folder.path()).await;
    assert_eq!((done.entries, done.held), (50, BTreeMap::from([(name.clone(), 10)])));
    let left = store.of_call(call(1).as_str(), 100).await.unwrap();
    assert!(left.len() == 10 && left.iter().all(|line| line.body.contains("secret")));
    // Whoever removes what is held behind the gateway's back is found: no entry names it.
    let report = looked_at(&store, Some(folder.path())).await;
    assert_eq!(report.verdict, Verdict::Verified, "{report:#?}");
    // Times are held as well, of calls as a whole.
    let (from, to) = (Timestamp::from_micros(1_500_000), Timestamp::from_micros(2_500_000));
    let time = About { from: Some(from), to: Some(to), ..About::default() };
    let second = add(&store, time, ("ada", "case 13")).await.unwrap();
    release(&store, &name, ("ada", "it is closed")).await.unwrap();
    assert!(release(&store, &name, ("ada", "again")).await.is_err());
    let done = pruned(&store, &all(), folder.path()).await;
    assert_eq!((done.entries, done.held), (0, BTreeMap::from([(second.clone(), 10)])));
    release(&store, &second, ("ada", "it is closed")).await.unwrap();
    assert_eq!(pruned(&store, &all(), folder.path()).await.entries, 10);
    let report = looked_at(&store, Some(folder.path())).await;
    assert_eq!((report.verdict, report.bodies), (Verdict::Verified, report.leaves), "{report:#?}");
    // What says that something was removed or held cannot be erased itself.
    for event in ["pruned", "preserved"] {
        let wanted = Wanted { events: vec![event.to_owned()], ..Wanted::default() };
        let line = store.latest(&wanted, 1).await.unwrap().remove(0);
        assert!(redact(&store, (line.seq, &["/by".to_owned()]), ("ada", "41")).await.is_err(), "{event}");
    }
    recorder.close().await;
}

async fn what_a_sink_was_not_told_of_stays(place: Arc<Place>) {
    let (store, folder) = (place.open().await, tempfile::tempdir().unwrap());
    let recorder = Recorder::start(store.clone());
    write(&recorder, 30).await;
    sign(&store).await;
    store.begin_sink("collector", 40, SystemClock.now()).await.unwrap();
    let done = pruned(&store, &all(), folder.path()).await;
    // Of the calls each has an entry behind it, and goes as a whole.
    assert_eq!((done.entries, done.untold), (20, 20), "{done:?}");
    let until = Timestamp::from_micros(SystemClock.now().micros() + 60_000_000);
    assert!(store.hold_sink("collector", "this", (SystemClock.now(), until)).await.unwrap());
    assert!(store.advance_sink("collector", "this", (i64::MAX, SystemClock.now())).await.unwrap());
    let done = pruned(&store, &all(), folder.path()).await;
    assert_eq!((done.entries, done.untold), (40, 0), "{done:?}");
    assert_eq!(looked_at(&store, Some(folder.path())).await.verdict, Verdict::Verified);
    recorder.close().await;
}

// A hold somebody took out of the database behind the gateway's back lets nothing go.
async fn nothing_is_removed_from_a_record_that_was_changed(place: Arc<Place>) {
    let (store, folder) = (place.open().await, tempfile::tempdir().unwrap());
    let recorder = Recorder::start(store.clone());
    write(&recorder, 30).await;
    let about = About { call: Some(call(1).as_str().to_owned()), ..About::default() };
    add(&store, about, ("ada", "case 12")).await.unwrap();
    sign(&store).await;
    place.meddle("UPDATE entry SET event = 'fault' WHERE event = 'preserved'").await;
    assert!(holds(&store).await.unwrap().is_empty(), "it is not found any more");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let refused = prune(&store, &clock, (&all(), folder.path()), "ada").await.unwrap_err().to_string();
    assert!(refused.contains("not what was signed") && refused.contains("nothing is removed"), "{refused}");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "not even an archive was begun");
    place.meddle("DELETE FROM entry WHERE seq = 61").await;
    let refused = prune(&store, &clock, (&all(), folder.path()), "ada").await.unwrap_err().to_string();
    assert!(refused.contains("nothing is removed"), "{refused}");
    recorder.close().await;
}

async fn what_is_removed_in_several_goes_is_proven_by_several_archives(place: Arc<Place>) {
    let (store, folder) = (place.open().await, tempfile::tempdir().unwrap());
    let recorder = Recorder::start(store.clone());
    for round in 0..4 {
        write(&recorder, 80).await;
        sign(&store).await;
        let class = if round % 2 == 0 { Class::Operations } else { Class::Calls };
        assert!(pruned(&store, &Times::from([(class, BEFORE)]), folder.path()).await.entries >= 80);
    }
    let report = looked_at(&store, None).await;
    assert_eq!(
        (report.verdict, report.missing.len(), report.findings.len()),
        (Verdict::Incomplete, 4, 0),
        "{report:#?}"
    );
    let report = looked_at(&store, Some(folder.path())).await;
    assert_eq!((report.verdict, report.bodies), (Verdict::Verified, report.leaves), "{report:#?}");
    // One archive alone proves a part, and the rest is still named.
    let first = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let report = looked_at(&store, Some(&first)).await;
    assert_eq!((report.verdict, report.missing.len()), (Verdict::Incomplete, 3), "{report:#?}");
    // A bundle says the same of itself.
    let out = tempfile::tempdir().unwrap();
    bundle::write(&store, out.path(), |_, _| ()).await.unwrap();
    let mut brought = Brought { keys: vec![store.keys().signer().verifier()], ..Brought::default() };
    let report = bundle::verify(out.path(), &brought, |_, _| ()).unwrap();
    assert_eq!(
        (report.verdict, report.missing.len(), report.findings.len()),
        (Verdict::Incomplete, 4, 0),
        "{report:#?}"
    );
    brought.archives.add(folder.path()).unwrap();
    assert_eq!(bundle::verify(out.path(), &brought, |_, _| ()).unwrap().verdict, Verdict::Verified);
    recorder.close().await;
}
