package network_test

import data.gate

call(arguments) := {
	"phase": "call",
	"call": {"server": "fetch", "tool": "fetch", "method": "tools/call", "target": "fetch", "arguments": arguments},
	"tool": {"pinned": true, "changed": false, "trusted": false, "annotations": {"destructiveHint": false}},
	"server": {"name": "fetch", "labels": {}},
	"environment": "development",
}

test_metadata_services_are_not_asked if {
	every url in [
		"http://169.254.169.254/latest/meta-data/", "http://169.254.169.254", "http://169.254.169.254:80/x",
		"http://user@169.254.169.254/", "HTTP://METADATA.GOOGLE.INTERNAL/computeMetadata/v1/",
		"http://metadata.google.internal./x", "http://[fd00:ec2::254]/x", "http://2852039166/", "http://169.254.169.254?x",
		"http://169.254.169.254\\x",
	] {
		decision := gate.decision with input as call({"url": url})
		["metadata-service"] == [finding.id | some finding in decision.findings.deny]
	}
}

test_other_addresses_are_asked if {
	every url in [
		"https://example.com/169.254.169.254", "https://example.com/?u=http://169.254.169.254/",
		"https://metadata.example.com/", "not a url", "", 7, null, ["http://169.254.169.254/"],
	] {
		gate.outcome == "allow" with input as call({"url": url})
	}
}
