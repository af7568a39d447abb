"""Is the record in a bundle what was signed? A second program that can say so.

It was written from `src/audit/format.md` and from nothing else, so that whoever writes a third one can trust that page. It
shares no line with the gateway; both are given the same bundles by `agree.py`, and must say the same of each.

    verify.py FOLDER --key KEY [--key KEY ...] [--checkpoint FILE ...] [--json]

Leaves with 0 when verified, 1 when tampered, 2 when incomplete, 3 when undecidable, and 64 when asked for something that does
not exist. It needs Python 3.9 and, for Ed25519, the package `cryptography`.
"""

import argparse
import json
import pathlib
import re
import sys

from record import WIDE, Body, Key, Leaf, Note, Tree, Wrong, fields_of, file_of, numbers_of, of_leaf, size_of, tree

VERIFIED, TAMPERED, INCOMPLETE, UNDECIDABLE = "verified", "tampered", "incomplete", "undecidable"
PASSED = object()
CODES = {VERIFIED: 0, TAMPERED: 1, INCOMPLETE: 2, UNDECIDABLE: 3}


class Bundle:
    def __init__(self, folder, keys, brought):
        self.folder, self.findings, self.missing, self.erased, self.unchecked = folder, [], [], [], []
        self.bodies, self.fit = 0, []
        self.brought = keys
        self.newest = self.note(self.read("checkpoint"), "`checkpoint`", "replace")
        if self.newest is None:
            raise Wrong("; ".join(self.findings))
        self.size, self.name = self.newest.size, self.newest.name
        self.notes = [self.newest]
        older = folder / "checkpoints"
        for file in sorted(path for path in older.rglob("*") if path.is_file()) if older.is_dir() else []:
            self.notes.append(self.note(file.read_bytes(), f"`checkpoints/{file.name}`"))
        for file in brought:
            self.notes.append(self.note(pathlib.Path(file).read_bytes(), f"the checkpoint {file}"))
        self.notes = [note for note in self.notes if note]
        self.listed = self.keys()
        self.part = self.listed_files()
        self.passed, self.gone, self.left, self.named = False, set(), 0, set()
        hashes = self.leaves()
        self.removed()
        levels = self.levels(hashes)
        self.checkpoints(hashes, levels)

    def read(self, name):
        path = self.folder / name
        return path.read_bytes() if path.is_file() else None

    def finding(self, text):
        self.findings.append(text)

    def note(self, read, what, errors="strict"):
        if read is None:
            self.finding(f"{what} is not there")
            return None
        try:
            return Note(read, what, errors)
        except Wrong as wrong:
            self.finding(str(wrong))
            return None

    def keys(self):
        read = self.read("keys")
        if read is None:
            return []
        listed = []
        try:
            for line in read.decode().splitlines():
                size, gap, key = line.partition(" ")
                if not gap or not re.match(r"\+?[0-9]{1,19}\Z", size):
                    raise Wrong("a line is not SIZE KEY")
                listed.append((int(size), Key(key.strip())))
        except (Wrong, UnicodeDecodeError) as wrong:
            self.finding(f"`keys`: {wrong}")
        return listed

    def listed_files(self):
        """The numbers of the full files of leaves that are there, or none where all must be."""
        read = self.read("part")
        if read is None:
            return None
        try:
            told = read.decode()
            if not told.endswith("\n"):
                raise Wrong("it does not end with a line break")
            return numbers_of(told[:-1]) if told != "\n" else []
        except (Wrong, UnicodeDecodeError) as wrong:
            self.finding(f"`part`: {wrong}")
            return None

    # Each file of leaves with its file of hashes and its file of bodies. Of leaves that are passed over nothing is known here.
    def leaves(self):
        hashes, last = [], {}
        for first in range(0, self.size, WIDE):
            held = min(WIDE, self.size - first)
            number = first // WIDE
            if self.part is not None and held == WIDE and not any(low <= number <= high for low, high in self.part):
                self.passed = True
                hashes += [PASSED] * WIDE
                continue
            known = self.tile(0, number, held)
            read = self.read("tile/entries/" + file_of(number, held))
            if read is None:
                # Nothing after it can be in its place, and a checkpoint may say any number.
                self.finding(f"the leaves from {first} on are not there, and there should be {self.size}")
                break
            lines = self.split(read, number, held)
            bodies = self.lines(number, held)
            for place in range(held):
                hashes.append(self.leaf(first + place, lines[place], known[place], bodies[place], last))
        return hashes

    def tile(self, level, number, held):
        name = f"tile/{level}/" + file_of(number, held)
        read = self.read(name)
        if read is None or len(read) < held * 32:
            self.finding(f"`{name}` " + ("is not there" if read is None else "is too short"))
            return [None] * held
        return [read[at : at + 32] for at in range(0, held * 32, 32)]

    def split(self, read, number, held):
        what = "`tile/entries/" + file_of(number, held) + "`"
        lines, at = [], 0
        while at + 2 <= len(read):
            long = int.from_bytes(read[at : at + 2], "big")
            if at + 2 + long > len(read):
                break
            lines.append(read[at + 2 : at + 2 + long])
            at += 2 + long
        if at != len(read) or len(lines) != held:
            self.finding(f"{what} does not hold {held} leaves")
        return (lines + [None] * held)[:held]

    def lines(self, number, held):
        name = "bodies/" + file_of(number, None, ".jsonl")
        read = self.read(name)
        if read is None:
            self.finding(f"`{name}` is not there")
            return [None] * held
        lines = read.split(b"\n")
        if lines[-1] == b"":
            lines.pop()
        return (lines + [None] * held)[:held]

    def leaf(self, place, line, known, body, last):
        leaf = None
        if line is None:
            pass
        elif line == b"":
            self.finding(f"leaf {place} was removed, and nothing says that it was on purpose")
        else:
            try:
                leaf = Leaf(line)
            except Wrong as wrong:
                self.finding(f"leaf {place}: {wrong}")
            if known is not None and of_leaf(line) != known:
                self.finding(f"leaf {place}: its hash is another one")
        if leaf:
            before = last.get(leaf.call) if leaf.call is not None else None
            if leaf.previous != before and not (self.passed and leaf.previous is not None):
                self.finding(f"leaf {place}: the leaf before it is not the last of its call")
            if leaf.call is not None:
                last[leaf.call] = of_leaf(line)
        self.body(place, leaf, body)
        return known

    def body(self, place, leaf, line):
        if line is None:
            self.finding(f"leaf {place}: its body is not there")
            return
        try:
            body = Body(line.decode())
        except (Wrong, UnicodeDecodeError) as wrong:
            self.finding(f"leaf {place}: {wrong}")
            return
        if body.root is None and leaf and body.entry != leaf.entry:
            self.finding(f"leaf {place}: its body is that of entry {body.entry}")
        elif body.root is None and body.left:
            self.left += 1
        elif body.root is None:
            self.gone.add(place)
        elif leaf and body.entry != leaf.entry:
            self.finding(f"leaf {place}: its body is that of entry {body.entry}")
        elif leaf and body.root != leaf.root:
            self.finding(f"leaf {place}: its body is not the one it stands for")
        elif leaf:
            self.bodies += 1
            if leaf.event == "pruned":
                self.on_purpose(place, body.body)
            self.erased += [f"leaf {place}: {pointer}" for pointer in body.erased]

    def on_purpose(self, place, body):
        """An entry may name what was removed, if it came before."""
        for pointer, value in fields_of(body):
            if pointer == "/places" and value.startswith('"'):
                try:
                    named = numbers_of(value[1:-1])
                except Wrong:
                    return
                if named[-1][1] < place:
                    self.named.update(at for low, high in named for at in range(low, high + 1))

    def removed(self):
        for place in sorted(self.gone - self.named):
            self.finding(f"leaf {place}: its body was removed, and nothing says that it was on purpose")
        for place in sorted(self.gone & self.named):
            self.missing.append(f"leaf {place}: its body was removed on purpose")
        if self.left or self.passed:
            self.missing.append("this is a part of the record")

    def levels(self, below):
        """The hashes of each level, as they are above what was passed over and as they come out elsewhere."""
        level, count, all = 1, len(below) // WIDE, [below]
        while count:
            made = []
            for first in range(0, count, WIDE):
                held = min(WIDE, count - first)
                for place, known in enumerate(self.tile(level, first // WIDE, held), first):
                    under = below[place * WIDE : (place + 1) * WIDE]
                    if known is None or None in under or PASSED in under:
                        made.append(known)
                        continue
                    made.append(tree(under))
                    if made[-1] != known:
                        self.finding(f"`tile/{level}`: hash {place} is not what is below it")
            all.append(made)
            below, level, count = made, level + 1, count // WIDE
        return all

    def believed(self):
        """The keys that were brought, and those that came to be believed by signing beside one."""
        keys = list(self.brought)
        grown = True
        while grown:
            grown = False
            for _, key in self.listed:
                if key.same() in {key.same() for key in keys}:
                    continue
                if any(note.signed(key) and any(note.signed(other) for other in keys) for note in self.notes):
                    keys.append(key)
                    grown = True
        return keys

    def counts(self, key, size):
        """Whether a key counts for a size: between its own and that of the next, where it is listed."""
        listed = sorted(self.listed, key=lambda pair: pair[0])
        first = next((size for size, of in listed if of.same() == key.same()), None)
        after = next((other for other, _ in listed if first is not None and other > first), None)
        return first is None or first <= size and (after is None or size <= after)

    def checkpoints(self, hashes, levels):
        keys, roots, whole, place, inside = self.believed(), {}, Tree(), 0, set()
        roots[0] = whole.root()
        wanted = {note.size for note in self.notes}
        while place < len(hashes):
            if hashes[place] is None:
                break
            if hashes[place] is PASSED:
                under = levels[1][place // WIDE] if len(levels) > 1 else None
                if under is None:
                    self.finding(f"the leaves from {place} on are not there, nor is their hash")
                    break
                whole.add(under, WIDE)
                inside.update(range(place + 1, place + WIDE))
                place += WIDE
            else:
                whole.add(hashes[place])
                place += 1
            if whole.size in wanted:
                roots[whole.size] = whole.root()
        self.root = whole.root() if place == self.size else None
        for note in self.notes:
            if note.name != self.name:
                self.finding(f"{note.what}: it is of another log")
                continue
            named = [key for key in keys if note.names(key)]
            signed = [key for key in named if note.signed(key)]
            if not named:
                self.unchecked.append(f"{note.what}: nobody who is believed signed it")
            elif not signed:
                self.finding(f"{note.what}: the signature of {named[0].name} is not its signature")
            elif not any(self.counts(key, note.size) for key in signed):
                self.finding(f"{note.what}: {signed[0].name} signs for other sizes")
            elif note.size > self.size:
                self.finding(f"{note.what}: it is for {note.size} leaves and there are {self.size}; the end was cut off")
            elif note.size in inside:
                self.unchecked.append(f"{note.what}: it is for leaves that are not all here")
            elif roots.get(note.size) != note.root:
                self.finding(f"{note.what}: the tree over {note.size} leaves has another root")
            else:
                self.fit.append(note.size)

    def verdict(self):
        if self.findings:
            return TAMPERED
        if self.size and self.size not in self.fit:
            return UNDECIDABLE
        return INCOMPLETE if self.missing else VERIFIED


def verify(folder, keys, checkpoints=()):
    """What is said of one bundle, as `--json` prints it."""
    try:
        bundle = Bundle(pathlib.Path(folder), [Key(key) for key in keys], checkpoints)
    except Wrong as wrong:
        return {"verdict": TAMPERED, "findings": [str(wrong)]}
    return {
        "verdict": bundle.verdict(),
        "origin": bundle.name,
        "leaves": bundle.size,
        "root": bundle.root.hex() if bundle.root else None,
        "bodies": bundle.bodies,
        "checkpoints": len(bundle.fit),
        "signed": max(bundle.fit, default=0),
        "findings": bundle.findings,
        "missing": bundle.missing,
        "erased": bundle.erased,
        "unchecked": bundle.unchecked,
    }


class Parser(argparse.ArgumentParser):
    def error(self, message):
        # 2 would say that the record is incomplete.
        self.print_usage(sys.stderr)
        self.exit(64, f"error: {message}\n")


def main():
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--key", action="append", default=[], help="a public key you hold")
    parser.add_argument("--checkpoint", action="append", default=[], help="a checkpoint you hold")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    try:
        for key in args.key:
            Key(key)
        told = verify(args.folder, args.key, args.checkpoint)
    except (Wrong, OSError) as wrong:
        parser.error(str(wrong))
    if args.json:
        print(json.dumps(told, indent=2))
    else:
        print(f"{told['verdict']}: {told.get('origin', args.folder)}, {told.get('leaves', 0)} entries")
        for kind in ("findings", "missing", "erased", "unchecked"):
            for text in told.get(kind, []):
                print(f"  {kind}: {text}")
    sys.exit(CODES[told["verdict"]])


if __name__ == "__main__":
    main()
