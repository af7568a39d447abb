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
	not here[thing.zone]
}

# The operator says where a server stands: labels = { zone = "eu" }.
zoned if input.server.labels.zone

here contains input.server.labels.zone
