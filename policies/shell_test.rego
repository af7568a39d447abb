package shell_test

import data.gate
import data.sample

run(line, fields) := sample.call("run_command", {"command": line}, sample.shell([line], fields))

test_everyday_commands_run if {
	every line in ["ls -la", "git status", "cargo test", "grep -r x src"] {
		gate.outcome == "allow" with input as run(line, {})
	}
	gate.outcome == "allow" with input as run("cp a b", {"risk": "medium"})
}

test_what_cannot_be_read_waits if {
	gate.outcome == "hold" with input as run("sh -c x", {"complete": false, "reasons": ["variable_program"], "risk": "high"})
}

test_risk_says_who_is_asked if {
	every risk, finding in {"high": "far-reaching", "critical": "dangerous"} {
		decision := gate.decision with input as run("rm -rf src", {"risk": risk})
		[finding] == [said.id | some said in decision.findings.hold]
	}
}

test_some_programs_never_run if {
	gate.outcome == "deny" with input as run("shutdown -h now", {})
	gate.outcome == "allow" with input as run("echo shutdown", {})
}

test_changes_wait_where_it_is_strict if {
	copy := run("cp a b", {"risk": "medium", "writes": [{"path": "b", "literal": true, "access": "write"}]})
	gate.outcome == "allow" with input as copy
	gate.outcome == "hold" with input as sample.in_environment(copy, "production")
	gate.outcome == "allow" with input as sample.in_environment(run("ls", {}), "production")
}

test_whole_databases_are_not_carried_off if {
	gate.outcome == "hold" with input as run("pg_dump shop", {"risk": "medium"})
	gate.outcome == "allow" with input as run("pg_isready", {})
}
