# METADATA
# title: Everyday work
# description: >-
#   Whatever a server offers and has been agreed to may be used. The other policies take away from this. Delete this
#   file and allow tools by name when only some may be used.
package countersign.everyday

allow contains {"id": "agreed-tools", "reason": "The tool is the one that was agreed to."} if {
	input.call.method == "tools/call"
	input.tool.pinned
}

# Resources and prompts are offered to be read; completion only helps to name them; a task was a call once.
allow contains {"id": "reading", "reason": "Resources, prompts and tasks may be used."} if {
	input.call.tool == null
	input.call.method in {
		"resources/read", "resources/subscribe", "resources/unsubscribe",
		"prompts/get", "completion/complete",
		"tasks/get", "tasks/result", "tasks/update", "tasks/cancel",
	}
}
