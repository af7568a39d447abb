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

result := {"phase": "result", "call": call.call, "result": {"rows": 2}}

back(policies) := decision if {
	decision := gate.decision with data.countersign as policies with input as result
}

test_a_result_passes_unless_it_is_withheld if {
	back({"p": {}}).outcome == "pass"
	back({"p": {"deny": true}}).outcome == "pass"
	back({"p": {"withhold": {{"id": "w"}}}}).outcome == "withhold"
	back({"p": {"mode": "shadow", "withhold": {{"id": "w"}}}}).outcome == "pass"
}

test_what_is_changed_is_changed_in_its_own_phase if {
	one := {"id": "one", "path": "/call/arguments/x", "remove": true}
	two := {"id": "two", "path": "/result/content/*/text", "replace": "x"}
	policies := {"p": {"allow": true, "redact": {one, two}, "mask": {two}}}
	called := gate.decision with data.countersign as policies with input as call
	["one"] == [finding.id | some finding in called.findings.redact]
	count(called.findings.mask) == 0
	["two"] == [finding.id | some finding in back(policies).findings.redact]
	count(back(policies).findings.mask) == 1
}

test_a_label_is_a_text_or_an_object if {
	labels := back({"p": {"label": {"private-data", {"label": "seen", "reason": "r"}}}}).labels
	labels == {"private-data", "seen"}
}

test_what_is_required_or_counted_is_a_finding if {
	policies := {"p": {"allow": true, "limit": {{"id": "l", "key": ["x"], "max": 1, "per": "1h"}}, "require": {{"id": "r"}}}}
	decision := gate.decision with data.countersign as policies with input as call
	decision.outcome == "allow"
	count(decision.findings.limit) == 1
	count(decision.findings.require) == 1
}
