"""Do two programs say the same of a record, whatever was done to it?

The gateway's `audit verify` and `verify.py`, which was written from `src/audit/format.md` alone, are given the same bundles:
what the gateway wrote while an agent called tools, logs of sizes where trees change their form, logs that two keys signed, with
fields erased, and hundreds of each that somebody meddled with. Both must leave with the same code. What was done is drawn at
random; a failure says with which seed. `tests/run.sh --only verifier` brings the package for Ed25519 and runs this.
"""

import argparse
import base64
import collections
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import meddle
import verify
from forge import Log, Signer, gone, left, redact, text

HERE = pathlib.Path(__file__).resolve().parent
WORDS = (verify.VERIFIED, verify.TAMPERED, verify.INCOMPLETE, verify.UNDECIDABLE)
VERIFIED, TAMPERED, INCOMPLETE, UNDECIDABLE = (verify.CODES[verdict] for verdict in WORDS)
ONE, TWO, THREE = (Signer("example.org/log", seed) for seed in ("one", "two", "three"))
STRANGER, FOREIGN = Signer("example.org/log", "stranger"), Signer("example.org/other", "one")

CONFIG = """
[servers.shop]
command = "{python}"
args = ["shop.py"]
[policy]
paths = ["rules"]
[store]
url = "sqlite:book.db"
"""

RULES = """package countersign.shop

allow contains {"id": "look", "reason": "Looking is free."} if input.call.tool == "look"
"""

SHOP = """import json, sys
tools = [{"name": name, "inputSchema": {"type": "object"}} for name in ("look", "buy")]
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    told = {}
    if asked["method"] == "initialize":
        about = {"name": "shop", "version": "1"}
        told = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": about}
    elif asked["method"] == "tools/list":
        told = {"tools": tools}
    elif asked["method"] == "tools/call":
        told = {"content": [{"type": "text", "text": "a \\u00e9 \\n"}]}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": told}), flush=True)
"""

# Bodies that are read in a way of their own, or not as JSON at all.
ODD = [
    "", "hello", '"x"', "7", "null", "[]", "{}", '{"a": 1}', '{"a":1}\n', "[", "[1,]", '{"a":1}x', '{"a"}', "[1]]", "[.5]",
    '{"a":1,"a":2}', '{"a/b~c":1,"":{"":2}}', '{"\\u0061":"\\u00e9"}', '{"\\ud83d\\ude00":1}', '{"\\ud800":1}', '{"a":"\\ud800"}',
    "[1.0e5,-0,1E400,123456789012345678901234567890]", "[[],{},[{}],[[]]]", '{"a\\u0000":"\\u0000"}', '{"é":"\\"😀\\\\"}',
    "[01,-,1.,tru,1-1]", '["\t\\x"]', '{"\t":1}', '{"\\x":1}', '["a]', "\ufeff[1]",
    *("[" * deep + held + "]" * deep for deep in (159, 160, 161) for held in ("1", "[]")),
    '{"a":' * 160 + "1" + "}" * 160, '{"a":' * 161 + "1" + "}" * 161,
]  # fmt: skip


class Case:
    def __init__(self, what, folder, keys, want=None, brought=()):
        self.what, self.folder, self.keys, self.want, self.brought = what, folder, keys, want, list(brought)

    def options(self):
        keys = [part for key in self.keys for part in ("--key", key)]
        return keys + [part for note in self.brought for part in ("--checkpoint", str(note))]


class Gateway:
    def __init__(self, program, place):
        self.program, self.place = program, place
        (place / "rules").mkdir()
        (place / "rules/shop.rego").write_text(RULES)
        (place / "shop.py").write_text(SHOP)
        (place / "countersign.toml").write_text(CONFIG.format(python=sys.executable))

    def run(self, *args, said=None):
        done = subprocess.run([self.program, *args], cwd=self.place, input=said, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            sys.exit(f"countersign {' '.join(args)} left with {done.returncode}: {done.stderr}")
        return done.stdout

    def work(self, calls):
        about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "agree", "version": "1"}}
        lines = [{"id": 0, "method": "initialize", "params": about}, {"method": "notifications/initialized"}]
        for number in range(1, calls + 1):
            name = ("look", "buy", "nothing")[number % 3]
            given = {"number": number, "who": {"name": "é", "tags": ["a", {}, []]}}
            lines.append({"id": number, "method": "tools/call", "params": {"name": name, "arguments": given}})
        self.run("run", said="".join(json.dumps({"jsonrpc": "2.0", **said}) + "\n" for said in lines))

    def bundle(self, name):
        self.run("audit", "bundle", name)
        return self.place / name


def body(number):
    return text({"event": "decided", "n": number, "who": {"a/b": "é\n", "list": [number, {}, [], [None, True]]}, "why": None})


def log(size, **about):
    made = Log(**about)
    for number in range(size):
        made.add(body(number), call=(None, "c-1", "c-2")[number % 3])
    return made


def whole(gateway, place):
    """What nobody meddled with, and of what later is meddled with."""
    gateway.work(30)
    early = gateway.bundle("early")
    gateway.work(30)
    late = gateway.bundle("late")
    key = gateway.run("audit", "key").strip()
    cases = [
        Case("the gateway's first bundle", early, [key], VERIFIED),
        Case("the gateway's second bundle", late, [key], VERIFIED, [early / "checkpoint"]),
        Case("the first bundle against the second one's checkpoint", early, [key], TAMPERED, [late / "checkpoint"]),
        Case("the gateway's bundle without a key", late, [], UNDECIDABLE),
        Case("the gateway's bundle with another key", late, [ONE.key], UNDECIDABLE),
    ]
    for size in (0, 1, 2, 3, 255, 256, 257, 1000):
        made = log(size)
        older = [made.note(part) for part in {size // 2, size * 2 // 3}]
        cases.append(Case(f"{size} leaves", made.write(place / f"size-{size}", older=older), [ONE.key], VERIFIED))
    odd = Log()
    for told in ODD:
        odd.add(told)
    cases.append(Case("odd bodies", odd.write(place / "odd"), [ONE.key], VERIFIED))
    erased = log(260)
    for at, under in enumerate((["/n"], ["/who"], [""], ["/who/list/3", "/event"], ["/who/a~1b", "/why"], [])):
        erased.bodies[at * 50] = redact(erased.bodies[at * 50], under)
    older = [erased.note(100), erased.note(3)]
    cases.append(Case("fields are erased", erased.write(place / "erased", older=older), [ONE.key], VERIFIED))
    opaque = Log()
    opaque.add("no JSON")
    opaque.bodies[0] = redact(opaque.bodies[0], [])
    cases.append(Case("erased in what is not JSON", opaque.write(place / "opaque"), [ONE.key], TAMPERED))
    opaque = Log()
    opaque.add("no JSON")
    opaque.bodies[0] = redact(opaque.bodies[0], [""])
    cases.append(Case("what is not JSON is erased", opaque.write(place / "nothing"), [ONE.key], VERIFIED))
    without = log(5)
    without.bodies = [gone(place + 1) for place in range(5)]
    cases.append(Case("no body is left", without.write(place / "bodiless"), [ONE.key], TAMPERED))
    return cases


def pruned(place):
    """What was removed on purpose, and what only looks so."""
    told = [
        ("all that is named", '"0-9,12"', (0, 1, 9, 12), INCOMPLETE), ("nothing that is named", '"0-9,12"', (), VERIFIED),
        ("one that is not", '"0-9,12"', (10,), TAMPERED), ("the entry itself", '"0-300"', (0,), TAMPERED),
        ("by no list", '"0-09"', (0,), TAMPERED), ("by one backwards", '"5,0"', (0,), TAMPERED),
        ("by a list of lists", '["0"]', (0,), TAMPERED), ("by an escape", '"\\u0030"', (0,), TAMPERED),
        ("by none", '""', (0,), TAMPERED), ("by a number", "0", (0,), TAMPERED), ("by all there are", '"0-299"', (0, 299), INCOMPLETE),
        ("by what is too large", '"0,99999999999999999999"', (0,), TAMPERED),
    ]  # fmt: skip
    for at, (what, places, without, want) in enumerate(told):
        made = log(300)
        made.add(f'{{"event":"pruned","places":{places},"archive":"a"}}', event="pruned")
        made.add(body(1))
        for number in without:
            made.bodies[number] = gone(number + 1)
        yield Case(f"removed: {what}", made.write(place / f"pruned-{at}", older=[made.note(200)]), [ONE.key], want)
    twice = log(300)
    for places in ("0-9", "5-20"):
        twice.add(f'{{"event":"pruned","places":"{places}"}}', event="pruned")
    for number in range(21):
        twice.bodies[number] = gone(number + 1)
    yield Case("removed by two", twice.write(place / "pruned-twice"), [ONE.key], INCOMPLETE)
    twice.bodies[300] = gone(301)
    yield Case("without what said so", twice.write(place / "pruned-unsaid"), [ONE.key], TAMPERED)
    other = log(300)
    other.add('{"event":"pruned","places":"0-9"}', event="decided")
    other.bodies[0] = gone(1)
    yield Case("said by another kind of entry", other.write(place / "pruned-other"), [ONE.key], TAMPERED)


def parts(place):
    """A part of the record: some files of leaves, and the hashes of all others."""
    told = [
        ("the first and the third", "0,2\n", {1, 3}, INCOMPLETE), ("the last two", "2-3\n", {0, 1}, INCOMPLETE),
        ("none but what is not full", "\n", {0, 1, 2, 3}, INCOMPLETE), ("all of them", "0-3\n", set(), VERIFIED),
        ("more than there are", "0-3,9\n", set(), VERIFIED), ("one that is not there", "0-3\n", {1}, TAMPERED),
        ("none of them listed", None, {1}, TAMPERED), ("no line break", "0,2", {1, 3}, TAMPERED),
        ("no list", "0,2,2\n", {1, 3}, TAMPERED), ("no text", "\xff\n", {1, 3}, TAMPERED),
        ("one more than is there", "0-2\n", set(), INCOMPLETE),
    ]  # fmt: skip
    for at, (what, listed, without, want) in enumerate(told):
        made = log(1100)
        if want == INCOMPLETE and without:
            made.bodies[10] = left(11)
        older = [made.note(size) for size in (256, 300, 512, 600, 1024, 1050)]
        folder = made.write(place / f"part-{at}", older=older)
        for number in without:
            for file in (f"tile/entries/{number:03}", f"tile/0/{number:03}", f"bodies/{number:03}.jsonl"):
                (folder / file).unlink()
        if listed is not None:
            (folder / "part").write_bytes(listed.encode("latin-1"))
        yield Case(f"a part: {what}", folder, [ONE.key], want)


def rotated(place):
    """Which keys are believed, and for which sizes."""
    two, three = [(0, ONE), (3, TWO)], [(0, ONE), (2, TWO), (4, THREE)]
    both, alone = [ONE, TWO], [TWO]
    told = [
        ("a second key that signed with the first", two, alone, [(1, [ONE]), (3, both)], [ONE], VERIFIED),
        ("brought is the second key only", two, alone, [(1, [ONE]), (3, both)], [TWO], VERIFIED),
        ("both keys are brought", two, alone, [(3, [ONE])], [ONE, TWO], VERIFIED),
        ("the first key signs after its time", two, [ONE], [(3, both)], [ONE], TAMPERED),
        ("the second key signed before its time", two, alone, [(3, both), (2, [TWO])], [ONE], TAMPERED),
        ("a key from a size that is not reached", [(6, ONE)], [ONE], [], [ONE], TAMPERED),
        ("they sign together where only one counts", two, both, [(2, both)], [ONE], VERIFIED),
        ("three keys", three, [THREE], [(2, both), (4, [TWO, THREE])], [ONE], VERIFIED),
        ("three keys, in another order", three[::-1], [THREE], [(4, [TWO, THREE]), (2, both)], [ONE], VERIFIED),
        ("a listed key that nobody believes", two, [TWO], [], [ONE], UNDECIDABLE),
        ("a key that is not listed", [(0, TWO)], [ONE], [], [ONE], VERIFIED),
        ("a stranger signed the newest", two, [STRANGER], [(5, [ONE, STRANGER])], [TWO], UNDECIDABLE),
        ("a key of another name", [(0, ONE), (3, FOREIGN)], [FOREIGN], [(3, [ONE, FOREIGN])], [ONE], VERIFIED),
    ]
    for at, (what, keys, newest, older, brought, want) in enumerate(told):
        made = log(5)
        made.keys = keys
        older = [made.note(size, signers) for size, signers in older]
        folder = made.write(place / f"keys-{at}", made.note(by=newest), older)
        yield Case(what, folder, [signer.key for signer in brought], want)


def signed_wrong(place):
    """What is wrong in spite of a signature."""
    made = log(5)
    root = made.note().split("\n")[2]
    good = f"{made.name}\n5\n{root}\n"
    notes = [
        ("nothing more", good, VERIFIED), ("lines nobody knows", good + "x\n\ny z\n", VERIFIED),
        ("a size with zeros in front", good.replace("\n5\n", "\n05\n"), TAMPERED),
        ("a size below zero", good.replace("\n5\n", "\n-5\n"), TAMPERED),
        ("a size no tree has", good.replace("\n5\n", f"\n{2**63 - 1}\n"), TAMPERED),
        ("another root", good.replace(root, made.note(3).split("\n")[2]), TAMPERED),
        ("a root without padding", good.replace("=", ""), TAMPERED),
        ("no time", good + "countersign/at yesterday\n", TAMPERED), ("another log", good.replace("/log", "/x"), None),
        ("a tab", good + "x\ty\n", TAMPERED), ("a sign that shows nothing", good + "x\x7fy\n", TAMPERED),
    ]  # fmt: skip
    bad = base64_of(b"\0\0\0\0" + b"x" * 64)
    lines = [
        ("its line twice", ONE.line(good) * 2, VERIFIED), ("a spoilt line", ONE.line(good, True), TAMPERED),
        ("a spoilt line and a good one", ONE.line(good, True) + ONE.line(good), VERIFIED),
        ("a stranger's line", STRANGER.line(good) + ONE.line(good), VERIFIED),
        ("its name over another key", f"\u2014 {ONE.name} {bad}\n", UNDECIDABLE), ("no line", "", TAMPERED),
        ("a hyphen", ONE.line(good).replace("\u2014", "-"), TAMPERED), ("more words", ONE.line(good)[:-1] + " x\n", TAMPERED),
        ("a line that is too short", ONE.line(good) + "\u2014 x eA==\n", TAMPERED),
        ("a name with a plus", ONE.line(good) + f"\u2014 x+y {bad}\n", TAMPERED),
    ]  # fmt: skip
    all = [(what, told + "\n" + ONE.line(told), want) for what, told, want in notes]
    all += [(what, good + "\n" + signatures, want) for what, signatures, want in lines]
    for at, (what, note, want) in enumerate(all):
        yield Case(f"newest checkpoint: {what}", made.write(place / f"newest-{at}", note), [ONE.key], want)
        yield Case(f"older checkpoint: {what}", made.write(place / f"older-{at}", older=[note]), [ONE.key], None)
    leaves = [
        ("spaces", b'"v":1', b'"v": 1'), ("another version", b'"v":1', b'"v":2'), ("one member more", b'"v":1', b'"v":1,"x":1'),
        ("before all time", b'"at":1', b'"at":-1'), ("after all time", b'"at":1', b'"at":99999'),
        ("a zero", b'"at":1', b'"at":01'),
        ("an event nobody knows", b"decided", b"\xc3\xa9"), ("an escape that need not be", b"decided", b"\\u00e9"),
        ("an escape in capitals", b"decided", b"\\u001F"), ("an escape that must be", b"decided", b"\\u001f\\n\\\\"),
        ("not UTF-8", b"decided", b"\xff"), ("another call", b"c-2", b"c-3"), ("no call", b'"c-2"', b"null"),
        ("no predecessor", b'"previous":', b'"previous":null,"x":'),
    ]  # fmt: skip
    for at, (what, old, new) in enumerate(leaves):
        made = log(9)
        made.leaves[8] = made.leaves[8].replace(old, new)
        yield Case(f"a leaf with {what}", made.write(place / f"leaf-{at}"), [ONE.key], None)


def base64_of(read):
    return base64.b64encode(read).decode()


def meddled(job):
    gateway, seed, number, bases, place = job
    chance = random.Random(f"{seed} {number}")
    base = chance.choice(bases)
    folder = place / f"meddled-{number}"
    shutil.copytree(base.folder, folder)
    done = None
    while done is None:
        done = chance.choice(meddle.WAYS)(chance, folder)
    brought = base.brought if chance.random() < 0.5 else []
    told = asked((gateway, Case(f"{base.what}: {done}", folder, base.keys, None, brought)))
    shutil.rmtree(folder)
    return told


def asked(job):
    gateway, case = job
    ask = [gateway, "audit", "verify", str(case.folder), *case.options()]
    ours = subprocess.run(ask, cwd=case.folder.parent, capture_output=True, text=True, timeout=60)
    theirs = verify.verify(case.folder, case.keys, case.brought)
    code = verify.CODES[theirs["verdict"]]
    if ours.returncode == code and case.want in (None, code):
        return code, None
    said = f"{ours.returncode} here: {ours.stdout}{ours.stderr}\n{code} there: {json.dumps(theirs)}"
    return code, f"fail  {case.what}\n{said}"


def as_a_program(case):
    """The second verifier as whoever has it calls it."""
    ask = [sys.executable, "-B", HERE / "verify.py", case.folder, *case.options(), "--json"]
    told = subprocess.run(ask, capture_output=True, text=True)
    return told.returncode == verify.CODES[json.loads(told.stdout)["verdict"]] == case.want


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--gateway", required=True, help="the program")
    arguments.add_argument("--mutations", type=int, default=300)
    arguments.add_argument("--seed", default=os.urandom(4).hex(), help="what a failure said")
    args = arguments.parse_args()
    gateway = str(pathlib.Path(args.gateway).resolve())
    with tempfile.TemporaryDirectory() as folder, multiprocessing.Pool() as pool:
        place = pathlib.Path(folder)
        (place / "home").mkdir()
        known = whole(Gateway(gateway, place / "home"), place)
        bases = [case for case in known if case.want == VERIFIED and case.what not in ("0 leaves", "1000 leaves")]
        cut = [*pruned(place / "more"), *parts(place / "more")]
        bases += [case for case in cut if case.want == INCOMPLETE]
        known += [*rotated(place), *pruned(place), *parts(place), *signed_wrong(place)]
        if not all(as_a_program(case) for case in (known[0], known[2], known[3])):
            sys.exit("verify.py leaves with other codes than it says")
        told = pool.map(asked, [(gateway, case) for case in known], 4)
        jobs = [(gateway, args.seed, number, bases, place) for number in range(args.mutations)]
        told += pool.map(meddled, jobs, 4)
    failed = [words for _, words in told if words]
    print(*failed, sep="\n", end="\n" if failed else "")
    names = {code: verdict for verdict, code in verify.CODES.items()}
    counts = collections.Counter(names[code] for code, _ in told)
    print(f"{len(told)} bundles, {args.mutations} of them meddled with, seed {args.seed}: {dict(counts)}")
    print(f"the two disagree about {len(failed)}" if failed else "the two agree about all of them")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
