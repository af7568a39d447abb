package destructive_test

import future.keywords.not

import data.gate
import data.sample

call(tool) := hinted(tool, false, false)

hinted(tool, destructive, trusted) := object.union(sample.call(tool, {}, {}), {"tool": {
	"trusted": trusted,
	"annotations": {"destructiveHint": destructive, "readOnlyHint": destructive == false},
}})

test_tools_that_take_everything_are_denied if {
	every tool in ["drop_table", "drop-table", "dropTable", "DROP_TABLE", "drop", "truncate_orders", "wipe", "delete_all", "purge_queue"] {
		decision := gate.decision with input as call(tool)
		["destroys"] == [finding.id | some finding in decision.findings.deny]
	}
}

test_ordinary_names_run if {
	every tool in ["list_products", "find_orders", "dropdown_options", "dropping", "backdrop", "delete_file", "format_code", "undrop"] {
		gate.outcome == "allow" with input as call(tool)
	}
}

test_an_exception_is_about_one_tool_of_one_server if {
	except := {"shop": {"purge_cache": true}}
	gate.outcome == "allow" with input as call("purge_cache") with data.destructive.except as except
	gate.outcome == "deny" with input as call("purge_orders") with data.destructive.except as except
	gate.outcome == "deny" with input as call("purge_cache") with data.destructive.except as {"files": except.shop}
}

# A server that calls a dangerous tool harmless changes nothing.
test_a_hint_never_loosens if gate.outcome == "deny" with input as hinted("drop_table", false, true)

test_a_hint_warns_unless_the_operator_vouches if {
	claimed := gate.decision with input as hinted("delete_file", true, false)
	claimed.outcome == "allow"
	"says-it-destroys" in {finding.id | some finding in claimed.findings.warn}
	trusted := gate.decision with input as hinted("delete_file", true, true)
	not "says-it-destroys" in {finding.id | some finding in trusted.findings.warn}
}
