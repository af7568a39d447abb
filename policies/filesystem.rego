# METADATA
# title: Files
# description: >-
#   Files that hold keys and passwords are not opened, and nothing is done outside the folders a server was given. What
#   runs by itself later, and what the system stands on, is changed only when a person agrees.
package countersign.filesystem

deny contains {
	"id": "key-file",
	"severity": "critical",
	"reason": "{call.server} was asked for a file that holds keys or passwords.",
	"advice": "Ask the person for the one setting you need, without its value if possible.",
} if {
	some path in input.facts.paths
	data.filesystem.secret[path.sensitive]
}

deny contains {
	"id": "outside",
	"severity": "high",
	"reason": "{facts.paths.*.raw} leads out of the folders that {call.server} works in.",
	"advice": "Use a path inside them, without `..`.",
} if {
	some path in input.facts.paths
	path.escapes
}

hold contains {
	"id": "unclear",
	"severity": "medium",
	"reason": "{facts.paths.*.raw} may lead to different places, by who reads it.",
	"advice": "Write the path plainly: no variables, no wildcards, no percent-encoding.",
	"reviewers": ["user"],
} if {
	some path in input.facts.paths
	path.complete == false
}

hold contains {
	"id": "runs-later",
	"severity": "high",
	"reason": "Would change {facts.paths.*.raw}, which is run or obeyed later without anybody looking.",
	"reviewers": ["user"],
} if {
	changes
	some path in input.facts.paths
	some part in data.filesystem.runs_later
	contains(sprintf("/%s/", [lower(path.path)]), part)
}

hold contains {
	"id": "system",
	"severity": "high",
	"reason": "Would change {facts.paths.*.raw}, which belongs to the system.",
	"reviewers": ["user"],
} if {
	changes
	some path in input.facts.paths
	path.absolute
	some folder in data.filesystem.system
	startswith(sprintf("%s/", [lower(path.path)]), folder)
}

hold contains {
	"id": "erases-traces",
	"severity": "critical",
	"reason": "Would remove {facts.paths.*.raw}, a log.",
	"reviewers": ["role:reviewer"],
} if {
	input.call.method == "tools/call"
	regex.match(`(?i)^(delete|remove|rm|unlink|truncate|clear|wipe|erase|move|rename)([_A-Z.-]|$)`, input.call.target)
	some path in input.facts.paths
	regex.match(`(?i)(^|/)(var/log|logs?|audit)/|\.log$`, path.path)
}

# A tool that calls itself reading is believed only when its name says so too.
changes if {
	input.call.method == "tools/call"
	regex.match(`(?i)^(write|edit|move|rename|delete|remove|create|append|put|save|upload|patch|replace|copy|cp|mv|rm|set|insert|truncate|unlink|chmod|chown|symlink|str_replace|apply)`, input.call.target)
}
