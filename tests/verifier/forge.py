"""How is a bundle made without the gateway?

Also from `src/audit/format.md` alone. With keys of our own there can be logs the gateway does not write yet, of any size, and
whatever is wrong in them can be signed for.
"""

import base64
import json
import pathlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from record import WIDE, commitment, fields_of, file_of, four, of_leaf, root_of_whole, sha256, tree


class Signer:
    def __init__(self, name, seed):
        self.name, self.private = name, Ed25519PrivateKey.from_private_bytes(sha256(seed.encode()))
        public = b"\x01" + self.private.public_key().public_bytes_raw()
        self.id = sha256(name.encode(), b"\n", public)[:4]
        self.key = f"{name}+{self.id.hex()}+{base64.b64encode(public).decode()}"

    def line(self, text, spoilt=False):
        signature = bytearray(self.private.sign(text.encode()))
        signature[7] ^= spoilt
        return f"\u2014 {self.name} {base64.b64encode(self.id + signature).decode()}\n"


def leaf_of(at, call, entry, event, previous, root):
    leaf = {"at": at, "call": call, "entry": entry, "event": event, "previous": previous, "root": root, "v": 1}
    return json.dumps(leaf, separators=(",", ":"), ensure_ascii=False).encode()


def whole(entry, salt, body):
    return line({"whole": {"entry": entry, "salt": salt, "body": body}})


def gone(entry):
    return line({"gone": {"entry": entry}})


def left(entry):
    return line({"left": {"entry": entry}})


def line(told):
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()


def redact(told, under):
    """Erases what is under these pointers: a line of `bodies` that says so instead of the whole one."""
    read = json.loads(told)["whole"]
    salt, body = bytes.fromhex(read["salt"]), read["body"]
    erased, salts = {}, []
    for place, (pointer, value) in enumerate(fields_of(body)):
        own = sha256(salt, four(place))
        of = next((one for one in under if pointer == one or pointer.startswith(one + "/")), None)
        if of is None:
            salts.append(own.hex())
        else:
            erased.setdefault(of, []).append(commitment(own, pointer, value).hex())
    left = "null" if "" in erased else emptied(json.loads(body), "", erased) if erased else body
    return line({"redacted": {"entry": read["entry"], "left": {"body": left, "erased": erased, "salts": salts}}})


def emptied(value, pointer, erased):
    """Our bodies hold nothing that Python would write in another way."""
    if pointer in erased:
        return "null"
    if isinstance(value, dict) and value:
        name = lambda key: key.replace("~", "~0").replace("/", "~1")
        told = (f"{text(key)}:{emptied(held, f'{pointer}/{name(key)}', erased)}" for key, held in value.items())
        return "{" + ",".join(told) + "}"
    if isinstance(value, list) and value:
        return "[" + ",".join(emptied(held, f"{pointer}/{at}", erased) for at, held in enumerate(value)) + "]"
    return text(value)


def text(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class Log:
    """Leaves and bodies in memory, to be written with whatever is to be wrong about them."""

    def __init__(self, name="example.org/log", keys=("one",)):
        self.name, self.signers = name, [Signer(name, seed) for seed in keys]
        self.leaves, self.bodies, self.last, self.notes = [], [], {}, []
        self.keys = [(0, self.signers[0])]

    def add(self, body, event="decided", call=None, **other):
        place = len(self.leaves)
        salt = sha256(b"salt", four(place))
        previous = self.last.get(call) if call is not None else None
        root = root_of_whole(salt, body).hex()
        leaf = other.get("leaf") or leaf_of(1760000000000000 + place * 1000, call, place + 1, event, previous, root)
        self.leaves.append(leaf)
        self.bodies.append(whole(place + 1, salt.hex(), body))
        if call is not None:
            self.last[call] = of_leaf(leaf).hex()

    def hashes(self):
        return [of_leaf(leaf) for leaf in self.leaves]

    def note(self, size=None, by=None, **said):
        size = len(self.leaves) if size is None else size
        root = said.get("root", tree(self.hashes()[:size]))
        more = said.get("more", "countersign/at 2026-01-02T03:04:05.678Z\n")
        told = f"{said.get('name', self.name)}\n{size}\n{base64.b64encode(root).decode()}\n{more}"
        return told + "\n" + "".join(signer.line(told) for signer in by or self.signers[:1])

    def write(self, folder, newest=None, older=()):
        folder = pathlib.Path(folder)
        hashes = self.hashes()
        put(folder / "checkpoint", (newest or self.note()).encode())
        for place, note in enumerate(older):
            put(folder / f"checkpoints/{place:06}", note.encode())
        put(folder / "keys", "".join(f"{size} {signer.key}\n" for size, signer in self.keys).encode())
        for at in range(0, len(hashes), WIDE):
            leaves = self.leaves[at : at + WIDE]
            held = b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)
            put(folder / "tile/entries" / file_of(at // WIDE, len(leaves)), held)
            bodies = self.bodies[at : at + WIDE]
            put(folder / "bodies" / file_of(at // WIDE, None, ".jsonl"), b"".join(body + b"\n" for body in bodies))
        level = 0
        while hashes:
            for at in range(0, len(hashes), WIDE):
                held = hashes[at : at + WIDE]
                put(folder / f"tile/{level}" / file_of(at // WIDE, len(held)), b"".join(held))
            whole = range(0, len(hashes) - len(hashes) % WIDE, WIDE)
            hashes, level = [tree(hashes[at : at + WIDE]) for at in whole], level + 1
        return folder


def put(path, read):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(read)
