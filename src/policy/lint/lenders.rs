//! Does every credential a rule requires come from somebody, and is there a server that takes it?
//!
//! A rule that requires what nobody makes denies every call it speaks of. Only what stands there as a text is looked at; what
//! a rule makes while it runs is known when it has.

use std::collections::{BTreeMap, BTreeSet};

use super::findings::values;
use super::forms::Form;
use super::{did_you_mean, nearest, report};
use crate::policy::decision::Effect;
use crate::policy::problem::Problem;
use crate::policy::syntax::{Written, policy, text};

/// Who makes credentials, by their configured names, and which servers take them from each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lenders(pub BTreeMap<String, BTreeSet<String>>);

/// Looks at the credentials that are required in writing.
pub(super) fn check(written: &[Written<'_>], lenders: &Lenders, problems: &mut Vec<Problem>) {
    for rule in written {
        let effect = Effect::from_word(&rule.name()).filter(|_| policy(rule.module).is_some());
        if effect != Some(Effect::Require) {
            continue;
        }
        for form in values(rule.rule).into_iter().map(Form::of) {
            let credential = form.field("credential").map(|(_, credential)| Form::of(credential));
            let provider = credential.and_then(|credential| credential.field("provider"));
            let Some((expr, name)) = provider.and_then(|(_, expr)| Some((expr, text(expr)?))) else { continue };
            if let Some(what) = lenders.amiss(&name) {
                report(problems, expr.span(), "unknown-provider", what);
            }
        }
    }
}

impl Lenders {
    /// What is wrong with requiring a credential of this name.
    fn amiss(&self, name: &str) -> Option<String> {
        let Some(servers) = self.0.get(name) else {
            let known: Vec<String> = self.0.keys().map(|name| format!("`{name}`")).collect();
            let meant = did_you_mean(nearest(name, self.0.keys().map(String::as_str)));
            let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
            return Some(format!(
                "there is no [credentials.{name}], so every call this speaks of is denied.{meant} Known: {known}."
            ));
        };
        servers.is_empty().then(|| {
            format!(
                "no server takes what `{name}` makes, so every call this speaks of is denied. \
                 Add [[servers.NAME.credentials]] with from = \"{name}\"."
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::bundle::Bundle;
    use crate::policy::lint::Known;
    use crate::policy::sample::{problems, sources};

    /// What is said of a rule that requires this, where `shop` is taken by a server and `spare` by none.
    fn said(credential: &str) -> Vec<String> {
        let text = format!(
            "package countersign.p\n\nallow contains {{\"id\": \"all\", \"reason\": \"yes\"}}\n\n\
             require contains {{\n\t\"id\": \"r\",\n\t\"credential\": {credential},\n}} if input.call.tool == \"x\"\n"
        );
        assert_eq!(problems(&[&text], "{}"), [], "without a configuration nothing is said of\n{text}");
        let servers = BTreeSet::from(["crm".to_owned()]);
        let all = BTreeMap::from([("shop".to_owned(), servers), ("spare".to_owned(), BTreeSet::new())]);
        let known = Known { lenders: Some(Lenders(all)), reviewers: None };
        let found = Bundle::load_among(&sources(&[&text], "{}"), &known).err().unwrap_or_default();
        assert!(found.iter().all(|problem| problem.rule == "unknown-provider"), "{found:#?}");
        found.iter().map(|problem| format!("{} {}", problem.place, problem.what)).collect()
    }

    #[test]
    fn a_credential_nobody_makes_or_takes_is_told_with_its_place() {
        let of = |name: &str| format!("{{\"provider\": \"{name}\", \"ttl\": \"20s\"}}");
        assert_eq!(
            said(&of("shpo")),
            ["0.rego:7:30 there is no [credentials.shpo], so every call this speaks of is denied. \
              Did you mean `shop`? Known: `shop`, `spare`."]
        );
        let unused = said(&of("spare"));
        assert!(unused[0].starts_with("0.rego:7:30 no server takes what `spare` makes"), "{unused:?}");
        assert_eq!(said(&of("shop")), Vec::<String>::new());
        // What is made while the rule runs is known when it has.
        assert_eq!(said("{\"provider\": input.call.server}"), Vec::<String>::new());
    }
}
