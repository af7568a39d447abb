# METADATA
# title: Changed tools
# description: >-
#   A tool whose definition is not the one that was agreed to waits for `countersign pins agree`. The gateway refuses it
#   by itself; this says so in the words of policy, and keeps it true when the other rules are replaced.
package countersign.drift

deny contains {
	"id": "changed-tool",
	"severity": "high",
	"reason": "The definition of {call.server}/{call.tool} changed since it was agreed to.",
	"advice": "Use another tool, or ask the operator to look at it: countersign pins agree {call.server} {call.tool}",
} if {
	input.call.method == "tools/call"
	input.tool.changed
}
