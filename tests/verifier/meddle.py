"""What does somebody do to a bundle who cannot sign for the log?

Each of these draws what it does, and says it; it says nothing where there was nothing to do.
"""

import json
import shutil

from forge import Signer, line, redact, text
from record import fields_of


def files_of(folder, under=""):
    return sorted(path for path in (folder / under).rglob("*") if path.is_file())


def flip(chance, folder):
    file = chance.choice(files_of(folder))
    read = bytearray(file.read_bytes())
    if read:
        at = chance.randrange(len(read))
        read[at] ^= 1 << chance.randrange(8)
        file.write_bytes(read)
        return f"a bit of byte {at} of {file.relative_to(folder)}"


def overwrite(chance, folder):
    file = chance.choice(files_of(folder))
    read = file.read_bytes()
    at = chance.randrange(len(read) + 1)
    new = chance.randbytes(chance.choice([0, 1, 2, 32]))
    file.write_bytes(read[:at] + new + read[at + chance.choice([0, 1, len(new)]) :])
    return f"{new.hex() or 'nothing'} at byte {at} of {file.relative_to(folder)}"


def cut(chance, folder):
    file = chance.choice(files_of(folder))
    read = file.read_bytes()
    at = chance.randrange(len(read) + 1)
    file.write_bytes(read[:at])
    return f"{file.relative_to(folder)} cut off at {at} of {len(read)}"


def remove(chance, folder):
    file = chance.choice(files_of(folder))
    file.unlink()
    return f"without {file.relative_to(folder)}"


def lines(chance, folder):
    file = chance.choice([*files_of(folder, "bodies"), *files_of(folder, "checkpoints"), folder / "keys", folder / "checkpoint"])
    read = file.read_bytes().splitlines(keepends=True)
    if not read:
        return None
    one, other = chance.randrange(len(read)), chance.randrange(len(read))
    how = chance.choice(["removed", "swapped with", "repeated at", "put in place of"])
    if how == "removed":
        del read[one]
    elif how == "swapped with":
        read[one], read[other] = read[other], read[one]
    elif how == "repeated at":
        read.insert(other, read[one])
    else:
        read[other] = read[one]
    file.write_bytes(b"".join(read))
    return f"line {one} of {file.relative_to(folder)} {how} {other}"


def leaves(chance, folder):
    file = chance.choice(files_of(folder, "tile/entries"))
    read, held, at = file.read_bytes(), [], 0
    while at < len(read):
        end = at + 2 + int.from_bytes(read[at : at + 2], "big")
        held.append(read[at:end])
        at = end
    one, other = chance.randrange(len(held)), chance.randrange(len(held))
    how = chance.choice(["removed", "swapped with", "emptied beside"])
    if how == "removed":
        del held[one]
    elif how == "swapped with":
        held[one], held[other] = held[other], held[one]
    else:
        held[one] = b"\0\0"
    file.write_bytes(b"".join(held))
    return f"leaf {one} of {file.relative_to(folder)} {how} {other}"


def exchange(chance, folder):
    one, other = (chance.choice(files_of(folder)) for _ in range(2))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    return f"{one.relative_to(folder)} and {other.relative_to(folder)} changed places"


def older(chance, folder):
    notes = files_of(folder, "checkpoints")
    if notes:
        note = chance.choice(notes)
        shutil.copy(note, folder / "checkpoint")
        return f"{note.relative_to(folder)} in place of the newest"


def forged(chance, folder):
    """Somebody signs with a key of their own, and lists it."""
    file = chance.choice([folder / "checkpoint", *files_of(folder, "checkpoints")])
    told, gap, signatures = file.read_text().rpartition("\n\n")
    signer = Signer(told.split("\n")[0], "stranger")
    kept = signatures if chance.random() < 0.5 else ""
    file.write_text(told + gap + kept + signer.line(told + "\n", chance.random() < 0.3))
    with (folder / "keys").open("a") as keys:
        keys.write(f"{chance.randrange(300)} {signer.key}\n")
    return f"a stranger signed {file.relative_to(folder)} {'too' if kept else 'alone'}"


def erase(chance, folder):
    """Whoever has the salts can erase, which is allowed; and erase badly."""
    file = chance.choice(files_of(folder, "bodies"))
    read = file.read_bytes().splitlines()
    at = chance.randrange(len(read))
    told = json.loads(read[at])
    if "whole" not in told:
        return None
    # Python can only erase in what it would write in the same way.
    try:
        if text(json.loads(told["whole"]["body"])) != told["whole"]["body"]:
            return None
    except ValueError:
        return None
    fields = fields_of(told["whole"]["body"])
    under = sorted({chance.choice(fields)[0] for _ in range(chance.randrange(4))})
    told = json.loads(redact(read[at], under))
    left = told["redacted"]["left"]
    badly = ["one salt less", "one salt more", "a value kept", "one commitment less", "nothing there"]
    how = chance.choice(["well", "well", *badly])
    if how == "one salt less" and left["salts"]:
        left["salts"].pop(chance.randrange(len(left["salts"])))
    elif how == "one salt more":
        left["salts"].append(chance.randbytes(32).hex())
    elif how == "a value kept":
        left["body"] = left["body"].replace("null", "7", 1)
    elif how == "one commitment less" and under:
        left["erased"][under[0]].pop()
    elif how == "nothing there":
        left["erased"]["/nothing/there"] = [chance.randbytes(32).hex()]
    read[at] = line(told)
    file.write_bytes(b"".join(one + b"\n" for one in read))
    return f"{under} erased in line {at} of {file.relative_to(folder)}: {how}"


def member(chance, folder):
    """One value of a line is another one of the same kind."""
    file = chance.choice(files_of(folder, "bodies"))
    read = file.read_bytes().splitlines()
    at, other = chance.randrange(len(read)), chance.randrange(len(read))
    one, two = (next(iter(json.loads(read[place]).items())) for place in (at, other))
    if one[0] != two[0]:
        return None
    name = chance.choice(list(one[1]))
    one[1][name] = two[1][name]
    read[at] = line({one[0]: one[1]})
    file.write_bytes(b"".join(told + b"\n" for told in read))
    return f"`{name}` of line {other} in line {at} of {file.relative_to(folder)}"


WAYS = [flip, flip, overwrite, cut, remove, lines, lines, leaves, exchange, older, forged, erase, erase, member]
