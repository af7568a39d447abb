# METADATA
# title: Nothing is destroyed
# description: >-
#   Tools whose names say that they destroy are not called by an agent. Names are all this set goes by; what a statement
#   really does is for rules over facts.
package countersign.destructive

destroys if {
	some word in data.destructive.words
	some part in split(lower(input.call.tool), "_")
	part == word
}

deny contains {
	"id": "by-name",
	"severity": "critical",
	"reason": "`{call.tool}` destroys, and agents do not destroy.",
	"advice": "Describe what should go and ask a person to do it.",
} if {
	input.call.method == "tools/call"
	destroys
}

# A hint is the server's own word: it may tighten, and this only puts it on record.
warn contains {
	"id": "says-so",
	"severity": "medium",
	"reason": "The server itself calls `{call.tool}` destructive.",
} if {
	input.call.method == "tools/call"
	input.tool.annotations.destructiveHint
	input.tool.annotations.readOnlyHint == false
	input.tool.trusted == false
}
