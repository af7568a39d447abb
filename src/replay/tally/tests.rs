use super::*;
use crate::replay::said::Spoken;

fn said(verdict: Verdict, code: Option<&str>, findings: &[(&str, &str, &str)]) -> Said {
    let spoken = |&(effect, name, reason): &(&str, &str, &str)| Spoken {
        effect: effect.to_owned(),
        name: name.to_owned(),
        reason: Some(reason.to_owned()),
    };
    Said { verdict, code: code.map(str::to_owned), findings: findings.iter().map(spoken).collect() }
}

#[test]
fn a_change_has_a_kind_and_a_cause() {
    use Verdict::{Allow, Deny, Hold};
    let all = ("allow", "story/all", "fine");
    let drop = ("deny", "db/drop", "no");
    let ask = ("hold", "pay/two", "ask");
    let allowed = said(Allow, None, &[all]);
    let denied = said(Deny, Some("denied"), &[all, drop]);
    let held = said(Hold, None, &[all, ask]);
    let nobody = said(Deny, Some("no_rule_allowed"), &[]);
    let failed = said(Deny, Some("policy_error"), &[]);
    let hidden = said(Deny, Some("hidden"), &[all, ("hide", "db/hidden", "no")]);
    let reworded = said(Allow, None, &[("allow", "story/all", "very fine")]);
    let warned = said(Allow, None, &[all, ("warn", "db/look", "look")]);
    let table = [
        (&allowed, &allowed, Kind::Same, "no finding"),
        (&denied, &allowed, Kind::NewlyAllowed, "db/drop no longer"),
        (&held, &allowed, Kind::NewlyAllowed, "pay/two no longer"),
        (&nobody, &allowed, Kind::NewlyAllowed, "story/all"),
        (&failed, &allowed, Kind::NewlyAllowed, "policy_error no longer"),
        (&allowed, &held, Kind::NewlyHeld, "pay/two"),
        (&denied, &held, Kind::NewlyHeld, "pay/two instead of db/drop"),
        (&allowed, &denied, Kind::NewlyDenied, "db/drop"),
        (&held, &denied, Kind::NewlyDenied, "db/drop instead of pay/two"),
        (&allowed, &nobody, Kind::NewlyDenied, "story/all no longer"),
        (&allowed, &failed, Kind::NewlyDenied, "policy_error"),
        (&denied, &hidden, Kind::OtherReasons, "db/hidden instead of db/drop"),
        (&allowed, &reworded, Kind::OtherReasons, "story/all instead of story/all"),
        (&allowed, &warned, Kind::OtherReasons, "db/look"),
        (&nobody, &failed, Kind::OtherReasons, "policy_error instead of no_rule_allowed"),
    ];
    for (old, new, kind, because) in table {
        let change = Change::between(old, new);
        assert_eq!((change.kind, change.because().as_str()), (kind, because), "{old:?} {new:?}");
    }
}
