package drift_test

import data.gate

call(pinned) := {
	"phase": "call",
	"call": {"server": "files", "tool": "read_file", "method": "tools/call", "target": "read_file", "arguments": {}},
	"tool": {
		"pinned": pinned, "changed": pinned == false, "trusted": false,
		"annotations": {"destructiveHint": false},
	},
	"server": {"name": "files", "labels": {}},
	"environment": "development",
}

test_an_agreed_tool_runs if gate.outcome == "allow" with input as call(true)

test_a_changed_tool_does_not_run if {
	decision := gate.decision with input as call(false)
	decision.outcome == "deny"
	["changed-tool"] == [finding.id | some finding in decision.findings.deny]
}
