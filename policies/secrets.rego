# METADATA
# title: Key files
# description: >-
#   Files that hold keys and passwords are not opened by an agent. This looks at names only: a server that can reach such
#   files should not be given them at all.
package countersign.secrets

deny contains {
	"id": "key-file",
	"severity": "critical",
	"reason": "{call.server} was asked for a file that holds keys or passwords.",
	"advice": "Ask the person for the one setting you need, without its value if possible.",
} if count(named) > 0

named contains path if {
	some argument, value in input.call.arguments
	data.secrets.arguments[argument]
	some path in each(value)
	secret(path)
}

named contains input.call.target if {
	input.call.method in {"resources/read", "resources/subscribe"}
	secret(input.call.target)
}

each(value) := value if is_array(value)

each(value) := [value] if is_string(value)

secret(path) if data.secrets.names[name(path)]

secret(path) if {
	some ending in data.secrets.endings
	endswith(name(path), ending)
}

# `.env.local` and `.env.production` too.
secret(path) if startswith(name(path), ".env.")

# The last step, however it is written: `C:\keys\ID_RSA`, `/etc/shadow/`, `id_rsa.`
name(path) := lower(trim_right(last, ". ")) if {
	is_string(path)
	steps := split(trim_right(replace(path, "\\", "/"), "/"), "/")
	last := steps[count(steps) - 1]
}
