# METADATA
# title: Command lines
# description: >-
#   A command line is read as a shell would read it, without running anything. What is known and does little runs; what
#   cannot be read, deletes, installs or reaches out waits.
package countersign.shell

shell := input.facts.shell

deny contains {
	"id": "never",
	"severity": "critical",
	"reason": "Would run a program that stops or empties the machine.",
	"advice": "Leave it out. Ask the person to do it by hand if it is really wanted.",
} if {
	some command in shell.commands
	data.shell.never[command.name]
}

hold contains {
	"id": "unreadable",
	"severity": "high",
	"reason": "Nobody can say for certain what the command line runs ({facts.shell.reasons}).",
	"advice": "Send one plain command, without variables in the place of programs and without text that is run.",
	"reviewers": ["user"],
} if shell.complete == false

hold contains {
	"id": "dangerous",
	"severity": "critical",
	"reason": "The command line could do harm that cannot be undone, or send things away ({facts.shell.reasons}).",
	"reviewers": ["role:reviewer"],
} if shell.risk == "critical"

hold contains {
	"id": "far-reaching",
	"severity": "high",
	"reason": "The command line changes more than it names, or more than a work folder ({facts.shell.reasons}).",
	"reviewers": ["user"],
} if shell.risk == "high"

hold contains {
	"id": "bulk-export",
	"severity": "high",
	"reason": "The command line would carry off a whole database.",
	"advice": "Ask for the rows you need.",
	"reviewers": ["role:reviewer"],
} if {
	some command in shell.commands
	data.shell.dumps[command.name]
}

hold contains {
	"id": "production",
	"severity": "high",
	"reason": "The command line changes something in {environment}.",
	"reviewers": ["user"],
} if {
	data.place.strict
	changes
}

changes if count(shell.writes) > 0

changes if count(shell.networks) > 0

changes if shell.risk == "medium"
