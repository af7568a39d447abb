# METADATA
# title: A tool stays what it was
# description: The gateway refuses changed tools before rules are asked; this says the same in Rego, for whoever reads.
package countersign.drift

deny contains {
	"id": "changed",
	"severity": "high",
	"reason": "The definition of `{call.tool}` changed since it was agreed to.",
	"advice": "Somebody has to look at the change: countersign pins show {call.server} {call.tool}",
} if {
	input.call.method == "tools/call"
	input.tool.changed
}
