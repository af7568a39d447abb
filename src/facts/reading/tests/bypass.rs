//! Every known way to write a place so that it does not look like itself, read as a call's arguments are.

use super::*;

/// Kind, how it is usually written, and how it was written to slip by.
const CORPUS: &str = include_str!("../../../../tests/facts/bypass.jsonl");

/// What a rule could compare, and whether it may rely on it.
fn seen(kind: &str, text: &str) -> (String, bool, String) {
    let style = if kind == "windows" { Style::Windows } else { Style::Posix };
    let as_told = match kind {
        "url" => Kind::Url,
        "table" => sql(),
        _ => Kind::Path(Paths { style: Some(style), ..Paths::default() }),
    };
    let arguments = Value::Object(crate::object! { "x" => text });
    let asked = Asked { server: "s", tool: Some("t"), address: None, arguments: Some(&arguments) };
    let plan = plan(&[("x", as_told)], &[]);
    let facts = read(&asked, plan.of_tool("t"), &catalogue());
    let words = if kind == "url" {
        let url = &facts.urls[0].facts;
        format!("{:?} {:?} {:?}", url.host, url.host_kind, url.path)
    } else {
        let path = &facts.paths[0];
        assert_eq!(path.raw, text, "the raw value stays available");
        format!("{} {:?}", path.facts.path, path.facts.sensitive)
    };
    let known = facts.resources.iter().map(|resource| resource.tags.sensitivity.as_str()).collect::<Vec<_>>().join(" ");
    (words, facts.complete, known)
}

fn catalogue() -> Catalogue {
    let entry = |kind, pattern: &str, word: &str| Entry {
        pattern: Pattern::read(kind, pattern).unwrap(),
        server: None,
        tags: Tags { sensitivity: word.to_owned(), ..Tags::default() },
    };
    let all = [
        (Thing::Host, "169.254.169.254"),
        (Thing::Host, "127.0.0.1"),
        (Thing::Host, "evil.example"),
        (Thing::Host, "localhost"),
        (Thing::Host, "metadata.google.internal"),
        (Thing::Host, "xn--bcher-kva.example"),
        (Thing::Path, "/etc/**"),
        (Thing::Path, "/home/bob/**"),
        (Thing::Path, "C:/Windows/**"),
        (Thing::Table, "crm.customers"),
    ];
    let public =
        [(Thing::Host, "good.example"), (Thing::Path, "/srv/work/**")].map(|(kind, text)| entry(kind, text, "public"));
    Catalogue::new(all.map(|(kind, text)| entry(kind, text, "secret")).into_iter().chain(public).collect()).unwrap()
}

#[test]
fn no_way_of_writing_it_makes_another_place_of_it() {
    // POL-11
    let rows: Vec<[String; 3]> = CORPUS.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(rows.len() >= 200, "{}", rows.len());
    let mut faults = Vec::new();
    for [kind, plain, written] in &rows {
        if kind == "table" {
            let known = catalogue().about(Thing::Table, written, Access::Read, "s");
            if known[0].tags.sensitivity != "secret" {
                faults.push(format!("{kind} {written:?}: {known:?}"));
            }
            continue;
        }
        let (expected, certain, tagged) = seen(kind, plain);
        assert!(certain, "{plain} is the plain form");
        let (words, complete, known) = seen(kind, written);
        let same = words == expected && known == tagged;
        if complete && !same || known.contains("public") {
            faults.push(format!("{kind} {written:?}: {words} {known}, and not {expected} {tagged}"));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), rows.len(), faults.join("\n"));
}
