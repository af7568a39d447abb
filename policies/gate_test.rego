package gate_test

import data.gate

call := {"phase": "call", "call": {"server": "s", "tool": "t", "arguments": {}}}

outcome(policies) := result if {
	result := gate.outcome with data.countersign as policies with input as call
}

yes := {"allow": {{"id": "yes", "reason": "yes"}}}

test_nothing_said_is_a_no if outcome({"p": {}}) == "deny"

test_an_allow_lets_run if outcome({"p": yes}) == "allow"

test_the_strictest_word_holds if {
	outcome({"p": yes, "q": {"hold": {{"id": "h"}}}}) == "hold"
	outcome({"p": yes, "q": {"hide": {{"id": "h"}}}}) == "deny"
	outcome({"p": yes, "q": {"hold": {{"id": "h"}}}, "r": {"deny": {{"id": "d"}}}}) == "deny"
	outcome({"q": {"hold": {{"id": "h"}}}}) == "deny"
}

test_a_finding_may_be_true_or_a_text_or_a_list if {
	outcome({"p": {"allow": true}}) == "allow"
	outcome({"p": {"allow": {"because"}}}) == "allow"
	outcome({"p": {"allow": false}}) == "deny"
	outcome({"p": yes, "q": {"deny": true}}) == "deny"
	outcome({"p": yes, "q": {"deny": ["because"]}}) == "deny"
}

test_shadow_is_recorded_and_changes_nothing if {
	policies := {"p": yes, "q": {"mode": "shadow", "deny": {{"id": "d"}}}, "r": {"mode": "shadow", "allow": true}}
	decision := gate.decision with data.countersign as policies with input as call
	decision.outcome == "allow"
	count(decision.shadow) == 2
}

test_a_list_asks_only_what_hides if {
	listing := {"phase": "list", "call": call.call}
	shown := gate.outcome with data.countersign as {"p": {"deny": true}} with input as listing
	shown == "visible"
	hidden := gate.outcome with data.countersign as {"p": {"hide": true}} with input as listing
	hidden == "hidden"
}
