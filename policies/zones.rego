# METADATA
# title: Zones
# description: >-
#   Data of a compliance zone is used from inside that zone. Only the catalogue knows a zone; once anything at all is
#   zoned, what it does not know is taken for foreign.
package countersign.zones

import future.keywords.not

hold contains {
	"id": "crossing",
	"severity": "high",
	"reason": "Reaches into another zone ({facts.resources.*.zone}).",
	"reviewers": ["role:reviewer"],
} if {
	zoned
	some thing in input.facts.resources
	thing.kind in {"table", "repository"}
	not thing.zone in here
}

# Where the gateway stands, or where the operator says that a server does: labels = { zone = "eu" }.
zoned if count(here) > 0

here contains input.zone if input.zone != ""

here contains input.server.labels.zone
