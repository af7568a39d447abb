package unknown_test

import data.gate
import data.sample

call(tool) := sample.in_environment(sample.call(tool, {}, {}), "production")

test_tools_nobody_knows_wait_where_it_is_strict if {
	every tool in ["frobnicate", "do_it", "getaway", "readjust", "listen"] {
		decision := gate.decision with input as call(tool)
		["unmapped-tool"] == [finding.id | some finding in decision.findings.hold]
	}
}

test_elsewhere_they_are_noted if {
	decision := gate.decision with input as sample.call("frobnicate", {}, {})
	decision.outcome == "allow"
	"unmapped-tool" in {finding.id | some finding in decision.findings.warn}
}

test_names_that_read_run if {
	every tool in ["get_order", "listProducts", "search", "read-file", "status"] {
		gate.outcome == "allow" with input as call(tool)
	}
}

# TOO-10: a server's own word loosens nothing, unless the operator vouches for it.
test_a_hint_counts_from_trusted_servers_only if {
	hinted := object.union(call("frobnicate").tool, {"annotations": {"readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false}})
	gate.outcome == "hold" with input as object.union(call("frobnicate"), {"tool": hinted})
	trusted := object.union(hinted, {"trusted": true})
	gate.outcome == "allow" with input as object.union(call("frobnicate"), {"tool": trusted})
}

test_what_facts_tell_is_known if {
	document := sample.in_environment(sample.call("frobnicate", {}, sample.sql({})), "production")
	gate.outcome == "allow" with input as document
}

test_a_tool_somebody_looked_at_runs if {
	gate.outcome == "allow" with input as call("frobnicate") with data.unknown.known as {"shop": {"frobnicate": true}}
}

test_what_could_not_be_read_waits if {
	document := sample.call("get_many", {}, {"complete": false, "risk": "high", "reasons": ["too_many"]})
	gate.outcome == "hold" with input as document
}
