package secrets_test

import data.gate

call(arguments) := {
	"phase": "call",
	"call": {"server": "files", "tool": "read_file", "method": "tools/call", "target": "read_file", "arguments": arguments},
	"tool": {"pinned": true, "changed": false, "trusted": false, "annotations": {"destructiveHint": false}},
	"server": {"name": "files", "labels": {}},
	"environment": "development",
}

resource(uri) := {
	"phase": "call",
	"call": {"server": "files", "tool": null, "method": "resources/read", "target": uri, "arguments": {}},
	"tool": null,
	"server": {"name": "files", "labels": {}},
	"environment": "development",
}

test_key_files_are_not_opened if {
	every path in [
		"/home/ada/.ssh/id_rsa", "id_ed25519", ".env", "app/.env.production", "C:\\keys\\ID_RSA",
		"/etc/shadow", "/etc/shadow/", "certs/server.pem", "certs/SERVER.KEY", "/root/.aws/credentials", ".env.",
	] {
		decision := gate.decision with input as call({"path": path})
		["key-file"] == [finding.id | some finding in decision.findings.deny]
	}
}

test_nor_in_a_list if gate.outcome == "deny" with input as call({"paths": ["a.txt", "/home/ada/.netrc"]})

test_nor_as_a_resource if gate.outcome == "deny" with input as resource("file:///srv/work/.env")

test_ordinary_files_are_opened if {
	every path in ["README.md", "src/env.rs", "environment.txt", "keyboard.keymap", "docs/pem.md", "", 7, null] {
		gate.outcome == "allow" with input as call({"path": path})
	}
	gate.outcome == "allow" with input as resource("file:///srv/work/README.md")
	gate.outcome == "allow" with input as call({"text": "look at .env"})
}
