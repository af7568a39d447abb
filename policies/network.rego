# METADATA
# title: Metadata services
# description: >-
#   The addresses at which clouds hand their own keys to whoever runs on the machine are never asked on an agent's behalf.
package countersign.network

deny contains {
	"id": "metadata-service",
	"severity": "critical",
	"reason": "{call.server} was asked to fetch from a cloud's metadata service, which hands out keys.",
	"advice": "Leave it out. No task needs it.",
} if {
	some name in hosts
	data.network.hosts[name]
}

hosts contains host(url) if {
	some name, url in input.call.arguments
	data.network.arguments[name]
}

hosts contains host(input.call.target) if {
	input.call.method in {"resources/read", "resources/subscribe"}
	contains(input.call.target, "://")
}

# Between `://` and what ends an authority, without the user, the port and a dot at the end.
host(url) := name if {
	is_string(url)
	rest := array.slice(split(url, "://"), 1, 2)
	some after in rest
	authority := regex.split(`[/?#\\]`, after)[0]
	parts := split(authority, "@")
	name := trim_suffix(regex.replace(lower(parts[count(parts) - 1]), `:[0-9]*$`, ""), ".")
}
