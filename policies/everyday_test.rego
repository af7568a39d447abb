package everyday_test

import data.gate

call(tool) := {
	"phase": "call",
	"call": {"server": "files", "tool": tool, "method": "tools/call", "target": tool, "arguments": {}},
	"tool": {"pinned": true, "changed": false, "trusted": false, "annotations": {"destructiveHint": false}},
	"server": {"name": "files", "labels": {}},
	"environment": "development",
}

other(method) := {
	"phase": "call",
	"call": {"server": "files", "tool": null, "method": method, "target": "x", "arguments": {}},
	"tool": null,
	"server": {"name": "files", "labels": {}},
	"environment": "development",
}

test_an_agreed_tool_runs if gate.outcome == "allow" with input as call("read_file")

test_reading_resources_and_prompts_runs if {
	every method in ["resources/read", "resources/subscribe", "prompts/get", "completion/complete", "tasks/get"] {
		gate.outcome == "allow" with input as other(method)
	}
}

test_a_method_nobody_thought_of_does_not_run if gate.outcome == "deny" with input as other("resources/delete")
