package payments_test

import data.gate
import data.sample

pay(amount, currency) := sample.call("create_refund", {"amount": amount}, sample.money(amount, currency))

said(document, effect) := {finding.id | some finding in findings} if {
	decision := gate.decision with input as document
	findings := decision.findings[effect]
}

test_looking_is_free if gate.outcome == "allow" with input as sample.call("list_payments", {}, {})

test_small_amounts_run if {
	gate.outcome == "allow" with input as pay(2000, "EUR")
	gate.outcome == "allow" with input as pay(1, "USD")
}

test_larger_ones_need_somebody if {
	said(pay(2001, "EUR"), "hold") == {"one-person"}
	said(pay(50000, "EUR"), "hold") == {"one-person"}
	said(pay(50001, "EUR"), "hold") == {"two-people"}
}

test_some_never_run if {
	said(pay(1000001, "EUR"), "deny") == {"too-much"}
	said(pay(9007199254740993, "EUR"), "deny") == {"too-much"}
}

# POL-10: exactly at the limit, also where a double could not tell.
test_a_limit_is_exact if {
	bands := {"EUR": {"free": 1, "one": 2, "never": 9007199254740992, "daily": 10}}
	gate.outcome == "hold" with input as pay(9007199254740991, "EUR") with data.payments.bands as bands
	gate.outcome == "hold" with input as pay(9007199254740992, "EUR") with data.payments.bands as bands
	gate.outcome == "deny" with input as pay(9007199254740993, "EUR") with data.payments.bands as bands
}

test_a_currency_without_limits_does_not_run if said(pay(100, "XTS"), "deny") == {"unknown-currency"}

test_a_payment_nobody_can_read_waits if {
	every tool in ["create_payout", "send_payment", "issue_refund", "refund_order", "make_a_transfer"] {
		"no-amount" in said(sample.call(tool, {}, {}), "hold")
	}
	unclear := object.union(sample.money(1, "EUR").money, {"complete": false, "amount": null})
	"no-amount" in said(sample.call("create_refund", {}, {"money": unclear}), "hold")
	every tool in ["list_refunds", "get_payment", "create_payment_report", "transfer_ticket", "wireframe"] {
		gate.outcome == "allow" with input as sample.call(tool, {}, {})
	}
}

test_a_day_has_a_budget if {
	limits := data.countersign.payments.limit with input as pay(700, "EUR")
	{["payments", "key:ada", "EUR"]} == {limit.key | some limit in limits}
	{700} == {limit.cost | some limit in limits}
}

test_what_gives_money_back_costs_nothing if {
	data.countersign.payments.limit == set() with input as pay(0, "EUR")
}
