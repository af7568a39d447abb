use super::*;
use crate::audit::checkpoint::Checkpoint;
use crate::audit::commitment::Salt;
use crate::audit::note::Signer;

const ORIGIN: &str = "example.org/log";

fn signer(seed: u8) -> Signer {
    Signer::new(ORIGIN, &[seed; 32]).unwrap()
}

/// A log of so many leaves in three calls, and the edge after each.
fn log(count: u64) -> (Vec<Item>, Vec<Edge>) {
    let (mut items, mut edges, mut last) = (Vec::new(), vec![Edge::default()], BTreeMap::new());
    for place in 0..count {
        let body = format!("{{\"number\":{place},\"text\":\"of {place}\"}}");
        let opened = Opened::Whole { salt: Salt::new([u8::try_from(place % 251).unwrap(); 32]), body };
        let call = (place % 4 < 3).then(|| format!("call {}", place % 4));
        let previous = call.as_ref().and_then(|call: &String| last.get(call).copied());
        let at = i64::try_from(place).unwrap();
        let leaf = Leaf { at, entry: at, event: "told".to_owned(), call, previous, root: opened.root().unwrap() };
        if let Some(call) = &leaf.call {
            last.insert(call.clone(), leaf.hash());
        }
        let mut edge = edges.last().unwrap().clone();
        edge.push(leaf.hash(), |_, _| ());
        edges.push(edge);
        let name = format!("entry {place}");
        items.push(Item { place, name, hash: leaf.hash(), leaf: Some(leaf), body: Body::Open(opened) });
    }
    (items, edges)
}

fn note(edge: &Edge, keys: &[&Signer]) -> (String, String) {
    let said = Checkpoint { origin: ORIGIN.to_owned(), size: edge.size(), root: edge.root(), at: None };
    let more: String = keys[1..].iter().map(|key| key.line(&said.text())).collect();
    (format!("the checkpoint at {}", edge.size()), said.sign(keys[0]) + &more)
}

fn trust(key: &Signer) -> Trust {
    Trust { keys: vec![key.verifier()], listed: Vec::new() }
}

fn verify(items: Vec<Item>, notes: Vec<(String, String)>, trust: &Trust) -> Report {
    let mut verifier = Verifier::new(ORIGIN, Claims::of(ORIGIN, notes, trust));
    for item in items {
        drop(verifier.look(&item, 8));
    }
    verifier.end()
}

fn places(report: &Report) -> Vec<Option<u64>> {
    report.findings.iter().map(|finding| finding.place).collect()
}

#[test]
fn what_was_signed_is_verified_and_what_was_not_is_named() {
    let (items, edges) = log(50);
    let key = signer(1);
    let report = verify(items.clone(), vec![note(&edges[20], &[&key]), note(&edges[50], &[&key])], &trust(&key));
    assert_eq!((report.verdict, report.leaves, report.bodies), (Verdict::Verified, 50, 50), "{report:?}");
    assert_eq!((report.checkpoints, report.signed, report.unchecked.len()), (2, 50, 0));
    let report = verify(items.clone(), vec![note(&edges[20], &[&key])], &trust(&key));
    assert_eq!(report.verdict, Verdict::Verified);
    assert_eq!(report.unchecked, ["the last 30 leaves: no checkpoint covers them yet"]);
    let report = verify(items, vec![note(&edges[50], &[&signer(2)])], &trust(&key));
    assert_eq!(report.verdict, Verdict::Undecidable);
}

// AUD-01, AUD-03: whatever is changed, removed, added or moved is found, and where.
#[test]
fn what_was_changed_is_found_and_where() {
    let (items, edges) = log(50);
    let key = signer(1);
    let notes = || vec![note(&edges[10], &[&key]), note(&edges[30], &[&key]), note(&edges[50], &[&key])];
    let tampered = |items: Vec<Item>| {
        let report = verify(items, notes(), &trust(&key));
        assert_eq!(report.verdict, Verdict::Tampered);
        places(&report)
    };
    let mut body = items.clone();
    body[17].body = Body::Open(Opened::Whole { salt: Salt::new([17; 32]), body: "{}".to_owned() });
    assert_eq!(tampered(body), [Some(17)]);
    let mut time = items.clone();
    time[17].leaf.as_mut().unwrap().at = 99;
    assert_eq!(tampered(time), [Some(17)]);
    let mut whole = items.clone();
    let leaf = whole[17].leaf.as_mut().unwrap();
    leaf.at = 99;
    whole[17].hash = leaf.hash();
    assert_eq!(tampered(whole)[..2], [Some(21), Some(30)], "the leaf after it in its call, and the first checkpoint");
    let mut removed = items.clone();
    removed.remove(17);
    assert!(tampered(removed.clone()).contains(&Some(17)));
    for item in &mut removed[17..] {
        item.place = item.place.saturating_sub(1);
    }
    assert!(tampered(removed).contains(&Some(30)), "renumbered: the first checkpoint that is not right is named");
    let mut moved = items;
    moved.swap(17, 18);
    (moved[17].place, moved[18].place) = (17, 18);
    assert!(tampered(moved).contains(&Some(30)));
}

// AUD-02.
#[test]
fn a_log_that_was_cut_off_is_found() {
    let (mut items, edges) = log(50);
    let key = signer(1);
    items.truncate(40);
    let report = verify(items, vec![note(&edges[40], &[&key]), note(&edges[50], &[&key])], &trust(&key));
    assert_eq!((report.verdict, places(&report)), (Verdict::Tampered, vec![Some(40)]));
}

// AUD-04.
#[test]
fn two_histories_of_one_size_are_both_shown() {
    let (items, edges) = log(50);
    let key = signer(1);
    let other = Checkpoint { origin: ORIGIN.to_owned(), size: 50, root: [9; 32], at: None };
    let notes = vec![note(&edges[50], &[&key]), ("the witness's checkpoint".to_owned(), other.sign(&key))];
    let report = verify(items, notes, &trust(&key));
    assert_eq!(report.verdict, Verdict::Tampered);
    let both = report.findings.iter().find(|finding| finding.what.contains("different roots")).unwrap();
    assert!(both.what.matches(ORIGIN).count() == 2 && both.what.contains("the witness's checkpoint"), "{both:?}");
}

// AUD-06.
#[test]
fn a_key_counts_for_the_sizes_it_was_told_to_sign_for() {
    let (items, edges) = log(50);
    let (old, new) = (signer(1), signer(2));
    let listed = vec![(0, old.verifier()), (30, new.verifier())];
    let handed = || vec![note(&edges[20], &[&old]), note(&edges[30], &[&old, &new]), note(&edges[50], &[&new])];
    for key in [&old, &new] {
        let trust = Trust { keys: vec![key.verifier()], listed: listed.clone() };
        let report = verify(items.clone(), handed(), &trust);
        assert_eq!((report.verdict, report.checkpoints), (Verdict::Verified, 3), "either key leads to the other");
        let mut late = handed();
        late.push(note(&edges[40], &[&old]));
        let report = verify(items.clone(), late, &trust);
        assert_eq!(report.verdict, Verdict::Tampered, "the old key signed after it was changed for another");
    }
    let trust = Trust { keys: vec![new.verifier()], listed };
    let report = verify(items.clone(), vec![note(&edges[20], &[&old]), note(&edges[50], &[&new])], &trust);
    assert_eq!((report.verdict, report.unchecked.len()), (Verdict::Verified, 1), "nobody handed over");
    let forged = note(&edges[50], &[&new]).1.replace("\n50\n", "\n49\n");
    let report = verify(items, vec![("it".to_owned(), forged)], &trust);
    assert_eq!(report.verdict, Verdict::Tampered);
}

// AUD-07, AUD-10: what was erased or removed as the log says leaves everything else verified.
#[test]
fn what_may_be_gone_is_missing_and_nothing_else() {
    let (mut items, edges) = log(50);
    let key = signer(1);
    let notes = || vec![note(&edges[50], &[&key])];
    let Body::Open(opened) = &items[40].body else { panic!() };
    items[40].body = Body::Open(Opened::Redacted(opened.erase(&["/text".to_owned()]).unwrap()));
    let report = verify(items.clone(), notes(), &trust(&key));
    assert_eq!(report.verdict, Verdict::Verified);
    assert_eq!(report.erased[0].what, "entry 40: /text");
}

/// The log with an entry at its end that says these are pruned.
fn pruning(items: &mut Vec<Item>, edge: &mut Edge, places: &str) {
    let (place, body) = (edge.size(), format!("{{\"places\":\"{places}\",\"archive\":\"first\",\"by\":\"ada\"}}"));
    let opened = Opened::Whole { salt: Salt::new([9; 32]), body };
    let entry = i64::try_from(place).unwrap();
    let root = opened.root().unwrap();
    let leaf = Leaf { at: entry, entry, event: "pruned".to_owned(), call: None, previous: None, root };
    edge.push(leaf.hash(), |_, _| ());
    let name = format!("entry {place}");
    items.push(Item { place, name, hash: leaf.hash(), leaf: Some(leaf), body: Body::Open(opened) });
}

// AUD-10: what is gone is named, or it is missing from the record; the rest is as good as before.
#[test]
fn what_was_pruned_is_named_and_what_was_not_is_found() {
    let (items, edges) = log(50);
    let key = signer(1);
    let pruned = |told: &str, gone: &[usize]| {
        let (mut items, mut edge) = (items.clone(), edges[50].clone());
        pruning(&mut items, &mut edge, told);
        for place in gone {
            items[*place].body = Body::Gone;
        }
        let notes = vec![note(&edges[20], &[&key]), note(&edge, &[&key])];
        verify(items, notes, &trust(&key))
    };
    let report = pruned("0-9,12", &[0, 1, 2, 9, 12]);
    assert_eq!((report.verdict, report.missing.len(), report.checkpoints), (Verdict::Incomplete, 1, 2), "{report:?}");
    let what = &report.missing[0].what;
    assert!(what.contains("5 entries, at the places 0-2,9,12,") && what.contains("entry 50") && what.contains("first"));
    assert_eq!(report.bodies, 46);
    let report = pruned("0-9,12", &[2, 10, 11, 12]);
    assert_eq!((report.verdict, places(&report)), (Verdict::Tampered, vec![Some(10)]), "nobody agreed to that");
    for useless in ["0-9,50", "0-60", "09", ""] {
        assert_eq!(pruned(useless, &[2]).verdict, Verdict::Tampered, "{useless}");
    }
    let report = pruned("0-9", &[]);
    assert_eq!(report.verdict, Verdict::Verified, "what may be gone need not be");
}

#[test]
fn an_archive_has_what_is_gone_or_something_else() {
    let (mut items, edges) = log(50);
    let key = signer(1);
    let Body::Open(first) = items[0].body.clone() else { panic!() };
    items[0].body = Body::Archived(first.clone());
    let notes = || vec![note(&edges[50], &[&key])];
    let report = verify(items.clone(), notes(), &trust(&key));
    assert_eq!((report.verdict, report.bodies, report.archived), (Verdict::Verified, 50, 1));
    items[1].body = Body::Archived(first);
    let report = verify(items, notes(), &trust(&key));
    assert_eq!((report.verdict, places(&report)), (Verdict::Tampered, vec![Some(1)]));
}

#[test]
fn leaves_that_are_left_out_are_in_the_tree_by_their_hash() {
    let (items, edges) = log(50);
    let key = signer(1);
    let mut verifier = Verifier::new(ORIGIN, Claims::of(ORIGIN, vec![note(&edges[50], &[&key])], &trust(&key)));
    let mut low = Edge::default();
    items[16..32].iter().for_each(|item| low.push(item.hash, |_, _| ()));
    for item in &items[..16] {
        drop(verifier.look(item, 8));
    }
    drop(verifier.pass(4, low.root(), 8));
    for item in &items[32..] {
        drop(verifier.look(item, 8));
    }
    let report = verifier.end();
    assert_eq!((report.verdict, report.leaves, report.bodies), (Verdict::Incomplete, 50, 34), "{report:?}");
    assert!(report.missing[0].what.contains("16 leaves are not in this part of the record: those at 16-31"));
}
