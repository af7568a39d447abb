package http_test

import data.gate
import data.sample

fetch(host, kind, fields) := sample.call("fetch", {"url": "…"}, sample.url(host, kind, fields))

test_public_pages_are_read if {
	gate.outcome == "allow" with input as fetch("example.com", "name", {})
	gate.outcome == "allow" with input as fetch("93.184.216.34", "public", {})
}

test_metadata_services_are_not_asked if {
	decision := gate.decision with input as fetch("169.254.169.254", "metadata", {"scheme": "http"})
	["metadata-service"] == [finding.id | some finding in decision.findings.deny]
}

test_nor_as_a_resource if {
	document := fetch("169.254.169.254", "metadata", {})
	asked := object.union(document, {"tool": null, "call": object.union(document.call, {"tool": null, "method": "resources/read"})})
	gate.outcome == "deny" with input as asked
}

test_the_inside_waits if {
	every kind in ["private", "shared", "link_local", "reserved"] {
		gate.outcome == "hold" with input as fetch("10.0.0.7", kind, {})
	}
	gate.outcome == "allow" with input as fetch("10.0.0.7", "private", {}) with data.http.except as {"shop": {"10.0.0.7": true}}
	gate.outcome == "hold" with input as fetch("10.0.0.7", "private", {}) with data.http.except as {"files": {"10.0.0.7": true}}
}

test_ones_own_machine_is_open_where_it_is_relaxed if {
	own := fetch("127.0.0.1", "loopback", {})
	gate.outcome == "allow" with input as own
	gate.outcome == "hold" with input as sample.in_environment(own, "production")
}

test_what_is_read_in_two_ways_waits if {
	gate.outcome == "hold" with input as fetch("example.com", "name", {"complete": false, "reasons": ["at_sign"]})
}

test_other_schemes_wait if {
	gate.outcome == "hold" with input as fetch("", "name", {"scheme": "file", "host": null})
	gate.outcome == "hold" with input as fetch("", "name", {"scheme": "javascript", "host": null})
}

posting(host) := sample.call("http_request", {"method": "POST", "url": "…"}, sample.url(host, "name", {}))

test_sending_to_strangers_waits if {
	gate.outcome == "hold" with input as posting("api.partner.example")
	gate.outcome == "hold" with input as sample.call("send_webhook", {}, sample.url("hooks.example.com", "name", {}))
	gate.outcome == "allow" with input as sample.call("http_request", {"method": "get"}, sample.url("api.partner.example", "name", {}))
}

test_sending_to_our_own_runs if {
	ours := {"acme.example": true}
	gate.outcome == "allow" with input as posting("api.acme.example") with data.http.ours as ours
	gate.outcome == "hold" with input as posting("api.notacme.example") with data.http.ours as ours
	gate.outcome == "hold" with input as posting("acme.example.evil.net") with data.http.ours as ours
}

test_secrets_do_not_leave if {
	facts := object.union(sample.url("example.com", "name", {}), {"secrets": [{"at": "/headers", "class": "bearer"}]})
	gate.outcome == "deny" with input as sample.call("fetch", {}, facts)
	gate.outcome == "allow" with input as sample.call("fetch", {}, facts) with data.http.ours as {"example.com": true}
}
