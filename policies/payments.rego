# METADATA
# title: Payments
# description: >-
#   Looking is free. Small amounts run, larger ones need somebody, large ones two people, and some never run. What an agent
#   spends in a day has an end. Amounts are counted in the currency's smallest unit, exactly.
package countersign.payments

import future.keywords.not

# A tool moves money when its arguments are read as money, or when its name says so.
moves_money if input.facts.money

moves_money if named

named if {
	input.call.method == "tools/call"
	regex.match(`(?i)(^|[_.-])(create|issue|make|send|execute|capture|process|initiate|approve|pay|release)[_.-]?(a[_.-])?(refunds?|payouts?|charges?|payments?|transfers?|payment_?intents?|invoice_?payments?|wires?|withdrawals?)([_.-](for|to|from|by|with)[_.-].*)?$|^(refund|payout|charge|transfer_funds|transfer_money|wire|pay)([_.-]|$)`, input.call.target)
}

money := input.facts.money

band := data.payments.bands[money.currency]

hold contains {
	"id": "no-amount",
	"severity": "high",
	"reason": "Would move money, and how much cannot be read.",
	"advice": "Tell the operator to say in the configuration which arguments are the amount and the currency.",
	"reviewers": ["role:reviewer"],
} if {
	moves_money
	not readable
}

deny contains {
	"id": "unknown-currency",
	"severity": "high",
	"reason": "No limits are set for {facts.money.currency}.",
	"advice": "Ask the operator to add the currency to data.payments.bands.",
} if {
	readable
	not band
}

deny contains {
	"id": "too-much",
	"severity": "critical",
	"reason": "{facts.money.decimal} {facts.money.currency} is more than an agent may ever move.",
} if {
	readable
	money.amount > band.never
}

hold contains {
	"id": "one-person",
	"severity": "medium",
	"reason": "{facts.money.decimal} {facts.money.currency} needs somebody to agree.",
	"reviewers": ["role:reviewer"],
} if {
	readable
	money.amount > band.free
	money.amount <= band.one
}

hold contains {
	"id": "two-people",
	"severity": "high",
	"reason": "{facts.money.decimal} {facts.money.currency} needs two people to agree.",
	"reviewers": ["role:reviewer"],
	"quorum": 2,
} if {
	readable
	money.amount > band.one
	money.amount <= band.never
}

limit contains {
	"id": "daily-budget",
	"reason": "What {principal.id} may spend in a day is used up.",
	"key": ["payments", input.principal.id, currency],
	"cost": amount,
	"max": band.daily,
	"per": "1d",
	"then": "hold",
	"reviewers": ["role:reviewer"],
} if {
	readable
	currency := money.currency
	amount := money.amount
	amount > 0
}

mask contains {"id": "card-numbers", "path": "/call/arguments/card"} if moves_money

readable if {
	money.complete
	is_number(money.amount)
}
