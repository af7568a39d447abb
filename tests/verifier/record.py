"""What is a record made of?

Texts, trees, keys, checkpoints, bodies and leaves, each read as `src/audit/format.md` says.
"""

import base64
import binascii
import datetime
import hashlib
import json
import re
import unicodedata

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

WIDE = 256
HEX = re.compile(r"[0-9a-f]{64}\Z")
DECIMAL = re.compile(r"(0|[1-9][0-9]{0,18})\Z")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})\Z")
TEXT = r'"(?:[^"\\]|\\.)*"'
SIMPLE = re.compile(TEXT + r"|[-0-9tfn][-+.0-9A-Za-z]*|\[\]|\{\}", re.DOTALL)
NAME = re.compile(TEXT, re.DOTALL)
DEEPEST = 160


class Wrong(Exception):
    """What is not as the page says, in words."""


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def four(number):
    return number.to_bytes(4, "big")


# Trees.


def of_leaf(leaf):
    return sha256(b"\x00", leaf)


def of_two(left, right):
    return sha256(b"\x01", left, right)


class Tree:
    """Takes the hashes of leaves one by one, and keeps the roots of the whole trees they make."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def add(self, leaf, of=1):
        """A leaf, or the hash of a whole tree of so many leaves."""
        self.size += of
        self.peaks.append(leaf)
        size = self.size // of
        while size % 2 == 0:
            right, left = self.peaks.pop(), self.peaks.pop()
            self.peaks.append(of_two(left, right))
            size //= 2

    def root(self):
        if not self.peaks:
            return sha256()
        root = self.peaks[-1]
        for left in reversed(self.peaks[:-1]):
            root = of_two(left, root)
        return root


def tree(leaves):
    whole = Tree()
    for leaf in leaves:
        whole.add(leaf)
    return whole.root()


# Texts.


def base64_of(text, what):
    try:
        read = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        read = None
    if read is None or base64.b64encode(read).decode() != text:
        raise Wrong(f"{what} is not base64")
    return read


def hex_of(text, what):
    if not isinstance(text, str) or not HEX.match(text):
        raise Wrong(f"{what} is not 64 digits of lower-case hex")
    return bytes.fromhex(text)


def size_of(text, what):
    if not DECIMAL.match(text):
        raise Wrong(f"{what} is not a number")
    return int(text)


def object_of(text, what):
    """One object, without names that stand twice."""

    def pairs(found):
        if len({name for name, _ in found}) != len(found):
            raise Wrong(f"{what} has a member twice")
        return dict(found)

    def constant(name):
        raise Wrong(f"{what} is not JSON: {name}")

    try:
        read = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except (ValueError, RecursionError):
        raise Wrong(f"{what} is not JSON") from None
    if not isinstance(read, dict):
        raise Wrong(f"{what} is not an object")
    return read


def members(read, names, what):
    if not isinstance(read, dict) or sorted(read) != sorted(names):
        raise Wrong(f"{what} has not the members {', '.join(names)}")
    return [read[name] for name in names]


def is_time(text):
    """RFC 3339."""
    if not TIME.match(text):
        return False
    try:
        datetime.datetime.strptime(text[:19].upper(), "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return False
    return True


def is_number(value):
    return isinstance(value, int) and not isinstance(value, bool)


# Keys and checkpoints.


class Key:
    def __init__(self, text):
        parts = text.split("+", 2)
        if len(parts) != 3 or not parts[0] or re.search(r"\s", parts[0]):
            raise Wrong("a key is written NAME+HEX+BASE64")
        self.name, named, public = parts[0], parts[1], base64_of(parts[2], "a key")
        if len(public) != 33 or public[0] != 1:
            raise Wrong("a key is not one of Ed25519")
        self.id = sha256(self.name.encode(), b"\n", public)[:4]
        if named != self.id.hex():
            raise Wrong("a key is not the one its name says")
        self.public = public[1:]
        try:
            self.checks = Ed25519PublicKey.from_public_bytes(self.public)
        except ValueError:
            raise Wrong("a key is no point") from None

    def same(self):
        return self.name, self.public

    def signed(self, text, signature):
        try:
            self.checks.verify(signature, text)
        except InvalidSignature:
            return False
        return True


class Note:
    """A checkpoint: what it says, and who is said to have signed it."""

    def __init__(self, read, what, errors="strict"):
        self.what = what
        try:
            text = read.decode(errors=errors)
        except UnicodeDecodeError:
            raise Wrong(f"{what} is not UTF-8") from None
        said, gap, lines = text.rpartition("\n\n")
        if not gap or not lines.endswith("\n"):
            raise Wrong(f"{what} is not a text, an empty line and signatures")
        self.text = (said + "\n").encode()
        if any(unicodedata.category(sign) == "Cc" and sign != "\n" for sign in text):
            raise Wrong(f"{what} holds characters that do not belong into a note")
        told = said.split("\n")
        if len(told) < 3 or not told[0]:
            raise Wrong(f"{what} has not a name, a size and a root")
        self.name, self.size = told[0], size_of(told[1], f"the size in {what}")
        self.root = base64_of(told[2], f"the root in {what}")
        if len(self.root) != 32:
            raise Wrong(f"the root in {what} is no hash")
        for line in told[3:]:
            if line.startswith("countersign/at ") and not is_time(line.removeprefix("countersign/at ")):
                raise Wrong(f"{what} was signed at no time")
        self.lines = [self.line(line) for line in lines[:-1].split("\n")]

    def line(self, line):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or not parts[1] or "+" in parts[1]:
            raise Wrong(f"{self.what} has a line that is no signature")
        signature = base64_of(parts[2], f"a signature of {self.what}")
        if len(signature) < 4:
            raise Wrong(f"{self.what} has a signature that is too short")
        return parts[1], signature[:4], signature[4:]

    def names(self, key):
        return [signature for name, id, signature in self.lines if (name, id) == (key.name, key.id)]

    def signed(self, key):
        return any(key.signed(self.text, signature) for signature in self.names(key))


# Bodies.


def fields(body):
    """Pointer and value of each field, or `None` where the text is not JSON of the form."""
    found, inside, at, pointer = [], [], 0, ""
    while True:
        simple = SIMPLE.match(body, at)
        if simple:
            found.append((pointer, simple.group()))
            at = simple.end()
            if simple.group() in ("[]", "{}") and len(inside) >= DEEPEST:
                return None
            # Up, out of everything that ends here.
            while inside and at < len(body) and body[at] == ("]" if inside[-1][1] is not None else "}"):
                inside.pop()
                at += 1
            if not inside:
                return found if at == len(body) else None
            if body[at : at + 1] != ",":
                return None
            at += 1
            if inside[-1][1] is not None:
                inside[-1][1] += 1
        elif body[at : at + 1] in ("{", "[") and len(inside) < DEEPEST:
            inside.append([pointer, 0 if body[at] == "[" else None, set()])
            at += 1
        else:
            return None
        above, place, seen = inside[-1]
        if place is None:
            name = NAME.match(body, at)
            if not name or body[name.end() : name.end() + 1] != ":":
                return None
            at = name.end() + 1
            try:
                place = json.loads(name.group(), strict=False)
            except ValueError:
                return None
            if any(0xD800 <= ord(sign) < 0xE000 for sign in place):
                return None
            if place in seen:
                return None
            seen.add(place)
            place = place.replace("~", "~0").replace("/", "~1")
        pointer = f"{above}/{place}"


def fields_of(body):
    return fields(body) or [("", body)]


def commitment(salt, pointer, value):
    pointer = pointer.encode()
    return sha256(salt, four(len(pointer)), pointer, value.encode())


def root_of(commitments):
    return sha256(four(len(commitments)), *commitments)


def root_of_whole(salt, body):
    salted = ((sha256(salt, four(place)), *field) for place, field in enumerate(fields_of(body)))
    return root_of([commitment(*field) for field in salted])


def root_of_redacted(body, erased, salts):
    salts, made, seen = iter(salts), [], set()
    found = fields(body)
    if found is None:
        raise Wrong("fields are erased in what has none")
    for pointer, value in found:
        if pointer in erased:
            if value != "null":
                raise Wrong(f"what is erased at {pointer} is still there")
            if pointer in seen:
                raise Wrong(f"{pointer} stands twice and is erased")
            seen.add(pointer)
            made += erased[pointer]
        else:
            salt = next(salts, None)
            if salt is None:
                raise Wrong("there are fewer salts than fields")
            made.append(commitment(salt, pointer, value))
    if next(salts, None) is not None:
        raise Wrong("there are more salts than fields")
    if seen != set(erased):
        raise Wrong("something is erased that is not there")
    return root_of(made)


class Body:
    """One line of `bodies`: the root it makes, or none if it is gone."""

    def __init__(self, line):
        read = object_of(line, "its body")
        kind = next(iter(read), None)
        self.erased, self.root, self.body, self.left = [], None, None, kind == "left"
        if kind == "whole" and len(read) == 1:
            self.entry, salt, self.body = members(read[kind], ["entry", "salt", "body"], "its body")
            self.check()
            self.root = root_of_whole(hex_of(salt, "its salt"), self.body)
        elif kind == "redacted" and len(read) == 1:
            self.entry, left = members(read[kind], ["entry", "left"], "its body")
            self.body, erased, salts = members(left, ["body", "erased", "salts"], "what is left of its body")
            self.check()
            if not isinstance(erased, dict) or not isinstance(salts, list):
                raise Wrong("what is left of its body is not of the form")
            for pointer, listed in erased.items():
                if not isinstance(listed, list) or not listed:
                    raise Wrong(f"nothing stands in the place of {pointer}")
                erased[pointer] = [hex_of(one, "a commitment") for one in listed]
            self.erased = list(erased)
            self.root = root_of_redacted(self.body, erased, [hex_of(salt, "a salt") for salt in salts])
        elif kind in ("gone", "left") and len(read) == 1:
            (self.entry,) = members(read[kind], ["entry"], "its body")
            self.check()
        else:
            raise Wrong("its body is neither whole, nor redacted, nor gone, nor left out")

    def check(self):
        if not is_number(self.entry) or not -(2**63) <= self.entry < 2**63:
            raise Wrong("its body has no number")
        if self.body is None:
            return
        if not isinstance(self.body, str):
            raise Wrong("its body is no text")
        try:
            self.body.encode()
        except UnicodeEncodeError:
            raise Wrong("its body is not UTF-8") from None


class Leaf:
    NAMES = ["at", "call", "entry", "event", "previous", "root", "v"]

    def __init__(self, line):
        try:
            text = line.decode()
        except UnicodeDecodeError:
            raise Wrong("it is not UTF-8") from None
        read = object_of(text, "it")
        if list(read) != self.NAMES or json.dumps(read, separators=(",", ":"), ensure_ascii=False) != text:
            raise Wrong("it is not written as leaves are")
        self.at, self.call, self.entry, self.event, previous, root, version = (read[name] for name in self.NAMES)
        if not is_number(self.at) or not -(2**63) <= self.at < 2**63 or not is_number(version) or version != 1:
            raise Wrong("its time or its version is not one")
        if not is_number(self.entry) or not -(2**63) <= self.entry < 2**63:
            raise Wrong("it has no number")
        if not isinstance(self.event, str) or not (self.call is None or isinstance(self.call, str)):
            raise Wrong("its call or its event is no text")
        self.previous = None if previous is None else hex_of(previous, "what was before it")
        self.root = hex_of(root, "its root")


def numbers_of(text):
    """A list of numbers, as first and last of each run."""
    runs, last = [], -1
    for part in text.split(","):
        found = re.match(r"(0|[1-9][0-9]*)(?:-(0|[1-9][0-9]*))?\Z", part, re.ASCII)
        if not found:
            raise Wrong("it is no list of numbers")
        low, high = int(found[1]), int(found[2] or found[1])
        if low <= last or high >= 2**64 or (found[2] and low >= high):
            raise Wrong("it is no list of numbers that grow")
        runs.append((low, high))
        last = high
    return runs


def file_of(number, held, suffix=""):
    digits = f"{number % 1000:03}"
    number //= 1000
    while number:
        digits = f"x{number % 1000:03}/{digits}"
        number //= 1000
    return digits + suffix + ("" if held is None or held == WIDE else f".p/{held}")
