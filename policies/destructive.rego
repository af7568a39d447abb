# METADATA
# title: What cannot be undone
# description: >-
#   Tools that say by their name that they take everything at once are refused. A name is what a server cannot hide;
#   its hints are claims, so a hint can only make things stricter, unless the operator marked the server as trusted.
package countersign.destructive

import future.keywords.not

deny contains {
	"id": "destroys",
	"severity": "critical",
	"reason": "{call.tool} destroys things that cannot be brought back.",
	"advice": "Describe the change and ask a person to make it, with a migration that can be reviewed.",
} if {
	input.call.method == "tools/call"
	named
	not excepted
}

warn contains {
	"id": "says-it-destroys",
	"severity": "medium",
	"reason": "{call.server} says that {call.tool} may destroy.",
} if {
	input.call.method == "tools/call"
	input.tool.annotations.destructiveHint
	input.tool.trusted == false
}

# `drop_table` and `dropTable` begin with the word `drop`; `dropdown` does not.
named if regex.match(`^(?i:drop|truncate|wipe|purge|destroy|erase)([_A-Z.-]|$)`, input.call.target)

named if data.destructive.tools[input.call.target]

# Tools whose name sounds worse than it is, by server.
excepted if data.destructive.except[input.call.server][input.call.target]
