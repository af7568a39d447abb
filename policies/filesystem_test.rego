package filesystem_test

import data.gate
import data.sample

open(tool, text, fields) := sample.call(tool, {"path": text}, sample.path(text, fields))

test_ordinary_files_are_opened_and_written if {
	every tool in ["read_file", "write_file", "edit_file", "create_directory", "list_directory"] {
		gate.outcome == "allow" with input as open(tool, "/srv/work/src/main.rs", {"root": "/srv/work"})
	}
}

test_key_files_are_not_opened if {
	every class in ["private_key", "passwords", "token", "cloud", "cluster", "accounts", "memory", "browser_profile", "environment"] {
		decision := gate.decision with input as open("read_file", "x", {"sensitive": class})
		["key-file"] == [finding.id | some finding in decision.findings.deny]
	}
	every class in ["settings", "history"] {
		gate.outcome == "allow" with input as open("read_file", "x", {"sensitive": class})
	}
}

test_nor_as_a_resource if {
	document := open("read_file", "x", {"sensitive": "private_key"})
	asked := object.union(document, {"tool": null, "call": object.union(document.call, {"tool": null, "method": "resources/read"})})
	gate.outcome == "deny" with input as asked
}

test_nothing_outside_is_reached if {
	gate.outcome == "deny" with input as open("read_file", "../../etc/hosts", {"escapes": true})
}

test_a_path_with_two_readings_waits if {
	gate.outcome == "hold" with input as open("read_file", "%2e%2e/x", {"complete": false, "reasons": ["encoded"]})
}

test_what_runs_later_is_changed_by_people if {
	every text in ["/srv/work/.git/hooks/pre-commit", "/home/ada/.bashrc", ".github/workflows/ci.yml", "/home/ada/.ssh/config", "/srv/work/.vscode/tasks.json"] {
		gate.outcome == "hold" with input as open("write_file", text, {})
		gate.outcome == "allow" with input as open("read_file", text, {})
	}
	every text in ["/srv/work/.github/README.md", "/srv/work/bashrc.md", ".gitignore"] {
		gate.outcome == "allow" with input as open("write_file", text, {})
	}
}

test_the_system_is_changed_by_people if {
	gate.outcome == "hold" with input as open("write_file", "/etc/hosts", {})
	gate.outcome == "allow" with input as open("read_file", "/etc/hosts", {})
	gate.outcome == "allow" with input as open("write_file", "/srv/etc/hosts", {})
	gate.outcome == "allow" with input as open("write_file", "etc/hosts", {})
}

test_logs_are_not_removed if {
	every text in ["/var/log/auth.log", "logs/today.txt", "/srv/work/app.log"] {
		decision := gate.decision with input as open("delete_file", text, {})
		decision.outcome == "hold"
		"erases-traces" in {finding.id | some finding in decision.findings.hold}
	}
	gate.outcome == "allow" with input as open("delete_file", "/srv/work/blog/post.md", {})
	gate.outcome == "allow" with input as open("read_file", "/srv/work/app.log", {})
}
