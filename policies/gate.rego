# METADATA
# title: The gate
# description: >-
#   How findings become one decision. The gateway does this itself and never asks this file; it is here so that policies
#   can be tested, and run in stock OPA: opa eval -b policies -i call.json data.gate.decision
package gate

import future.keywords.not

effects := {
	"list": {"hide"},
	"call": {"allow", "deny", "hold", "hide", "redact", "mask", "require", "limit", "warn"},
	"result": {"withhold", "redact", "mask", "label", "warn"},
}

# Everything any policy says, with the name of the policy and the word it said it with.
findings contains object.union(fields(effect, item), {"policy": name, "effect": effect, "mode": mode(name)}) if {
	some name, _ in data.countersign
	some effect in effects[input.phase]
	some item in items(data.countersign[name][effect])
	not elsewhere(effect, item)
}

# What is changed in a result is not changed in the call, and the other way round.
elsewhere(effect, item) if {
	effect in {"redact", "mask"}
	phase(item.path) != input.phase
}

phase(path) := "result" if {
	startswith(path, "/result/")
} else := "call"

# A set of findings, a list, or one.
items(value) := value if is_set(value)

items(value) := value if is_array(value)

items(value) := [value] if {
	not is_set(value)
	not is_array(value)
	value != false
}

# A finding is an object, a reason, or `true`; the text of a label is the label.
fields(_, item) := item if is_object(item)

fields(effect, item) := {"reason": item} if {
	is_string(item)
	effect != "label"
}

fields("label", item) := {"label": item} if is_string(item)

fields(_, true) := {}

default mode(_) := "enforce"

mode(name) := data.countersign[name].mode

# What counts, by effect.
counted[effect] := [finding | some finding in findings; finding.effect == effect; finding.mode == "enforce"] if {
	some effect in effects[input.phase]
}

shadow := [finding | some finding in findings; finding.mode == "shadow"]

said(effect) if count(counted[effect]) > 0

# Only `allow` grants; everything else can only take away. What must be redacted, required or counted is a finding here:
# whether it can be done is not known to rules.
default outcome := "deny"

outcome := "hidden" if {
	input.phase == "list"
	said("hide")
} else := "visible" if {
	input.phase == "list"
} else := "withhold" if {
	input.phase == "result"
	said("withhold")
} else := "pass" if {
	input.phase == "result"
} else := "deny" if {
	said("deny")
} else := "deny" if {
	said("hide")
} else := "hold" if {
	said("allow")
	said("hold")
} else := "allow" if {
	said("allow")
}

# What a session is called from now on, also when the result is withheld.
labels contains finding.label if some finding in counted.label

decision := {"outcome": outcome, "findings": counted, "labels": labels, "shadow": shadow}
