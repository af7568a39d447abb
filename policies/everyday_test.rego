package everyday_test

import data.gate
import data.sample

call(tool) := sample.call(tool, {}, {})

other(method) := object.union(call("x"), {"tool": null, "call": {"tool": null, "method": method}})

test_an_agreed_tool_runs if gate.outcome == "allow" with input as call("read_file")

test_reading_resources_and_prompts_runs if {
	every method in ["resources/read", "resources/subscribe", "prompts/get", "completion/complete", "tasks/get"] {
		gate.outcome == "allow" with input as other(method)
	}
}

test_a_method_nobody_thought_of_does_not_run if gate.outcome == "deny" with input as other("resources/delete")
