#!/usr/bin/env python3
"""Do real, unmodified servers and clients notice the gateway between them?

Every cell is server:client:transport. What a client sees is compared with what the same client sees when it talks to
the same server directly. `--mode direct` proves the matrix itself; `--mode gateway` proves the gateway.
"""

import argparse
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cells
import held
from gateway import Gateway
from installing import HERE, install
from servers import Server, build


@dataclass(frozen=True)
class Client:
    name: str
    program: str  # the driver beside this file
    era: str  # legacy, auto or modern
    streams: bool = True  # can it cancel and hear progress?
    python: str = "python"  # the environment a driver in Python runs in


CLIENTS = [
    Client("ts1", "client_ts1.mjs", "legacy"),
    Client("ts2-legacy", "client_ts2.mjs", "legacy"),
    Client("ts2-auto", "client_ts2.mjs", "auto"),
    Client("ts2-modern", "client_ts2.mjs", "modern"),
    Client("py-legacy", "client_py.py", "legacy"),
    Client("py-auto", "client_py.py", "auto"),
    Client("py-modern", "client_py.py", "modern"),
    Client("inspector", "client_inspector.sh", "legacy", streams=False),
    Client("inspector-modern", "client_inspector.sh", "modern", streams=False),
]
# Proven with calls that wait alone.
MORE_CLIENTS = [Client("py1", "client_py1.py", "legacy", python="python-sqlite")]
TRANSPORTS = ["stdio", "http"]
ALL = "all"  # the aggregated endpoint, as if it were one more server
AT_ONCE = 3  # most of a cell is waiting for programs to start


@dataclass
class Outcome:
    """What came of some cells."""

    lines: list[str] = field(default_factory=list)
    passed: int = 0
    failed: int = 0
    absent: int = 0

    def add(self, other: "Outcome") -> None:
        self.lines += other.lines
        self.passed += other.passed
        self.failed += other.failed
        self.absent += other.absent

    def told(self) -> int:
        """Says how it went; what it answers is for whoever started this."""
        print(f"{self.absent} checks do not exist in this mode and were listed above")
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def judged(name: str, checks: list[cells.Check]) -> Outcome:
    """What came of one cell."""
    failed = [check for check in checks if check.fault]
    words = " ".join(check.name for check in checks if not check.fault)
    lines = [f"{name:<38} {'FAILED' if failed else 'ok':<8} {words}"]
    lines += [f"  FAILED {name} {check.name}: {check.fault}" for check in failed]
    return Outcome(lines, len(checks) - len(failed), len(failed))


class Matrix:
    def __init__(self, options: argparse.Namespace, work: Path):
        self.install = Path(options.install_dir).resolve()
        self.node = install(self.install)
        self.mode = options.mode
        self.work = work
        self.taps = work / "taps"
        self.taps.mkdir()
        self.servers = build(self.install, work, self.node)
        self.gateway = Gateway(options.gateway, work) if self.mode == "gateway" else None
        self.baselines: dict[tuple[str, str], dict] = {}
        # Seconds; every long call gets a duration of its own, which is how the taps know it.
        self.long = itertools.count(21)
        self.driven: set[subprocess.Popen] = set()
        self.patient = held.Held(options.gateway, work / "held", self.install, self.drive_named)

    def run(self, only: list[str]) -> int:
        rows = {**self.servers, ALL: None}
        wanted = {
            (server, client): [name for name in TRANSPORTS if matches(only, f"{server}:{client.name}:{name}")]
            for server in rows
            for client in CLIENTS
        }
        wanted = {pair: transports for pair, transports in wanted.items() if transports}
        waiting = held.matching(held.USUAL.cells, lambda name: self.gateway and matches(only, name))
        if not wanted and not waiting:
            sys.exit("no cell has that name")
        if self.gateway:
            tapped = {name: self.tapped(server) for name, server in self.servers.items()}
            self.gateway.configure(tapped, self.policies())
            if any("http" in transports for transports in wanted.values()):
                self.gateway.serve()
        total = Outcome()
        print(f"{'cell':<38} outcome")
        beside = ThreadPoolExecutor(1)
        try:
            # Calls that wait take a minute and a half and hardly any work, so they do it beside the others.
            waited = beside.submit(self.held, held.USUAL, waiting)
            # The aggregated endpoint is compared with what the servers said alone, so it comes after them.
            for rows in ([pair for pair in wanted if pair[0] != ALL], [pair for pair in wanted if pair[0] == ALL]):
                with ThreadPoolExecutor(AT_ONCE) as pool:
                    for outcome in pool.map(lambda pair: self.pair(*pair, wanted[pair]), rows):
                        print("\n".join(outcome.lines), flush=True)
                        total.add(outcome)
            total.add(waited.result())
        finally:
            self.patient.stop()
            beside.shutdown()
            if self.gateway:
                self.gateway.stop()
        return total.told()

    def run_long(self) -> int:
        """What takes too long for every change."""
        return self.held(held.LONG, held.LONG.cells).told()

    def held(self, hold: held.Hold, wanted: list[held.Cell]) -> Outcome:
        """Calls that wait for people."""
        if not wanted:
            return Outcome()
        total = Outcome()
        for cell, checks in self.patient.run(hold, wanted):
            total.add(judged(cell.name, checks))
        print("\n".join(total.lines), flush=True)
        return total

    def pair(self, server: str, client: Client, transports: list[str]) -> Outcome:
        """One server and one client, one transport after the other: both need the same baseline."""
        outcome = Outcome()
        for transport in transports:
            outcome.add(self.cell(server, client, transport))
        return outcome

    def cell(self, server: str, client: Client, transport: str) -> Outcome:
        name = f"{server}:{client.name}:{transport}"
        absent = self.why_absent(server, client, transport)
        if absent:
            return Outcome([f"{name:<38} -        {absent}"], absent=1)
        try:
            checks = self.together(client, transport) if server == ALL else self.alone(server, client, transport)
        except Exception as error:  # a broken cell is a failed cell, and the others still run
            checks = [cells.Check("run", f"{type(error).__name__}: {error}")]
        outcome = judged(name, checks)
        if not client.streams and server != ALL and self.servers[server].long_running:
            outcome.absent += 1
            outcome.lines.append(f"{name:<38} -        this client can neither cancel nor show progress")
        return outcome

    def why_absent(self, server: str, client: Client, transport: str) -> str | None:
        if server == ALL:
            return "only a gateway aggregates" if self.mode == "direct" else None
        if self.mode == "gateway":
            return None
        if transport == "http" and not self.servers[server].own_http:
            return "this server speaks stdio only"
        if client.era == "modern" and self.servers[server].eras == "legacy":
            return "this server is legacy and this client insists on modern"
        return None

    def alone(self, server: str, client: Client, transport: str) -> list[cells.Check]:
        steps = self.steps(self.servers[server], client)
        baseline = self.baseline(server, client)
        if self.mode == "gateway":
            target = self.gateway.target(server, transport)
            return self.judge(client, target, steps, baseline)
        if transport == "stdio":
            return self.judge(client, self.stdio(self.tapped(self.servers[server])), steps, baseline)
        with cells.listening(self.servers[server], self.work) as url:
            return self.judge(client, {"url": url}, steps, baseline, tapped=False)

    def judge(self, client, target, steps, baseline, tapped=True) -> list[cells.Check]:
        return cells.judge(steps, self.drive(client, target, steps), baseline, self.taps if tapped else None)

    def together(self, client: Client, transport: str) -> list[cells.Check]:
        """The aggregated endpoint against the sum of the direct listings and one call to each server."""
        steps, expected, tools = [{"id": "list", "kind": "list"}], {}, []
        for name, server in self.servers.items():
            baseline = self.baseline(name, client)
            tools += [{**tool, "name": f"{name}__{tool['name']}"} for tool in baseline["list"]["tools"]]
            for step in self.steps(server, replace(client, streams=False)):
                if step["id"] == "call1":
                    key = f"{name}.{step['id']}"
                    steps.append({**step, "id": key, "tool": f"{name}__{step['tool']}"})
                    expected[key] = baseline[step["id"]]
        expected["list"] = {"tools": tools}
        report = self.drive(client, self.gateway.target(None, transport), steps)
        return cells.judge(steps, report, expected, None)

    def baseline(self, server: str, client: Client) -> dict:
        """What the same client sees directly; a client that insists on modern stands in as auto at a legacy server."""
        if (server, client.name) not in self.baselines:
            plain = self.servers[server]
            if client.era == "modern" and plain.eras == "legacy":
                client_here = replace(client, era="auto")
            else:
                client_here = client
            steps = [step for step in self.steps(plain, client) if step["kind"] in ("list", "call")]
            report = self.drive(client_here, self.stdio(plain), steps)
            if "answers" not in report:
                raise RuntimeError(f"the direct baseline did not connect: {report}")
            cells.must_be_sound(steps, report["answers"])
            self.baselines[server, client.name] = report["answers"]
        return self.baselines[server, client.name]

    def steps(self, server: Server, client: Client) -> list[dict]:
        steps = [{"id": "list", "kind": "list"}]
        for group, fails in ((server.calls, False), (server.failing, True)):
            for number, call in enumerate(group, 1):
                word = "error" if fails else "call"
                step = {"id": f"{word}{number}", "kind": "call", "tool": call.tool, "arguments": call.arguments}
                steps.append({**step, "fails": fails and call.marked})
        if server.long_running and client.streams:
            seconds = next(self.long)
            short, long = {"duration": 0.6, "steps": 3}, {"duration": seconds, "steps": seconds * 5}
            steps.append({"id": "progress", "kind": "progress", "tool": server.long_running, "arguments": short})
            steps.append({"id": "cancel", "kind": "cancel", "tool": server.long_running, "arguments": long})
            # A conversation that was cancelled in must still work.
            steps.append({**steps[1], "id": "after"})
        return steps

    def drive_named(self, client: str, *rest: Any) -> dict:
        (named,) = [known for known in CLIENTS + MORE_CLIENTS if known.name == client]
        return self.drive(named, *rest)

    def drive(self, client: Client, target: dict, steps: list[dict], patience: float = 240) -> dict:
        plan = {**target, "era": client.era, "steps": steps, "modules": str(self.install)}
        driver = str(HERE / client.program)
        runner = {
            ".mjs": [self.node],
            ".py": [str(self.install / client.python / "bin" / "python")],
            ".sh": ["bash"],
        }[Path(driver).suffix]
        env = {**os.environ, "PEERS_NODE": self.node, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        pipe = subprocess.PIPE
        child = subprocess.Popen(
            [*runner, driver, json.dumps(plan)], stdout=pipe, stderr=pipe, text=True, env=env, cwd=self.work
        )
        self.driven.add(child)
        try:
            said, errors = child.communicate(timeout=patience)
            return json.loads(said.strip().splitlines()[-1])
        except (IndexError, ValueError):
            raise RuntimeError(f"driver left {child.returncode}: {errors[-600:]!r}") from None
        finally:
            child.kill()
            self.driven.discard(child)

    def stop(self) -> None:
        """Ends what would otherwise wait on for people."""
        self.patient.stop()
        for child in list(self.driven):
            child.kill()

    def stdio(self, server: Server) -> dict:
        return {"command": server.command, "args": server.args, "env": {"PATH": os.environ["PATH"], **server.env}}

    def tapped(self, server: Server) -> Server:
        """The same server behind a tap, where the matrix looks at what reached it."""
        if not server.long_running:
            return server
        tap = [str(HERE / "tap.py"), str(self.taps), server.command, *server.args]
        return replace(server, command=sys.executable, args=tap)

    def policies(self) -> Path:
        folder = self.work / "policies"
        folder.mkdir()
        for name in self.servers:
            rule = f'package countersign.{name}\n\nallow contains {{"id": "all", "reason": "peers"}}\n'
            (folder / f"{name}.rego").write_text(rule)
        return folder


def matches(only: list[str], name: str) -> bool:
    """Each part of a pattern is a name or a star; a missing part is a star."""
    parts = name.split(":")
    return not only or any(
        all(want in ("", "*", part) for want, part in zip(pattern.split(":"), parts)) for pattern in only
    )


def main() -> int:
    reading = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reading.add_argument("--gateway", default="target/debug/countersign", help="the program to prove")
    reading.add_argument("--install-dir", default="target/peers", help="where the peers are installed")
    reading.add_argument("--mode", choices=["direct", "gateway"], default="gateway")
    reading.add_argument("--only", action="append", default=[], metavar="SERVER:CLIENT:TRANSPORT")
    reading.add_argument("--long", action="store_true", help="calls that wait ten minutes, and nothing else")
    reading.add_argument("--keep", action="store_true", help="keep the working folder, with the gateway's log")
    options = reading.parse_args()
    # Told to end, the matrix takes its gateway and its folder with it.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    work = Path(tempfile.mkdtemp(prefix="peers-")).resolve()
    try:
        matrix = Matrix(options, work)
        signal.signal(signal.SIGTERM, lambda number, frame: (matrix.stop(), sys.exit(128 + number)))
        return matrix.run_long() if options.long else matrix.run(options.only)
    finally:
        if options.keep:
            print(f"kept {work}", file=sys.stderr)
        else:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
