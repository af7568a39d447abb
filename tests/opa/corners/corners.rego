# METADATA
# title: Corners
# description: What the two engines are known, or likely, to see differently. Only for tests/opa/check.py.
package countersign.corners

import future.keywords.not

allow contains {"id": "everything", "reason": "Only the warnings matter."}

args := input.call.arguments

warn contains {"id": "sum-of-tenths"} if args.a + args.b == 0.3

warn contains {"id": "half"} if args.a / args.b == 3.5

warn contains {"id": "rest"} if args.a % args.b == 1

warn contains {"id": "rounded"} if round(args.a) == 3

warn contains {"id": "large"} if args.a == 9007199254740993

warn contains {"id": "float-is-integer"} if args.a == 1

warn contains {"id": "text-over-number"} if args.text > args.a

warn contains {"id": "not-over-missing"} if not startswith(args.gone, "/etc")

warn contains {"id": "null-is-false"} if not args.nothing

warn contains {"id": "length"} if count(args.text) == 1

warn contains {"id": "lower"} if lower(args.text) == "ü"

warn contains {"id": "digit"} if regex.match(`^[0-9]$`, args.text)

warn contains {"id": "letter"} if regex.match(`^(?i)straße$`, args.text)

warn contains {"id": "dot"} if regex.match(`^.$`, args.text)

warn contains {"id": "below"} if glob.match("/srv/**", ["/"], args.path)

warn contains {"id": "any-depth"} if glob.match("**/x", ["/"], args.path)

warn contains {"id": "one-step"} if glob.match("/srv/*", ["/"], args.path)

warn contains {"id": "inside"} if net.cidr_contains("10.0.0.0/8", args.address)

warn contains {"id": "every-of-none"} if {
	every item in args.list {
		item == 1
	}
}

warn contains {"id": "last"} if args.list[count(args.list) - 1] == "z"

warn contains {"id": "sorted"} if sort(args.list) == [false, 1, "a", "z"]

warn contains {"id": "parts"} if split(args.text, ",") == ["a", "", "b"]

warn contains {"id": "number-text"} if format_int(args.a, 16) == "ff"

warn contains {"id": "read-number"} if to_number(args.number) == 1000
