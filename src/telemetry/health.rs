//! Is the gateway ready for calls, and if not, why not?
//!
//! What makes every call fail makes it not ready, so that calls are sent elsewhere: a record that cannot be written, no
//! policy, a database that does not answer, a clock that is far off, the end. What somebody should look at is said and
//! changes nothing. Whoever asks learns nothing of servers, callers or rules: nobody has to prove who they are here.

use std::time::Duration;

use serde_json::{Value, json};

use super::look::{Answers, Looked, Offset};
use crate::gateway::Gateway;

/// A clock this far off is worth a word.
const OFF: Duration = Duration::from_secs(1);
/// And this far off nothing that has a time is what it says.
const FAR_OFF: Duration = Duration::from_secs(30);
/// More than this is not between two anchors.
const BEHIND: Duration = Duration::from_mins(2);

/// Everything readiness is made of.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Whether the last entry could be written.
    pub record: bool,
    /// Why nothing new runs because of a sink that must be told, if that is so.
    pub sinks: Option<String>,
    /// Whether there are policies.
    pub policy: bool,
    /// Whether it is being stopped.
    pub leaving: bool,
    /// What the database said.
    pub looked: Looked,
    /// How far behind the log is, once it says so.
    pub log: Option<Duration>,
    /// How far behind the anchors are, once they say so.
    pub anchor: Option<Duration>,
    /// Open sessions.
    pub sessions: usize,
}

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stands {
    /// Well.
    Well,
    /// Somebody should look.
    Badly,
    /// Calls are refused.
    Fails,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// How it stands.
    pub stands: Stands,
    /// Why, and what to do; nothing where it stands well.
    pub reason: String,
}

/// What came of looking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Each thing, in the order in which it matters.
    pub checks: Vec<Check>,
    /// Open sessions.
    pub sessions: usize,
}

impl Report {
    /// From everything that is known.
    pub fn of(facts: &Facts) -> Self {
        let checks = vec![
            check("record", facts.record, "the record cannot be written, so every call is refused; look at the disk"),
            match &facts.sinks {
                None => well("sinks"),
                Some(why) => fails("sinks", &format!("every call is refused: {why}")),
            },
            check(
                "policy",
                facts.policy,
                "no policy is loaded, so every call is refused; see `countersign policy check`",
            ),
            match facts.looked.database {
                Answers::Yes => well("database"),
                Answers::No => {
                    fails("database", "the database does not answer; look whether it runs and can be reached")
                }
            },
            facts.looked.clock.map_or_else(|| well("clock"), clock),
            behind("log", facts.log, "holds what was written"),
            behind("anchor", facts.anchor, "was anchored outside"),
            check("running", !facts.leaving, "the gateway is being stopped and takes no new calls"),
        ];
        Self { checks, sessions: facts.sessions }
    }

    /// How all of it stands.
    pub fn stands(&self) -> Stands {
        self.checks.iter().map(|check| check.stands).max().unwrap_or(Stands::Well)
    }

    /// Whether calls should be sent here.
    pub fn is_ready(&self) -> bool {
        self.stands() != Stands::Fails
    }

    /// One word for all of it.
    pub fn word(&self) -> &'static str {
        let degraded = |check: &Check| check.stands == Stands::Fails && matches!(check.name, "record" | "sinks");
        match self.stands() {
            Stands::Well => "ready",
            Stands::Badly => "ready, but",
            Stands::Fails if self.checks.iter().any(degraded) => "degraded",
            Stands::Fails => "not ready",
        }
    }

    /// For people, one line for each reason.
    pub fn text(&self) -> String {
        let reasons = self.checks.iter().filter(|check| check.stands != Stands::Well);
        let lines: Vec<String> = reasons.map(|check| format!("{}: {}", self.word(), check.reason)).collect();
        if lines.is_empty() {
            format!("ready, {} sessions\n", self.sessions)
        } else {
            format!("{}\n", lines.join("\n"))
        }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let word = |stands| match stands {
            Stands::Well => "ok",
            Stands::Badly => "warn",
            Stands::Fails => "fail",
        };
        let one = |check: &Check| match check.stands {
            Stands::Well => json!({ "name": check.name, "status": "ok" }),
            stands => json!({ "name": check.name, "status": word(stands), "reason": check.reason }),
        };
        json!({
            "status": word(self.stands()),
            "ready": self.is_ready(),
            "sessions": self.sessions,
            "checks": self.checks.iter().map(one).collect::<Vec<_>>(),
        })
    }
}

/// Looks at everything.
pub async fn readiness(gateway: &Gateway) -> Report {
    let looked = gateway.lookout.look(gateway).await;
    let now = gateway.clock.now();
    Report::of(&Facts {
        record: gateway.recorder.healthy(),
        sinks: gateway.recorder.held_up(),
        policy: gateway.judge.digest().is_some(),
        leaving: gateway.is_leaving(),
        log: gateway.metrics.log.behind(now),
        anchor: gateway.metrics.anchor.behind(now),
        sessions: gateway.sessions.count(),
        looked,
    })
}

fn clock(offset: Offset) -> Check {
    let (off, direction) = (offset.size(), if offset.is_ahead() { "ahead of" } else { "behind" });
    let reason = format!(
        "the clock of this machine is {:.1} s {direction} the database's, by which everything is timed; set it right (NTP)",
        off.as_secs_f64()
    );
    let stands = match off {
        off if off > FAR_OFF => Stands::Fails,
        off if off > OFF => Stands::Badly,
        _ => return well("clock"),
    };
    Check { name: "clock", stands, reason }
}

fn behind(name: &'static str, by: Option<Duration>, what: &str) -> Check {
    match by.filter(|by| *by > BEHIND) {
        Some(by) => Check {
            name,
            stands: Stands::Badly,
            reason: format!(
                "the log {what} up to {} s ago and no later; look into the gateway's own log",
                by.as_secs()
            ),
        },
        None => well(name),
    }
}

fn check(name: &'static str, stands_well: bool, reason: &str) -> Check {
    if stands_well { well(name) } else { fails(name, reason) }
}

fn fails(name: &'static str, reason: &str) -> Check {
    Check { name, stands: Stands::Fails, reason: reason.to_owned() }
}

const fn well(name: &'static str) -> Check {
    Check { name, stands: Stands::Well, reason: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        let looked = Looked { database: Answers::Yes, clock: Some(Offset(0)) };
        Facts { record: true, sinks: None, policy: true, leaving: false, looked, log: None, anchor: None, sessions: 3 }
    }

    fn clock(seconds: i64, millis: i64) -> Facts {
        let looked = Looked {
            clock: Some(Offset(seconds.saturating_mul(1_000_000).saturating_add(millis.saturating_mul(1000)))),
            ..facts().looked
        };
        Facts { looked, ..facts() }
    }

    #[test]
    fn each_reason_is_said() {
        // STO-01, POL-13, TIM-03, AUD-05.
        let dead = Looked { database: Answers::No, clock: None };
        let cases = [
            (facts(), "ok", "ready, 3 sessions"),
            (Facts { record: false, ..facts() }, "fail", "degraded: the record cannot be written"),
            (
                Facts { sinks: Some("siem is behind".to_owned()), ..facts() },
                "fail",
                "degraded: every call is refused: siem is behind",
            ),
            (Facts { policy: false, ..facts() }, "fail", "not ready: no policy is loaded"),
            (Facts { leaving: true, ..facts() }, "fail", "not ready: the gateway is being stopped"),
            (Facts { looked: dead, ..facts() }, "fail", "not ready: the database does not answer"),
            (clock(1, 0), "ok", "ready, 3 sessions"),
            (clock(-1, -1), "warn", "ready, but: the clock of this machine is 1.0 s ahead of the database"),
            (clock(30, 0), "warn", "ready, but: the clock of this machine is 30.0 s behind"),
            (clock(300, 0), "fail", "not ready: the clock of this machine is 300.0 s behind"),
            (clock(-31, 0), "fail", "not ready: the clock of this machine is 31.0 s ahead of"),
            (Facts { anchor: Some(BEHIND), ..facts() }, "ok", "ready, 3 sessions"),
            (
                Facts { anchor: Some(Duration::from_secs(121)), ..facts() },
                "warn",
                "ready, but: the log was anchored outside up to 121 s ago",
            ),
            (
                Facts { log: Some(Duration::from_mins(10)), ..facts() },
                "warn",
                "ready, but: the log holds what was written up to 600 s ago",
            ),
        ];
        for (facts, status, text) in cases {
            let report = Report::of(&facts);
            assert!(report.text().starts_with(text), "{text}: {}", report.text());
            let told = report.json();
            assert_eq!(told["status"], status, "{told}");
            assert_eq!(told["ready"], status != "fail", "{told}");
            let wrong = told["checks"].as_array().unwrap().iter().filter(|check| check["status"] != "ok").count();
            assert_eq!(wrong, usize::from(status != "ok"), "{told}");
        }
    }

    #[test]
    fn two_reasons_are_two_lines() {
        let report = Report::of(&Facts { record: false, policy: false, ..facts() });
        assert_eq!(report.text().lines().count(), 2);
        assert!(report.text().lines().all(|line| line.starts_with("degraded: ")));
    }
}
