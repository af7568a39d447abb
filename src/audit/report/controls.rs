//! Which controls does an auditor ask about, and which entries are the evidence?
//!
//! Each names the entries by the very command that exports them, so that whoever doubts a number can have what was counted. The
//! mapping says where to look. It says nothing of whether a control is met: that is for an auditor, who knows what else there is.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

/// One control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// Of which framework.
    pub framework: Framework,
    /// Its number there.
    pub id: &'static str,
    /// What is asked, in a few words.
    pub asks: &'static str,
    /// What the entries show.
    pub evidence: &'static str,
    /// Their codes; none for all.
    pub events: &'static [&'static str],
}

/// A framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Framework {
    /// AICPA Trust Services Criteria.
    Soc2,
    /// The Security Rule.
    Hipaa,
    /// Revision 5.
    Nist,
    /// Annex A and clauses.
    Iso42001,
    /// Regulation (EU) 2024/1689.
    EuAiAct,
}

impl Framework {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Soc2, Self::Hipaa, Self::Nist, Self::Iso42001, Self::EuAiAct];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Soc2 => "SOC 2 (Trust Services Criteria)",
            Self::Hipaa => "HIPAA Security Rule (45 CFR 164)",
            Self::Nist => "NIST SP 800-53 Rev. 5",
            Self::Iso42001 => "ISO/IEC 42001:2023",
            Self::EuAiAct => "EU AI Act (Regulation 2024/1689)",
        }
    }

    /// Its controls.
    pub fn controls(self) -> impl Iterator<Item = &'static Control> {
        ALL.iter().filter(move |control| control.framework == self)
    }
}

const COMING_IN: &[&str] = &["arrived", "rejected", "session"];
const JUDGED: &[&str] = &["decided", "refused", "released"];
const PEOPLE: &[&str] = &["held", "viewed", "voted", "claimed", "settled"];
const OVERSIGHT: &[&str] = &["held", "viewed", "rushed", "questioned", "explained", "edited", "escalated", "voted"];
const BEYOND: &[&str] = &["voted", "grant_made", "grant_used", "grant_ended"];
const RAN: &[&str] = &["dispatched", "finished"];
const CHANGED: &[&str] = &["operated", "definition"];
const STOPPED: &[&str] = &["settled", "cancelled", "grant_ended"];
const LOOKED: &[&str] = &["operated", "viewed"];
const BROKEN: &[&str] = &["fault", "operated"];
const ALL_OF_IT: &[&str] = &[];

const fn control(
    framework: Framework,
    (id, asks): (&'static str, &'static str),
    evidence: &'static str,
    events: &'static [&'static str],
) -> Control {
    Control { framework, id, asks, evidence, events }
}

use Framework::{EuAiAct, Hipaa, Iso42001, Nist, Soc2};

/// All of them.
pub const ALL: [Control; 32] = [
    control(
        Soc2,
        ("CC4.1", "The controls are themselves looked at"),
        "Exports and reports taken, sign-ins of reviewers, calls they opened",
        LOOKED,
    ),
    control(
        Soc2,
        ("CC6.1", "Access is restricted to who is known"),
        "Each caller with how they were proven, and everybody who was not let in",
        COMING_IN,
    ),
    control(
        Soc2,
        ("CC6.3", "Access follows roles and separated duties"),
        "Who agreed to which call, in which part, and what they agreed to beyond it",
        BEYOND,
    ),
    control(
        Soc2,
        ("CC7.2", "Anomalies are noticed"),
        "What was refused or rejected and why, what results were withheld, our own faults",
        &["refused", "rejected", "released", "fault"],
    ),
    control(
        Soc2,
        ("CC8.1", "Changes are authorised"),
        "Policies loaded and refused, keys made and revoked, tool definitions that changed and who agreed",
        CHANGED,
    ),
    control(
        Soc2,
        ("PI1.1", "Processing is complete and accurate"),
        "What was sent where and how it came out, with the digest of each result",
        RAN,
    ),
    control(
        Hipaa,
        ("164.308(a)(1)(ii)(D)", "Activity is reviewed regularly"),
        "Exports and reports taken, calls opened by reviewers",
        LOOKED,
    ),
    control(Hipaa, ("164.308(a)(4)", "Access is authorised"), "Approvals, grants and their ends", BEYOND),
    control(
        Hipaa,
        ("164.312(a)(1)", "Only those with rights have access"),
        "What the rules said of each call and each result",
        JUDGED,
    ),
    control(Hipaa, ("164.312(b)", "Activity is recorded and examined"), "The whole record of the period", ALL_OF_IT),
    control(
        Hipaa,
        ("164.312(c)(1)", "Nothing is altered improperly"),
        "Tool definitions first seen, changed and agreed to; results by their digests",
        &["definition", "finished"],
    ),
    control(
        Hipaa,
        ("164.312(d)", "Persons and entities are authenticated"),
        "Each caller with how they were proven, and those who were not",
        COMING_IN,
    ),
    control(
        Nist,
        ("AC-3", "Access enforcement"),
        "The decision about each call with the rules that made it, before anything was sent",
        JUDGED,
    ),
    control(
        Nist,
        ("AC-5", "Separation of duties"),
        "Each vote with person, account and part: confirmed by the person concerned, or countersigned by another",
        &["voted"],
    ),
    control(Nist, ("AC-6(9)", "Use of privileges is logged"), "Everything that was sent to a server", &["dispatched"]),
    control(Nist, ("AU-2, AU-12", "Events are logged"), "The whole record of the period", ALL_OF_IT),
    control(
        Nist,
        ("AU-3", "Records say what, when, where, who, and how it ended"),
        "Arrivals with caller and source, endings with outcome",
        &["arrived", "finished"],
    ),
    control(Nist, ("AU-5", "Failure to log is answered"), "Faults, and when the record could be written again", BROKEN),
    control(Nist, ("AU-6", "Records are reviewed"), "Exports and reports taken, calls opened by reviewers", LOOKED),
    control(
        Nist,
        ("AU-10", "Approvals cannot be repudiated"),
        "Votes with the digest each person saw, and the passkey signature where there is one",
        &["voted"],
    ),
    control(
        Nist,
        ("CM-3", "Configuration changes are controlled"),
        "Policies loaded and refused, keys, agreed tool definitions",
        CHANGED,
    ),
    control(
        Nist,
        ("SI-7", "Integrity is verified"),
        "Tool definitions first seen, changed and agreed to",
        &["definition"],
    ),
    control(
        Iso42001,
        ("9.1", "Monitoring, measurement, analysis"),
        "Exports and reports taken, calls opened by reviewers",
        LOOKED,
    ),
    control(
        Iso42001,
        ("A.6.2.8", "Event logs of the AI system are recorded"),
        "The whole record of the period",
        ALL_OF_IT,
    ),
    control(
        Iso42001,
        ("A.9.2", "Processes for responsible use"),
        "Calls that waited for people, and how each ended",
        PEOPLE,
    ),
    control(
        Iso42001,
        ("A.9.3", "Objectives for responsible use"),
        "How people oversee: what they opened, asked, changed, and how fast they agreed",
        OVERSIGHT,
    ),
    control(EuAiAct, ("Art. 12(1)", "Events are recorded automatically"), "The whole record of the period", ALL_OF_IT),
    control(
        EuAiAct,
        ("Art. 12(2)", "Logs show risk situations and allow monitoring"),
        "What the rules said of each call and each result",
        JUDGED,
    ),
    control(
        EuAiAct,
        ("Art. 14(4)(a)–(d)", "People understand, and can disregard or override"),
        "What people were shown, asked, changed and decided, and how fast",
        OVERSIGHT,
    ),
    control(
        EuAiAct,
        ("Art. 14(4)(e)", "People can intervene or stop"),
        "Calls ended before or while they ran, grants taken back",
        STOPPED,
    ),
    control(
        EuAiAct,
        ("Art. 26(5)", "The deployer monitors operation"),
        "Exports and reports taken, calls opened by reviewers",
        LOOKED,
    ),
    control(
        EuAiAct,
        ("Art. 19(1), 26(6)", "Logs are kept, six months at least"),
        "The whole record of the period; how far the record reaches back is said at the top",
        ALL_OF_IT,
    ),
];
