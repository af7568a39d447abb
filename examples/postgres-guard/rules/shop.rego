# METADATA
# title: The shop's database
# description: Reads run. What writes waits for a reviewer. What changes the structure, or cannot be read, never runs.
package countersign.shop

import future.keywords.not

sql := input.facts.sql

# What the server says of its tables needs no password of anybody.
allow contains {"id": "work", "reason": "The agent works with the shop."}

require contains {
	"id": "login",
	"reason": "Every statement runs with a login of its own.",
	"credential": {"provider": "shop-db", "ttl": "30s"},
} if sql

deny contains {
	"id": "unreadable",
	"reason": "Nobody can say what this statement would do.",
	"advice": "Send one plain statement.",
} if sql.complete == false

deny contains {
	"id": "structure",
	"severity": "critical",
	"reason": "An agent reads and changes rows, and nothing else.",
} if {
	some kind in sql.kinds
	not kind in {"select", "insert", "update", "delete"}
}

deny contains {
	"id": "everything",
	"severity": "critical",
	"reason": "This would touch every row of a table.",
	"advice": "Add a WHERE clause.",
} if {
	sql.read_only == false
	some relation in sql.writes
	relation in sql.unbounded
}

hold contains {
	"id": "write",
	"severity": "high",
	"reason": "It changes rows.",
	"reviewers": ["role:reviewer"],
	"ttl": "30m",
} if sql.read_only == false

# The tools that need no statement would need a login for the whole database.
deny contains {
	"id": "whole",
	"reason": "This tool looks at the whole database.",
	"advice": "Ask with a statement: the tables are orders and customers.",
} if {
	input.call.tool
	not sql
}
