//! Which calls wait in these stories, and who is told of them?

/// Three rooms, each with its own channel and its own letters, because one alone would be told of many calls at once.
pub(super) const ROOMS: &str = r#"package countersign.held

allow contains {"id": "all", "reason": "A story."}

hold contains {"id": "one", "reason": "Somebody must look.", "reviewers": ["role:reviewer"], "severity": "low"} if {
	input.call.arguments.room == 1
}

hold contains {"id": "two", "reason": "Somebody must look.", "reviewers": ["role:reviewer"], "severity": "low"} if {
	input.call.arguments.room == 2
}

hold contains {"id": "three", "reason": "Somebody must look.", "reviewers": ["role:reviewer"], "severity": "low"} if {
	input.call.arguments.room == 3
}
"#;

pub(super) const TO_ROOMS: &str = r#"
[[routes]]
rules = ["held/one"]
to = ["team:C1", "post:ida1@example.com", "ops"]
[[routes]]
rules = ["held/two"]
to = ["team:C2", "post:ida2@example.com", "ops"]
[[routes]]
rules = ["held/three"]
to = ["team:C3", "post:ida3@example.com", "ops"]
"#;

pub(super) const TWO: &str = r#"package countersign.held

allow contains {"id": "all", "reason": "A story."}

hold contains {"id": "two", "reason": "Two must look.", "reviewers": ["role:reviewer"], "quorum": 2, "severity": "low"}
"#;

pub(super) const TIERS: &str = r#"package countersign.held

allow contains {"id": "all", "reason": "A story."}

hold contains {"id": "tiers", "reason": "Somebody must look.", "reviewers": ["role:reviewer"], "severity": "low", "ttl": "12s", "escalate": {"after": "4s", "to": ["group:sec"]}}
"#;

pub(super) const BY_TIERS: &str = r#"
[on_call.sec]
people = ["una"]
start = "2026-11-02T08:00:00Z"
[[routes]]
asked = ["role:reviewer"]
to = ["post:ida@example.com"]
[[routes]]
asked = ["group:sec"]
to = ["on_call:sec", "ops"]
"#;

pub(super) const LOW: &str = r#"package countersign.held

allow contains {"id": "all", "reason": "A story."}

hold contains {"id": "ask", "reason": "Somebody must look.", "reviewers": ["role:reviewer"], "severity": "low"}
"#;

pub(super) const TO_ONE: &str = "\n[[routes]]\nto = [\"team\", \"post:ida@example.com\"]\n";

pub(super) const LOW_AND_HIGH: &str = r#"package countersign.held

allow contains {"id": "all", "reason": "A story."}

hold contains {"id": "low", "reason": "Somebody must look.", "reviewers": ["role:reviewer"], "severity": "low"} if {
	input.call.arguments.bad == false
}

hold contains {"id": "high", "reason": "Somebody must look.", "reviewers": ["role:reviewer"], "severity": "high"} if {
	input.call.arguments.bad == true
}
"#;

/// It is always night.
pub(super) const AT_NIGHT: &str = r#"
[people.ida.quiet]
zone = "UTC"
[[routes]]
to = ["team", "person:ida"]
"#;
