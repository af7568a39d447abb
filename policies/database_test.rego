package database_test

import data.gate
import data.sample

run(fields) := sample.call("query", {"sql": "…"}, sample.sql(fields))

test_reading_runs if gate.outcome == "allow" with input as run({"reads": ["products"], "limit": 20})

test_reading_everything_runs_where_it_is_relaxed if {
	gate.outcome == "allow" with input as run({"reads": ["products"], "unbounded": ["products"], "risk": "medium"})
}

test_a_bounded_write_runs_where_it_is_relaxed if {
	write := run({"kinds": ["update"], "writes": ["products"], "read_only": false, "risk": "medium"})
	gate.outcome == "allow" with input as write
	gate.outcome == "hold" with input as sample.in_environment(write, "production")
	gate.outcome == "hold" with input as sample.in_environment(write, "prodution")
}

test_a_new_table_is_held_only_where_it_is_strict if {
	create := run({"kinds": ["create"], "writes": ["notes"], "read_only": false, "risk": "medium"})
	gate.outcome == "allow" with input as create
	gate.outcome == "hold" with input as sample.in_environment(create, "production")
}

test_what_is_held_everywhere if {
	every finding, fields in {
		"unreadable": {"complete": false, "reasons": ["unparsable"], "risk": "high"},
		"drop": {"kinds": ["drop"], "writes": ["orders"]},
		"whole-table": {"kinds": ["delete"], "writes": ["orders"], "unbounded": ["orders"]},
		"schema-change": {"kinds": ["alter"], "writes": ["orders"]},
		"privileges": {"kinds": ["grant"], "writes": []},
		"leaves": {"kinds": ["export"], "reads": ["orders"]},
		"erases-traces": {"kinds": ["delete"], "writes": ["app.audit_log"]},
		"administration": {"kinds": ["admin"]},
	} {
		decision := gate.decision with input as run(fields)
		decision.outcome == "hold"
		finding in {said.id | some said in decision.findings.hold}
	}
}

test_a_program_on_the_host_never_runs if gate.outcome == "deny" with input as run({"kinds": ["export", "host_exec"]})

test_an_unbounded_read_beside_a_bounded_write_is_no_whole_table if {
	fields := {"kinds": ["update"], "writes": ["orders"], "reads": ["products"], "unbounded": ["products"]}
	gate.outcome == "allow" with input as run(fields)
}

test_a_log_is_known_by_its_name if {
	every table in ["audit", "audit_log", "app.logs", "public.access_log", "event_history"] {
		gate.outcome == "hold" with input as run({"kinds": ["delete"], "writes": [table]})
	}
	every table in ["blog", "catalogue", "logins", "preaudited", "login_attempts"] {
		gate.outcome == "allow" with input as run({"kinds": ["delete"], "writes": [table]})
	}
}

counters := {"shop": {"tool": "query", "argument": "sql", "take": "/content/0/text/0/n", "may_differ": 10}}

emptied(table) := run({"kinds": ["delete"], "writes": [table], "unbounded": [table]})

counted contains said.preview if {
	some said in gate.decision.findings.hold
	said.id == "rows"
}

test_rows_are_counted_where_a_tool_can_count if {
	seen := counted with input as emptied("shop.orders") with data.database.counters as counters
	some preview in seen
	preview.tool == "query"
	preview.arguments == {"sql": "SELECT count(*) AS n FROM shop.orders"}
}

test_nothing_is_counted_where_nobody_says_how if count(counted) == 0 with input as emptied("orders")

test_a_name_that_needs_quotes_stands_in_no_statement if {
	every table in ["orders; DROP TABLE x", "Or ders", "a.b.c", "*"] {
		seen := counted with input as emptied(table) with data.database.counters as counters
		count(seen) == 0
	}
}

all_of(thing) := sample.call("query", {}, object.union(
	sample.sql({"reads": [thing.name], "unbounded": [thing.name], "risk": "medium"}),
	{"resources": [thing]},
))

# A10: the same verb on two tables that are tagged differently.
test_the_catalogue_decides_what_may_be_read_whole if {
	gate.outcome == "hold" with input as all_of(sample.table("crm.customers", "personal", "eu"))
	gate.outcome == "allow" with input as all_of(sample.table("shop.products", "public", "eu"))
}

test_what_the_catalogue_does_not_know_counts_where_it_is_strict if {
	unknown := all_of(sample.table("crm.notes", "unknown", "unknown"))
	gate.outcome == "allow" with input as unknown
	gate.outcome == "hold" with input as sample.in_environment(unknown, "production")
}

test_tools_without_sql_are_nobodys_business if gate.outcome == "allow" with input as sample.call("read_file", {}, {})
