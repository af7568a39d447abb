# METADATA
# title: Everyday work
# description: >-
#   Ordinary tools keep working. A tool may be called once its definition is agreed to; resources, prompts, completions
#   and a server's own tasks may be used. Narrow this down when you know what your agents need.
package countersign.everyday

allow contains {"id": "agreed-tool", "reason": "The tool's definition is agreed to."} if {
	input.call.method == "tools/call"
	input.tool.pinned
}

allow contains {"id": "reading", "reason": "Reading what a server offers."} if {
	input.call.method in {
		"resources/read", "resources/subscribe", "resources/unsubscribe",
		"prompts/get", "completion/complete",
		"tasks/get", "tasks/result", "tasks/update", "tasks/cancel",
	}
}
