package dataflow_test

import data.gate
import data.sample

secret_row := {"resources": [sample.table("crm.customers", "personal", "eu")]}

labels(document) := found if {
	found := data.countersign.dataflow.label with input as document
}

test_private_rows_leave_a_label if {
	"private-data" in labels(sample.result(sample.call("query", {}, secret_row), {}))
	not "private-data" in labels(sample.result(sample.call("query", {}, {"resources": [sample.table("products", "public", "eu")]}), {}))
}

test_pages_of_strangers_leave_a_label if {
	"untrusted-content" in labels(sample.result(sample.call("fetch", {}, sample.url("example.com", "name", {})), {}))
	ours := data.countersign.dataflow.label with input as sample.result(sample.call("fetch", {}, sample.url("wiki.acme.example", "name", {})), {}) with data.http.ours as {"acme.example": true}
	not "untrusted-content" in ours
}

sending := sample.call("http_request", {"method": "POST"}, sample.url("hooks.example.com", "name", {}))

said(document) := {finding.id | some finding in decision.findings.hold} if {
	decision := gate.decision with input as document
}

# Private data, a stranger's text, a way out: any two are fine.
test_the_third_of_three_waits if {
	"trifecta" in said(sample.in_session(sending, {"labels": ["private-data", "untrusted-content"]}))
	not "trifecta" in said(sample.in_session(sending, {"labels": ["private-data"]}))
	not "trifecta" in said(sample.in_session(sending, {"labels": ["untrusted-content"]}))
	reading := sample.call("fetch", {}, sample.url("example.com", "name", {}))
	not "trifecta" in said(sample.in_session(reading, {"labels": ["private-data", "untrusted-content"]}))
}

test_a_long_address_sends_too if {
	facts := object.union(sample.url("example.com", "name", {}), {"bytes": 4000})
	both := {"labels": ["private-data", "untrusted-content"]}
	"trifecta" in said(sample.in_session(sample.call("fetch", {}, facts), both))
}

# A15: harmless at first, then stopped twice, then looked at.
test_a_session_that_escalates_is_looked_at if {
	write := sample.call("query", {}, object.union(sample.sql({"kinds": ["update"], "writes": ["a"]}), {"risk": "medium"}))
	stopped := {"server": "shop", "tool": "query", "outcome": "held", "ago_s": 5, "labels": [], "risk": "high"}
	done := object.union(stopped, {"outcome": "succeeded"})
	"escalates" in said(sample.in_session(write, {"recent": [stopped, done, stopped]}))
	not "escalates" in said(sample.in_session(write, {"recent": [stopped, done]}))
	not "escalates" in said(sample.in_session(sample.call("list", {}, {}), {"recent": [stopped, stopped]}))
}

test_hidden_orders_are_withheld if {
	hidden := sample.result(sample.call("fetch", {}, {}), {"facts": {"secrets": [], "urls": [], "injection": {"suspected": true, "reasons": ["invisible_text"]}}})
	count(data.countersign.dataflow.withhold) == 1 with input as hidden
	plain := sample.result(sample.call("fetch", {}, {}), {"facts": {"secrets": [], "urls": [], "injection": {"suspected": true, "reasons": ["new_role"]}}})
	count(data.countersign.dataflow.withhold) == 0 with input as plain
	count(data.countersign.dataflow.warn) == 1 with input as plain
}

test_keys_in_results_are_taken_out if {
	came := {"secrets": [{"at": "/content/0/text", "class": "cloud"}], "urls": [], "injection": {"suspected": false, "reasons": []}}
	found := data.countersign.dataflow.redact with input as sample.result(sample.call("read", {}, {}), {"facts": came})
	every key in ["AKIAIOSFODNN7EXAMPLE", "ghp_012345678901234567890123456789abcdef", "xoxb-1234567890-abc"] {
		some finding in found
		regex.match(finding.pattern, key)
	}
	nothing := data.countersign.dataflow.redact with input as sample.result(sample.call("read", {}, {}), {})
	nothing == set()
}

test_a_server_may_bring_a_label if {
	brings := {"shop": ["untrusted-content"]}
	found := data.countersign.dataflow.label with input as sample.result(sample.call("read", {}, {}), {}) with data.dataflow.brings as brings
	found == {"untrusted-content"}
}

test_what_a_result_says_of_itself_leaves_a_label if {
	nothing := {"injection": {"suspected": false, "reasons": []}, "secrets": [], "urls": []}
	suspected := object.union(nothing, {"injection": {"suspected": true, "reasons": []}})
	keys := object.union(nothing, {"secrets": [{"at": "/content/0/text", "class": "password"}]})
	plain := sample.call("query", {}, {})
	count(labels(sample.result(plain, {"facts": nothing}))) == 0
	labels(sample.result(plain, {"facts": suspected})) == {"untrusted-content"}
	labels(sample.result(plain, {"facts": keys})) == {"private-data"}
}
