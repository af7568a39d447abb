use std::sync::atomic::{AtomicUsize, Ordering};

use crate::policy::decision::Effect;
use crate::policy::sample::{bundle, call, document, word};

use super::*;

const OPEN: &str = "package countersign.one\n\nallow contains {\"id\": \"open\"}\n\nwarn contains {\"id\": \"open\"}\n";
const SHUT: &str = "package countersign.one\n\ndeny contains {\"id\": \"shut\", \"reason\": \"shut\"}\n\nwarn contains {\"id\": \"shut\"}\n";

#[test]
fn each_judgement_under_reload_is_made_by_exactly_one_bundle() {
    // POL-08
    let judge = Judge::new(bundle(OPEN));
    let (open, shut) = (bundle(OPEN).digest(), bundle(SHUT).digest());
    let call = call("echo", "{}");
    let input = document(&call);
    let judged = [AtomicUsize::new(0), AtomicUsize::new(0)];
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                // Until both bundles have judged often enough, whoever was swapped in how often.
                while judged.iter().any(|count| count.load(Ordering::Relaxed) < 200) {
                    let judgement = judge.decide(&input, call.digest);
                    let (id, said, at) =
                        if judgement.bundle == open { ("open", "allow", 0) } else { ("shut", "Denied", 1) };
                    assert!(judgement.bundle == open || judgement.bundle == shut);
                    assert_eq!(word(&judgement), said);
                    assert!(
                        judgement.findings.iter().all(|finding| finding.id.as_deref() == Some(id)),
                        "{judgement:?}"
                    );
                    assert!(judgement.findings.iter().any(|finding| finding.effect == Effect::Warn));
                    judged[at].fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| {
            while judged.iter().any(|count| count.load(Ordering::Relaxed) < 200) {
                judge.swap(bundle(SHUT));
                judge.swap(bundle(OPEN));
            }
        });
    });
}

#[test]
fn without_policies_nothing_is_allowed() {
    // POL-13
    let call = call("echo", "{}");
    assert_eq!(word(&Judge::default().decide(&document(&call), call.digest)), "NoPolicy");
    assert_eq!(Judge::default().visible(&document(&call)), Visibility::Hidden);
}
