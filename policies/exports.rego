# METADATA
# title: Nothing leaves in bulk
# description: A tool that exports takes a limit, and the limit stays small.
package countersign.exports

exports if startswith(input.call.tool, "export_")

asked := input.call.arguments.limit

asked := input.call.arguments.rows

deny contains {
	"id": "bulk",
	"severity": "high",
	"reason": "An export of more than {data.exports.most} rows is more than an agent may take.",
	"advice": "Ask for at most {data.exports.most} rows.",
} if {
	input.call.method == "tools/call"
	exports
	asked > data.exports.most
}

deny contains {
	"id": "without-limit",
	"severity": "high",
	"reason": "An export without a limit takes everything.",
	"advice": "Send `limit`, at most {data.exports.most}.",
} if {
	input.call.method == "tools/call"
	exports
	object.get(input.call.arguments, "limit", null) == null
	object.get(input.call.arguments, "rows", null) == null
}
