# METADATA
# title: Leaving in bulk
# description: An agent may look at some rows, not carry off the table.
package countersign.exports

import future.keywords.not

deny contains {
	"id": "too-many-rows",
	"severity": "high",
	"reason": "{call.tool} may bring out {data.exports.rows} rows at a time, and more were asked for.",
	"advice": "Repeat the call with a limit of {data.exports.rows} or less, or ask only for what the task needs.",
} if {
	input.call.method == "tools/call"
	exports
	some amount in wanted
	not_within(amount)
}

deny contains {
	"id": "without-limit",
	"severity": "high",
	"reason": "{call.tool} without a limit brings out everything.",
	"advice": "Repeat the call with a `limit` of {data.exports.rows} or less.",
} if {
	input.call.method == "tools/call"
	exports
	count(wanted) == 0
	not excepted
}

withhold contains {
	"id": "too-many-rows-came",
	"severity": "high",
	"reason": "{result.rows} rows came back; {data.exports.most.rows} may leave at a time.",
	"advice": "Ask for fewer rows: a LIMIT, a filter, or a count.",
} if {
	input.result.rows > data.exports.most.rows
	carries_rows
}

withhold contains {
	"id": "too-much-came",
	"severity": "high",
	"reason": "{result.bytes} bytes came back; {data.exports.most.bytes} may leave at a time.",
	"advice": "Ask for fewer rows or fewer columns.",
} if {
	input.result.bytes > data.exports.most.bytes
	carries_rows
}

carries_rows if exports

carries_rows if input.facts.sql

# The word may stand anywhere in the name: `export_customers`, `customers-dump`.
exports if regex.match(`(?i)(^|[_.-])(export|dump)([_.-]|$)`, input.call.target)

# The arguments that say how much is wanted. Servers have no common word for it.
wanted contains amount if {
	some name, amount in input.call.arguments
	data.exports.arguments[name]
}

# A number between one and the most that may leave. Zero and below often mean everything, and text is no number.
not_within(amount) if is_number(amount) == false

not_within(amount) if amount > data.exports.rows

not_within(amount) if amount < 1

# Tools that have no limit and need none, by server.
excepted if data.exports.except[input.call.server][input.call.target]
