package zones_test

import data.gate
import data.sample

reading(zone) := sample.call("query", {}, object.union(
	sample.sql({"reads": ["crm.customers"]}),
	{"resources": [sample.table("crm.customers", "internal", zone)]},
))

# A11
test_another_zone_waits if {
	gate.outcome == "allow" with input as sample.labelled(reading("eu"), {"zone": "eu"})
	gate.outcome == "hold" with input as sample.labelled(reading("us"), {"zone": "eu"})
}

test_an_unknown_zone_is_another_one if gate.outcome == "hold" with input as sample.labelled(reading("unknown"), {"zone": "eu"})

test_without_zones_nothing_crosses if gate.outcome == "allow" with input as reading("us")
