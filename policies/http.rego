# METADATA
# title: The web
# description: >-
#   Public pages are read. A cloud's metadata service, which hands its keys to whoever runs on the machine, is never asked;
#   what lies inside the network, what is no web address, and what sends something to strangers waits.
package countersign.http

import future.keywords.not

deny contains {
	"id": "metadata-service",
	"severity": "critical",
	"reason": "{call.server} was asked to fetch from a cloud's metadata service, which hands out keys.",
	"advice": "Leave it out. No task needs it.",
} if {
	some url in input.facts.urls
	url.host_kind == "metadata"
}

deny contains {
	"id": "secret-leaves",
	"severity": "critical",
	"reason": "The call would hand a {facts.secrets.*.class} to {facts.urls.*.host}.",
	"advice": "Leave the secret out; the server has its own way to sign in.",
} if {
	some url in input.facts.urls
	elsewhere(url)
	some secret in input.facts.secrets
	secret.at
}

hold contains {
	"id": "inside",
	"severity": "high",
	"reason": "{facts.urls.*.normal} lies inside the network.",
	"reviewers": ["user"],
} if {
	some url in input.facts.urls
	data.http.inside[url.host_kind]
	not excepted(url)
}

hold contains {
	"id": "unclear",
	"severity": "high",
	"reason": "{facts.urls.*.normal} is read in different ways by different programs.",
	"advice": "Write the address plainly: scheme, host, path.",
	"reviewers": ["user"],
} if {
	some url in input.facts.urls
	url.complete == false
}

hold contains {
	"id": "odd-scheme",
	"severity": "high",
	"reason": "{facts.urls.*.scheme} is not the web: it may read files or run something.",
	"reviewers": ["user"],
} if {
	some url in input.facts.urls
	scheme := url.scheme
	not data.http.schemes[scheme]
}

hold contains {
	"id": "third-party",
	"severity": "high",
	"reason": "Would send something to {facts.urls.*.host}, which is not ours.",
	"reviewers": ["user"],
} if {
	some url in input.facts.urls
	elsewhere(url)
	sends
}

# A tool with a method says itself whether it sends; one without says it by its name.
sends if {
	method := upper(input.call.arguments.method)
	not method in {"GET", "HEAD", "OPTIONS"}
}

sends if {
	input.call.method == "tools/call"
	regex.match(`(?i)(^|[_.-])(post|put|patch|send|upload|submit|publish|webhook|notify|push)([_.-]|$)`, input.call.target)
}

elsewhere(url) if not ours(url)

# `acme.example` and everything below it.
ours(url) if {
	some domain, _ in data.http.ours
	endswith(sprintf(".%s", [url.host]), sprintf(".%s", [domain]))
}

ours(url) if {
	url.host_kind == "loopback"
	data.place.relaxed
}

excepted(url) if data.http.except[input.call.server][url.host]

# A developer's own machine is where development servers run.
excepted(url) if {
	url.host_kind == "loopback"
	data.place.relaxed
}
