# METADATA
# title: Rights, machines, traces
# description: >-
#   What decides who may do what, what runs where, and what is remembered, waits for a person. A tool is known by the
#   words of its name (`grantAdminRole`, `iam.attach_policy`), a command line by the first words of its program. The classes
#   and their words stand in data.
package countersign.privileged

import future.keywords.not

hold contains {
	"id": class,
	"severity": data.privileged.classes[class].severity,
	"reason": data.privileged.classes[class].why,
	"advice": "Say what should change and why; a person decides about this very call.",
	"reviewers": ["role:reviewer"],
} if some class in by_name

hold contains {
	"id": class,
	"severity": data.privileged.classes[class].severity,
	"reason": data.privileged.classes[class].why,
	"advice": "Say what should change and why; a person decides about this very command.",
	"reviewers": ["role:reviewer"],
} if some class in by_command

hold contains {
	"id": "production-deploy",
	"severity": "critical",
	"reason": "Would change what runs in production.",
	"advice": "Deploy to a test environment first.",
	"reviewers": ["role:reviewer"],
} if deploys_to_production

# A word that does something and a word it is done to, both in the name.
by_name contains class if {
	input.call.method == "tools/call"
	not excepted
	some class, about in data.privileged.classes
	some verb in words
	about.verbs[verb]
	some object in words
	about.objects[object]
}

words := split_words(input.call.target)

split_words(name) := [lower(word) |
	some word in regex.split(`[^A-Za-z0-9]+`, regex.replace(name, `([a-z0-9])([A-Z])`, "$1 $2"))
	word != ""
]

by_command contains class if {
	some command in input.facts.shell.commands
	data.privileged.programs[command.name]
	said := [word |
		some place, argument in command.arguments
		place < 6
		some word in split_words(argument.text)
	]
	some class, about in data.privileged.classes
	some verb in said
	about.verbs[verb]
	some object in array.concat(said, [command.name])
	about.objects[object]
}

deploys_to_production if {
	input.call.method == "tools/call"
	some verb in words
	data.privileged.deploys[verb]
	production
}

deploys_to_production if {
	some command in input.facts.shell.commands
	data.privileged.programs[command.name]
	said := [lower(argument.text) | some argument in command.arguments]
	some verb in said
	data.privileged.deploys[verb]
	some word in said
	regex.match(`(^|[^a-z])(prod|production|live)([^a-z]|$)`, word)
}

production if {
	some word in words
	data.privileged.production[word]
}

production if {
	some where in places
	regex.match(`(?i)(^|[^a-z])(prod|production|live)([^a-z]|$)`, where)
}

# Where it is strict, a deploy that names no place is taken for one to production.
production if {
	data.place.strict
	count(places) == 0
}

places contains input.call.arguments.environment

places contains input.call.arguments.env

places contains input.call.arguments.stage

places contains input.call.arguments.target

places contains input.call.arguments.namespace

places contains input.call.arguments.context

places contains input.call.arguments.cluster

excepted if data.privileged.except[input.call.server][input.call.target]
