package drift_test

import data.gate
import data.sample

call(pinned) := object.union(sample.call("read_file", {}, {}), {"tool": {"pinned": pinned, "changed": pinned == false}})

test_an_agreed_tool_runs if gate.outcome == "allow" with input as call(true)

test_a_changed_tool_does_not_run if {
	decision := gate.decision with input as call(false)
	decision.outcome == "deny"
	["changed-tool"] == [finding.id | some finding in decision.findings.deny]
}
