# METADATA
# title: Databases
# description: >-
#   What a statement would do is read from its syntax tree. Reading runs; what nobody can read, what empties, rebuilds or
#   hands out rights, and what leaves for a chosen place waits for a person. Where it is strict, so does every change.
package countersign.database

sql := input.facts.sql

# A statement that starts a program on the database's own machine has left the database.
deny contains {
	"id": "host-program",
	"severity": "critical",
	"reason": "The statement would start a program on the database's machine.",
	"advice": "Leave it out. No task on data needs it.",
} if "host_exec" in sql.kinds

hold contains {
	"id": "unreadable",
	"severity": "high",
	"reason": "Nobody can say for certain what the statement does ({facts.sql.reasons}).",
	"advice": "Send one plain statement, without code in texts or blocks.",
	"reviewers": ["user"],
} if sql.complete == false

hold contains {
	"id": "drop",
	"severity": "critical",
	"reason": "Would drop or empty {facts.sql.writes}.",
	"advice": "Write a migration that people review.",
	"reviewers": ["role:reviewer"],
} if does({"drop", "truncate"})

hold contains {
	"id": "whole-table",
	"severity": "high",
	"reason": "Would change every row of {facts.sql.unbounded}.",
	"advice": "Add a WHERE clause that names the rows.",
	"reviewers": ["user"],
} if {
	some table in sql.unbounded
	table in sql.writes
}

# How many rows that is, where `data.json` says which tool of the server can count them. People see it, and it is counted
# again before the statement runs. A name that would need quotes is not put into a statement.
hold contains {
	"id": "rows",
	"severity": "high",
	"reason": "Would change every row of {facts.sql.unbounded}.",
	"advice": "Add a WHERE clause that names the rows.",
	"reviewers": ["user"],
	"preview": {
		"tool": counter.tool,
		"arguments": {counter.argument: sprintf("SELECT count(*) AS n FROM %s", [table])},
		"take": counter.take,
		"may_differ": counter.may_differ,
	},
} if {
	counter := data.database.counters[input.call.server]
	some table in sql.unbounded
	table in sql.writes
	regex.match(`^[a-z_][a-z0-9_]*([.][a-z_][a-z0-9_]*)?$`, table)
}

hold contains {
	"id": "schema-change",
	"severity": "high",
	"reason": "Would change the structure of {facts.sql.writes}.",
	"advice": "Write a migration that people review.",
	"reviewers": ["role:reviewer"],
} if rebuilds

# Granting, revoking, roles: all of them decide who may do what tomorrow.
hold contains {
	"id": "privileges",
	"severity": "critical",
	"reason": "Would change who may do what in the database.",
	"reviewers": ["role:reviewer"],
} if does({"grant", "role"})

hold contains {
	"id": "leaves",
	"severity": "critical",
	"reason": "Would move data to or from a place outside the database ({facts.sql.kinds}).",
	"advice": "Select the rows you need instead.",
	"reviewers": ["role:reviewer"],
} if does({"export", "import", "file_io", "network", "attach", "client_meta"})

hold contains {
	"id": "bulk-read",
	"severity": "high",
	"reason": "Would read all of {facts.sql.unbounded}, which holds more than everybody may see.",
	"advice": "Add a LIMIT of {data.exports.rows} or less, or a WHERE clause.",
	"reviewers": ["user"],
} if {
	some table in sql.unbounded
	guarded[table]
}

hold contains {
	"id": "erases-traces",
	"severity": "critical",
	"reason": "Would remove entries from a log ({facts.sql.writes}).",
	"reviewers": ["role:reviewer"],
} if {
	does({"delete", "update", "merge", "drop", "truncate"})
	some table in sql.writes
	regex.match(`(?i)(^|[._])(audit|logs?|history|events?)([._]|$)`, table)
}

hold contains {
	"id": "administration",
	"severity": "high",
	"reason": "Would change how the database itself runs.",
	"reviewers": ["role:reviewer"],
} if "admin" in sql.kinds

hold contains {
	"id": "production-write",
	"severity": "high",
	"reason": "Would change {facts.sql.writes} in {environment}.",
	"reviewers": ["user"],
} if {
	data.place.strict
	writes
}

does(kinds) if {
	some kind in sql.kinds
	kind in kinds
}

writes if count(sql.writes) > 0

writes if does({"insert", "update", "delete", "merge", "create", "call", "block", "dynamic", "execute"})

# Something new beside what is there harms nothing where it is relaxed.
rebuilds if "alter" in sql.kinds

rebuilds if {
	"create" in sql.kinds
	data.place.strict
}

# Tables the catalogue marks, by the name the statement uses. What it does not know counts where it is strict.
guarded contains thing.name if {
	some thing in input.facts.resources
	thing.kind == "table"
	data.database.guarded[thing.sensitivity]
}

guarded contains thing.name if {
	data.place.strict
	some thing in input.facts.resources
	thing.kind == "table"
	thing.known == false
}
