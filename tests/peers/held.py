"""Does a call that waits for people end well in real, unmodified clients that keep their own time-outs?

Every cell is a program of its own that makes one call. All of them wait at once before one gateway; a person agrees to
each when it has waited long enough. The tool writes rows that name the cell, as many as no other cell writes: what the
client ends with is its own true result, and how often the call ran can be counted.
"""

import json
import os
import sqlite3
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cells import Check
from gateway import Gateway, quoted, tables
from servers import Server

POLICY = """package countersign.ledger

allow contains {"id": "all", "reason": "peers"}

hold contains {
	"id": "writes",
	"reason": "Whoever keeps the ledger looks at what is written into it.",
	"reviewers": ["role:reviewer"],
	"ttl": "30m",
} if input.call.tool == "write_query"
"""
PEOPLE = '[people.ada]\naccounts = ["key:ada"]\nroles = ["reviewer"]'
PATIENCE = 120.0  # until a client has started and made its call, while everything else starts as well
SOON = 30.0  # on a busy machine, and well before anybody who is kept waiting is told to come back
PROGRESS = 10.0  # how often the gateway says that a call still waits


@dataclass(frozen=True)
class Cell:
    client: str
    way: str  # again, wait, task; or patient, which keeps one request open for as long as it hears of it
    transport: str = "http"

    @property
    def name(self) -> str:
        return f"held:{self.client}:{self.way}" + ("-stdio" if self.transport == "stdio" else "")

    @property
    def shows_progress(self) -> bool:
        return self.way == "patient" or (self.way != "task" and self.client.startswith("py"))


@dataclass(frozen=True)
class Hold:
    """How long people take, how long a client is kept waiting, and which clients are."""

    cells: list[Cell]
    seconds: float
    approval_wait: str | None  # None: what the gateway does by itself


USUAL = Hold(
    [
        Cell("ts1", "again"),
        Cell("ts1", "again", "stdio"),
        Cell("ts1", "wait"),
        Cell("ts1", "task"),
        Cell("ts2-legacy", "again"),
        Cell("ts2-legacy", "task"),
        Cell("ts2-auto", "again"),
        Cell("ts2-modern", "wait"),
        Cell("ts2-modern", "task"),
        Cell("py1", "again"),
        Cell("py1", "task"),
        Cell("py-legacy", "again"),
        Cell("py-auto", "again"),
        Cell("py-auto", "again", "stdio"),
        Cell("py-modern", "wait"),
    ],
    90.0,
    None,
)
LONG = Hold(
    [
        Cell("ts1", "patient"),
        Cell("ts1", "patient", "stdio"),
        Cell("ts2-legacy", "patient"),
        Cell("ts2-auto", "patient"),
        Cell("ts2-auto", "patient", "stdio"),
        Cell("py1", "patient"),
        Cell("py-auto", "patient"),
        Cell("py-auto", "patient", "stdio"),
    ],
    600.0,
    "15m",
)


class Office(Gateway):
    """A gateway that listens, and one for each client on stdio, with one configuration and one book."""

    def open(self, server: Server, wait: str | None) -> None:
        (self.work / "policies").mkdir()
        (self.work / "policies" / "ledger.rego").write_text(POLICY)
        head = f'[http]\nlisten = "127.0.0.1:{self.port}"\naccept = ["keys"]'
        parts = [head, tables({"ledger": server}), '[policy]\npaths = ["policies"]', PEOPLE]
        parts += [f"[limits]\napproval_wait = {quoted(wait)}"] if wait else []
        self.config("http").write_text("\n\n".join([*parts, '[store]\nurl = "sqlite:held.db"']) + "\n")
        self.reviewer, self.agent = self.make_key("ada"), self.make_key("bot")
        self.serve()

    def config(self, kind: str) -> Path:
        return self.work / "held.toml"

    def say(self, *words: str) -> str:
        command = [self.program, *words, "--config", str(self.config("http"))]
        done = subprocess.run(command, cwd=self.work, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"countersign {' '.join(words)} left {done.returncode}: {done.stderr[-400:]}")
        return done.stdout

    def make_key(self, name: str) -> str:
        return json.loads(self.say("keys", "make", name, "--json"))["key"]

    def ask(self, path: str, body: dict | None = None) -> dict:
        """What the reviewers' API answers ada."""
        headers = {"Authorization": f"Bearer {self.reviewer}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1{path}", data=data, headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as reply:
            return json.load(reply)

    def calls(self, query: str) -> list[dict]:
        """The calls with these arguments, whatever became of them."""
        items = self.ask("/approvals?limit=100&state=all")["items"]
        return [item for item in items if item["card"]["shown"]["params"]["arguments"]["query"] == query]


class Held:
    def __init__(self, program: str, work: Path, install: Path, drive: Callable[[str, dict, list, float], dict]):
        """`drive` runs a client of this name against a target, for so many seconds at most."""
        self.work = work
        self.work.mkdir()
        self.install = install
        self.drive = drive
        self.office = Office(program, work)
        self.ledger = work / "ledger.db"
        # Clients that fall back to what is older when an answer is late would do so, if all started at once.
        self.starting = threading.Semaphore(3)
        self.over = threading.Event()

    def run(self, hold: Hold, cells: list[Cell]) -> list[tuple[Cell, list[Check]]]:
        with sqlite3.connect(self.ledger) as connection:
            connection.execute("CREATE TABLE ledger (who TEXT)")
        connection.close()
        program = self.install / "python-sqlite" / "bin" / "mcp-server-sqlite"
        server = Server("ledger", str(program), ["--db-path", str(self.ledger)], "legacy", [], [])
        self.office.open(server, hold.approval_wait)
        with ThreadPoolExecutor(2 * len(cells)) as pool:
            try:
                judged = [
                    pool.submit(self.judge, pool, hold, cell, number) for number, cell in enumerate(cells, start=2)
                ]
                return [(cell, future.result()) for cell, future in zip(cells, judged)]
            finally:
                self.stop()

    def stop(self) -> None:
        """Nobody waits for people any more; clients that still do are told so by a gateway that is gone."""
        self.over.set()
        self.office.stop()

    def judge(self, pool: ThreadPoolExecutor, hold: Hold, cell: Cell, rows: int) -> list[Check]:
        try:
            return self.follow(pool, hold, cell, rows)
        except Exception as error:  # a broken cell is a failed cell, and the others still run
            return [Check("run", f"{type(error).__name__}: {error}")]

    def follow(self, pool: ThreadPoolExecutor, hold: Hold, cell: Cell, rows: int) -> list[Check]:
        query = "INSERT INTO ledger (who) VALUES " + ", ".join([f"('{cell.name}')"] * rows)
        step = {"id": "held", "kind": "held", "tool": "write_query", "arguments": {"query": query}}
        step |= {"way": cell.way, "patient": cell.way == "patient"}
        target = self.office.target("ledger", cell.transport)
        if cell.transport == "http":
            target["headers"] = {"Authorization": f"Bearer {self.office.agent}"}
        with self.starting:
            driven = pool.submit(self.drive, cell.client, target, [step], hold.seconds + PATIENCE)
            while not (found := self.office.calls(query)):
                if driven.done():
                    return [Check("held", f"nothing ever waited: {json.dumps(driven.result())[:600]}")]
                self.over.wait(0.5)
        begun = time.monotonic()
        if self.over.wait(hold.seconds):
            raise RuntimeError("stopped before people agreed")
        before = self.rows(cell)
        card = found[0]["card"]
        self.office.ask(f"/approvals/{card['id']}/approve", {"digest": card["digest"], "reason": "looked at it"})
        report = driven.result()
        (self.work / f"{cell.name}.json").write_text(json.dumps(report, indent=1))
        late = time.monotonic() - begun - hold.seconds
        answer = report.get("answers", {}).get("held", report)
        told = [("true-result", true_result(answer, rows)), (cell.way, way_fault(cell, hold, answer))]
        told.append(("soon", None if late < SOON else f"the result came {late:.0f} s after people agreed"))
        told.append(("ran-once", self.ran_fault(cell, rows, before)))
        told.append(("asked-once", self.asked_fault(query)))
        return [Check(name, fault) for name, fault in told]

    def rows(self, cell: Cell) -> int:
        with sqlite3.connect(self.ledger) as connection:
            (count,) = connection.execute("SELECT count(*) FROM ledger WHERE who = ?", (cell.name,)).fetchone()
        connection.close()
        return count

    def ran_fault(self, cell: Cell, rows: int, before: int) -> str | None:
        if before:
            return f"{before} rows were written before anybody agreed"
        after = self.rows(cell)
        return None if after == rows else f"{after} rows were written, and the call writes {rows}"

    def asked_fault(self, query: str) -> str | None:
        found = [id for item in self.office.calls(query) for id in item["ids"]]
        if len(found) != 1:
            return f"people were asked {len(found)} times"
        said = self.office.say("approvals", "show", found[0])
        return None if said.startswith("SUCCEEDED ") else f"the approval is not told as succeeded: {said[:400]}"


def true_result(answer: dict, rows: int) -> str | None:
    result = answer.get("result", {})
    text = [part.get("text") for part in result.get("content", [])]
    same = text == [f"[{{'affected_rows': {rows}}}]"] and not result.get("isError")
    return None if same else f"the client ended with {json.dumps(answer)[:800]}"


def way_fault(cell: Cell, hold: Hold, answer: dict) -> str | None:
    """Did the client come to its result in the way that is documented, and not in another?"""
    if cell.way == "task":
        said = answer.get("statuses", [])
        early = [each["status"] for each in said if each["seconds"] < SOON]
        whole = said and said[-1]["status"] == "completed" and "working" in early
        return None if whole else f"the task was told as {said[:3]} ... {said[-3:]}"
    rounds, progress = answer.get("rounds", []), answer.get("progress", [])
    classes = [each["class"] for each in rounds]
    pending = 0 if cell.way == "patient" else len(rounds) - 1
    if classes != ["held"] * pending + [None] or (cell.way != "patient" and pending == 0):
        return f"the answers were {rounds}"
    if cell.way == "wait" and "countersign_wait" not in answer["tools"]:
        return f"no countersign_wait among {answer['tools']}"
    # One may be overtaken by the answer of each round.
    wanted = int(hold.seconds / PROGRESS) - len(rounds) if cell.shows_progress else 0
    return None if len(progress) >= wanted else f"progress was heard {len(progress)} times, wanted {wanted}"


def matching(cells: list[Cell], wanted: Callable[[str], bool]) -> list[Cell]:
    return [cell for cell in cells if wanted(cell.name)]
