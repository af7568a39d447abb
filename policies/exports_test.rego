package exports_test

import data.gate
import data.sample

call(tool, arguments) := sample.call(tool, arguments, {})

test_some_rows_may_leave if {
	every limit in [1, 20, 100] {
		gate.outcome == "allow" with input as call("export_customers", {"limit": limit})
	}
}

test_many_rows_may_not if {
	every limit in [101, 1200, 9007199254740993, 0, -1, 100.5, "5000", null, true, [1]] {
		decision := gate.decision with input as call("export_customers", {"limit": limit})
		["too-many-rows"] == [finding.id | some finding in decision.findings.deny]
	}
}

test_the_word_may_stand_anywhere_in_the_name if {
	gate.outcome == "deny" with input as call("customers-Export", {"max_rows": 500})
}

test_everything_at_once_may_not if {
	decision := gate.decision with input as call("export_customers", {"customer": 5000})
	["without-limit"] == [finding.id | some finding in decision.findings.deny]
}

test_an_exception_is_about_one_tool_of_one_server if {
	except := {"shop": {"export_invoice": true}}
	gate.outcome == "allow" with input as call("export_invoice", {}) with data.exports.except as except
	gate.outcome == "deny" with input as call("export_customers", {}) with data.exports.except as except
	gate.outcome == "deny" with input as call("export_invoice", {"limit": 5000}) with data.exports.except as except
}

test_other_tools_may_use_large_numbers if {
	gate.outcome == "allow" with input as call("list_products", {"limit": 5000})
	gate.outcome == "allow" with input as call("exporter_status", {})
}

came(document, result) := {finding.id | some finding in found} if {
	found := data.countersign.exports.withhold with input as sample.result(document, result)
}

# A16: what was asked for is one thing, what came is another.
test_more_than_was_asked_for_does_not_pass if {
	export := call("export_customers", {"limit": 20})
	came(export, {"rows": 1000}) == set()
	came(export, {"rows": 1001}) == {"too-many-rows-came"}
	came(export, {"bytes": 1048577}) == {"too-much-came"}
	rows := sample.call("query", {}, sample.sql({}))
	came(rows, {"rows": 1001}) == {"too-many-rows-came"}
	came(call("list_directory", {}), {"rows": 5000, "bytes": 9000000}) == set()
}
