"""When is what a client saw through the gateway the same as what it saw directly?"""

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from servers import Server

TOOL_PARTS = ["name", "title", "description", "inputSchema", "outputSchema", "annotations"]
RESULT_PARTS = ["content", "structuredContent", "isError"]
PATIENCE = 15.0


@dataclass(frozen=True)
class Check:
    name: str
    fault: str | None = None


def judge(steps: list[dict], report: dict, baseline: dict, taps: Path | None) -> list[Check]:
    if "connect" in report or "answers" not in report:
        return [Check("connect", f"no connection: {report.get('connect')}")]
    answers = report["answers"]
    return [Check(step["id"], fault_of(step, answers.get(step["id"]), baseline, taps)) for step in steps]


def fault_of(step: dict, answer: dict | None, baseline: dict, taps: Path | None) -> str | None:
    if answer is None:
        return "the driver gave no answer"
    match step["kind"]:
        case "list":
            return list_fault(answer, baseline[step["id"]])
        case "progress":
            return progress_fault(step, answer)
        case "cancel":
            return cancel_fault(step, answer, taps)
    wanted, seen = seen_as(baseline["call1" if step["id"] == "after" else step["id"]]), seen_as(answer)
    return None if wanted == seen else difference(step, wanted, seen)


def must_be_sound(steps: list[dict], answers: dict) -> None:
    """A baseline in which a call that should work fails, or the reverse, would prove nothing."""
    for step in steps:
        answer = answers[step["id"]]
        if step["kind"] == "list":
            if not answer.get("tools"):
                raise RuntimeError(f"the direct listing is empty: {answer}")
            continue
        failed = "error" in answer or answer["result"].get("isError") is True
        if failed != step["fails"]:
            raise RuntimeError(f"the direct {step['id']} is not what it should be: {json.dumps(answer)[:400]}")


def list_fault(answer: dict, wanted: dict) -> str | None:
    if "tools" not in answer:
        return f"no listing: {json.dumps(answer)[:400]}"
    direct = {tool["name"]: only_parts(tool, TOOL_PARTS) for tool in wanted["tools"]}
    seen = {tool["name"]: only_parts(tool, TOOL_PARTS) for tool in answer["tools"]}
    if len(seen) != len(answer["tools"]):
        return "the listing names a tool twice"
    if direct.keys() != seen.keys():
        return f"missing {sorted(direct.keys() - seen.keys())}, added {sorted(seen.keys() - direct.keys())}"
    changed = [
        f"{name}.{part}: direct {json.dumps(direct[name].get(part))[:200]}, seen {json.dumps(seen[name].get(part))[:200]}"
        for name in direct
        for part in TOOL_PARTS
        if direct[name].get(part) != seen[name].get(part)
    ]
    return "; ".join(changed[:3]) + f" ({len(changed)} differences)" if changed else None


def progress_fault(step: dict, answer: dict) -> str | None:
    if "result" not in answer or answer["result"].get("isError"):
        return f"the long call failed: {json.dumps(answer)[:400]}"
    count = step["arguments"]["steps"]
    wanted = [[number, count] for number in range(1, count + 1)]
    # The last step may be overtaken by the result, which ends the listening; the first ones may not.
    heard = answer["progress"]
    return None if heard in (wanted, wanted[:-1]) else f"progress heard was {heard}, wanted {wanted}"


def cancel_fault(step: dict, answer: dict, taps: Path | None) -> str | None:
    if answer != {"cancelled": True}:
        return f"the cancelled call answered {json.dumps(answer)[:400]}"
    if taps is None:
        return None
    deadline = time.monotonic() + PATIENCE
    while True:
        told = cancellation_seen(taps, step)
        if told == "yes":
            return None
        if time.monotonic() > deadline:
            return f"the server was not told of the cancellation: {told}"
        time.sleep(0.1)


def cancellation_seen(taps: Path, step: dict) -> str:
    for log in taps.glob("*.jsonl"):
        messages = [json.loads(line) for line in log.read_bytes().split(b"\n")[:-1] if line.strip()]
        for message in messages:
            if message.get("params", {}).get("arguments") == step["arguments"]:
                gone = {
                    other["params"]["requestId"]
                    for other in messages
                    if other.get("method") == "notifications/cancelled"
                }
                return "yes" if message["id"] in gone else f"call {message['id']!r}, cancelled {sorted(map(str, gone))}"
    return "the call never reached it"


def seen_as(answer: dict) -> dict:
    if "error" in answer:
        return {"error": answer["error"]}
    return {"result": only_parts(answer["result"], RESULT_PARTS)}


def only_parts(value: dict, parts: list[str]) -> dict:
    """An absent isError says false; the SDKs differ in whether they write it out."""
    kept = {part: value[part] for part in parts if value.get(part) is not None}
    if kept.get("isError") is False:
        del kept["isError"]
    return kept


def difference(step: dict, wanted: dict, seen: dict) -> str:
    sent = json.dumps({"name": step["tool"], "arguments": step["arguments"]})
    return f"sent {sent[:200]}, direct {json.dumps(wanted)[:300]}, seen {json.dumps(seen)[:300]}"


@contextlib.contextmanager
def listening(server: Server, work: Path) -> Iterator[str]:
    """A server that listens itself, for the direct HTTP cells."""
    port = free_port()
    env = {**os.environ, **server.env, "PORT": str(port)}
    with open(work / f"{server.name}-http.log", "ab") as log:
        child = subprocess.Popen([server.command, *server.own_http], env=env, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/mcp", child)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        child.terminate()
        child.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, child: subprocess.Popen) -> None:
    """Any HTTP answer will do, a refusal as well: it shows that somebody listens."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + 60
    while True:
        if child.poll() is not None:
            raise RuntimeError(f"the program left with {child.returncode} before it listened")
        try:
            opener.open(urllib.request.Request(url, method="OPTIONS"), timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
