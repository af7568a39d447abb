# METADATA
# title: Samples
# description: Whole calls for the tests of the other policies, so that each test says only what it is about.
package sample

# A call of a tool that was agreed to. `facts` adds to the facts of a call that says nothing.
call(tool, arguments, facts) := {
	"version": 1,
	"phase": "call",
	"time": {"now": "2026-11-20T10:00:00+00:00", "unix_ms": 1795168800000, "weekday": "friday", "hour": 10, "minute": 0, "date": "2026-11-20", "zone": "UTC"},
	"call": {"id": "c", "server": "shop", "tool": tool, "method": "tools/call", "target": tool, "arguments": arguments, "digest": ""},
	"tool": {
		"title": null, "digest": "", "pinned": true, "changed": false, "trusted": false,
		"annotations": {"readOnlyHint": false, "destructiveHint": true, "idempotentHint": false, "openWorldHint": true},
	},
	"server": {"name": "shop", "transport": "stdio", "trust": "claims", "labels": {}},
	"facts": object.union(nothing, facts),
	"principal": {
		"id": "key:ada", "agent": null, "user": {"id": "ada", "name": null}, "groups": [],
		"auth": {"method": "key", "issuer": null, "scopes": [], "delegation": []},
	},
	"client": {"name": "test", "version": "1", "protocol": "2025-06-18", "transport": "http"},
	"session": {"id": "s", "started": "2026-11-20T09:59:00+00:00", "calls": 1, "labels": [], "recent": [], "totals": {"calls_by_tool": {}, "bytes_out": 0, "money": {}}},
	"intent": {
		"prompt": {"provenance": "missing", "digest": null},
		"rationale": {"provenance": "missing", "digest": null, "text": null},
		"model": {"provenance": "missing", "name": null},
		"client": null,
		"device": null,
		"mismatch": false,
	},
	"environment": "development",
	"zone": "",
	"approval": null,
}

nothing := {"risk": "low", "complete": true, "reasons": [], "paths": [], "urls": [], "secrets": [], "resources": [], "bytes": 2}

# The same call elsewhere.
in_environment(document, name) := object.union(document, {"environment": name})

in_session(document, session) := object.union(document, {"session": object.union(document.session, session)})

labelled(document, labels) := object.union(document, {"server": object.union(document.server, {"labels": labels})})

# What came back from a call.
result(document, came) := object.union(document, {
	"phase": "result",
	"result": object.union(
		{
			"is_error": false, "content": [], "structured": null, "text": "", "bytes": 2, "rows": 0,
			"facts": {"secrets": [], "urls": [], "injection": {"suspected": false, "reasons": []}},
		},
		came,
	),
})

# Facts of one kind, plain and complete.
sql(fields) := {"sql": object.union(
	{
		"dialect": "postgres", "statements": 1, "kinds": ["select"], "reads": [], "writes": [], "columns": {},
		"unbounded": [], "limit": null, "read_only": true, "functions": [], "risk": "low", "complete": true,
		"reasons": [], "arguments": ["/sql"], "details": [],
	},
	fields,
)}

shell(commands, fields) := {"shell": object.union(
	{
		"commands": [command |
			some line in commands
			said := split(line, " ")
			command := {
				"program": said[0], "name": said[0], "literal": true, "known": true, "background": false,
				"pipe": "none", "through": [],
				"arguments": [{"text": word, "literal": true} | some place, word in said; place > 0],
			}
		],
		"reads": [], "writes": [], "networks": [], "substitutions": [], "risk": "low", "complete": true,
		"reasons": [], "arguments": ["/command"],
	},
	fields,
)}

path(text, fields) := {"paths": [object.union(
	{
		"style": "posix", "path": text, "raw": text, "argument": "/path", "absolute": startswith(text, "/"),
		"root": null, "escapes": false, "sensitive": null, "complete": true, "reasons": [],
	},
	fields,
)]}

url(host, kind, fields) := {"urls": [object.union(
	{
		"scheme": "https", "host": host, "host_kind": kind, "literal_ip": false, "user_info": false, "port": 443,
		"path": "/", "normal": sprintf("https://%s/", [host]), "complete": true, "reasons": [], "argument": "/url",
	},
	fields,
)]}

money(amount, currency) := {"money": {
	"amount": amount, "decimal": "?", "currency": currency, "unit": "minor", "complete": true, "reasons": [], "argument": "/amount",
}}

table(name, sensitivity, zone) := {
	"kind": "table", "name": name, "access": "read", "known": sensitivity != "unknown", "owner": "sales",
	"sensitivity": sensitivity, "zone": zone, "environment": "production", "compliance": [], "tags": {},
}
