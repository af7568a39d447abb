# METADATA
# title: Tools nobody has looked at
# description: >-
#   The other policies know what a tool does by its arguments or its name. A tool that none of them knows, and that does
#   not say by its name that it only reads, is noted; where it is strict it waits. Name it in data once somebody has looked.
package countersign.unknown

import future.keywords.not

hold contains {
	"id": "unmapped-tool",
	"severity": "medium",
	"reason": "No policy knows what {call.server}/{call.tool} does.",
	"advice": "Ask the operator to look at the tool and to name it in data.unknown.known.",
	"reviewers": ["user"],
} if {
	data.place.strict
	unmapped
}

warn contains {
	"id": "unmapped-tool",
	"severity": "low",
	"reason": "No policy knows what {call.server}/{call.tool} does.",
} if {
	data.place.relaxed
	unmapped
}

# Arguments that should have been read and could not be.
hold contains {
	"id": "unread-arguments",
	"severity": "high",
	"reason": "Not all arguments could be read ({facts.reasons}).",
	"advice": "Send fewer at once, each as a plain text.",
	"reviewers": ["user"],
} if count(input.facts.reasons) > 0

unmapped if {
	input.call.method == "tools/call"
	not data.unknown.known[input.call.server][input.call.target]
	not data.unknown.tools[input.call.target]
	not read_by_facts
	not reads
}

# The word of a server that the operator trusts counts; anybody else's does not.
reads if {
	input.tool.trusted
	input.tool.annotations.readOnlyHint
}

reads if regex.match(`^(?i:get|list|read|search|find|show|describe|view|count|look_?up|status|check|whoami|ping|help)([_A-Z.-]|$)`, input.call.target)

read_by_facts if input.facts.sql

read_by_facts if input.facts.shell

read_by_facts if input.facts.money

read_by_facts if count(input.facts.paths) > 0

read_by_facts if count(input.facts.urls) > 0
