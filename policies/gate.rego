# METADATA
# title: The gate
# description: >-
#   How findings become one decision. The gateway does this itself and never asks this file; it is here so that policies
#   can be tested, and run in stock OPA: opa eval -b policies -i call.json data.gate.decision
package gate

import future.keywords.not

effects := {
	"list": {"hide"},
	"call": {"allow", "deny", "hold", "hide", "warn"},
}

# Everything any policy says, with the name of the policy and the word it said it with.
findings contains object.union(fields(item), {"policy": name, "effect": effect, "mode": mode(name)}) if {
	some name, _ in data.countersign
	some effect in effects[input.phase]
	some item in items(data.countersign[name][effect])
}

# A set of findings, a list, or one.
items(value) := value if is_set(value)

items(value) := value if is_array(value)

items(value) := [value] if {
	not is_set(value)
	not is_array(value)
	value != false
}

# A finding is an object, a reason, or `true`.
fields(item) := item if is_object(item)

fields(item) := {"reason": item} if is_string(item)

fields(true) := {}

default mode(_) := "enforce"

mode(name) := data.countersign[name].mode

# What counts, by effect.
counted[effect] := [finding | some finding in findings; finding.effect == effect; finding.mode == "enforce"] if {
	some effect in effects[input.phase]
}

shadow := [finding | some finding in findings; finding.mode == "shadow"]

said(effect) if count(counted[effect]) > 0

# Only `allow` grants; `deny`, `hide` and `hold` can only take away.
default outcome := "deny"

outcome := "hidden" if {
	input.phase == "list"
	said("hide")
} else := "visible" if {
	input.phase == "list"
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

decision := {"outcome": outcome, "findings": counted, "shadow": shadow}
