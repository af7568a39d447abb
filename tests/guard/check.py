#!/usr/bin/env python3
"""Does the guarded database of the examples do what its page says? Started by its own one command, with a tool server from
npm that nobody changed, and asked as an agent would ask.

A02, A40, A42, A43, B02: nothing of the database can be had but through the gateway; a login exists for one statement.
"""

import argparse
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples/postgres-guard"


class Agent:
    """A client of the protocol, and nothing more."""

    def __init__(self, url):
        self.url, self.session, self.last = url, None, 0
        self.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "check", "version": "1"}})

    def ask(self, method, params):
        self.last += 1
        body = json.dumps({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}).encode()
        headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        if self.session:
            headers["mcp-session-id"] = self.session
        with urllib.request.urlopen(urllib.request.Request(self.url, body, headers), timeout=120) as reply:
            self.session = self.session or reply.headers.get("mcp-session-id")
            text = reply.read().decode()
        lines = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
        return json.loads(lines[-1] if lines else text)["result"]

    def run(self, tool, sql):
        result = self.ask("tools/call", {"name": tool, "arguments": {"sql": sql}})
        refusal = result.get("_meta", {}).get("dev.countersign/refusal", {}).get("class")
        return refusal, result["content"][0]["text"]


def free():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def expect(is_so, what):
    if not is_so:
        raise AssertionError(what)
    print(f"ok    {str(what)[:160]}")


class Guard:
    """The example, running."""

    def __init__(self, gateway, state):
        self.gateway, self.state = gateway, state
        self.listen, self.port = f"127.0.0.1:{free()}", free()
        self.env = {
            **os.environ, "COUNTERSIGN": gateway, "GUARD_STATE": str(state), "GUARD_LISTEN": self.listen,
            "GUARD_PORT": str(self.port), "NO_COLOR": "1",
        }
        self.process = subprocess.Popen([str(EXAMPLE / "start.sh")], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said = []
        for line in self.process.stdout:
            self.said.append(line)
            if "listening" in line:
                break
        else:
            raise AssertionError("it did not start:\n" + "".join(self.said))
        threading.Thread(target=lambda: self.said.extend(self.process.stdout), daemon=True).start()
        password = (state / "broker.password").read_text().strip()
        self.env["GUARD_BROKER"] = f"postgres://broker:{password}@127.0.0.1:{self.port}/shop"
        self.env["USER"] = self.env.get("USER") or subprocess.check_output(["id", "-un"], text=True).strip()

    def command(self, *arguments):
        done = subprocess.run([self.gateway, *arguments], cwd=EXAMPLE, env=self.env, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def owner(self, sql):
        at = state_of(self.state)
        call = ["psql", "-X", "-A", "-t", "-h", str(at), "-p", str(self.port), "-U", "owner", "shop", "-c", sql]
        return subprocess.check_output(call, text=True).strip()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


def state_of(state):
    moved = state / "database.path"
    return pathlib.Path(moved.read_text().strip()) if moved.exists() else state / "database"


def check(guard):
    agent = Agent(f"http://{guard.listen}/mcp/shop")
    refusal, text = agent.run("query", "SELECT id, paid FROM orders ORDER BY id")
    expect(refusal is None and '"rowCount":2' in text, f"reads run: {text}")
    for sql, why in [
        ("SELECT * FROM cards", "select on public.cards"),
        ("UPDATE customers SET name = 'x' WHERE id = 1", "update on public.customers"),
    ]:
        refusal, text = agent.run("execute", sql)
        expect(refusal == "requirement_unmet" and why in text, f"{sql}: {text}")
    for sql in ["DROP TABLE orders", "UPDATE orders SET paid = true"]:
        refusal, text = agent.run("execute", sql)
        expect(refusal == "denied", f"{sql}: {text}")
    logins = len(listed(guard, "--all"))
    expect(logins == 1, f"one statement ran, and one login was made: {logins}")

    # A write waits, and the card says which login it would get.
    heard = {}
    asking = threading.Thread(target=lambda: heard.update(answer=agent.run("execute", "UPDATE orders SET paid = true WHERE id = 1")))
    asking.start()
    card = until(lambda: next(iter(json_lines(guard.command("approvals", "list", "--json")[1])), None))
    would = card["shown"]["credentials"]
    expect(would[0]["reaches"] == ["select, update on public.orders"] and would[0]["ttl"] == "30s", f"the card: {would}")
    expect(guard.owner("SELECT paid FROM orders WHERE id = 1") == "f" and len(listed(guard, "--all")) == 1, "nothing happened before the yes")
    code, told = guard.command("approvals", "approve", card["id"])
    expect(code == 0, told.strip())
    asking.join(timeout=60)
    expect(heard["answer"][0] is None and guard.owner("SELECT paid FROM orders WHERE id = 1") == "t", f"it ran: {heard['answer'][1]}")

    # What is left of it: a line in the record, and nothing that could be used.
    expect(listed(guard) == [] and guard.owner("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'countersign%'") == "0", "no login is left")
    code, told = guard.command("log", "show", card["id"], "--json")
    leases = [entry["lease"] for entry in json_lines(told) if entry["event"] == "leased"]
    expect(len(leases) == 1 and any(lease["id"] == leases[0] for lease in listed(guard, "--all")), f"the record names the lease {leases}")

    # Nobody comes in beside the gateway.
    for user in ["owner", "broker", f"countersign_{leases[0]}"]:
        call = ["psql", "-X", "-w", "-h", "127.0.0.1", "-p", str(guard.port), "-U", user, "shop", "-c", "SELECT 1"]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        expect(done.returncode != 0, f"{user} does not come in without the gateway: {done.stderr.strip()}")
    code, told = guard.command("audit", "verify")
    expect(code == 0, told.splitlines()[0])


def listed(guard, *more):
    return json_lines(guard.command("leases", "list", "--json", *more)[1])


def json_lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def until(look):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if (seen := look()) is not None:
            return seen
        time.sleep(0.1)
    raise AssertionError("it never came")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--gateway", required=True)
    gateway = str(pathlib.Path(arguments.parse_args().gateway).resolve())
    with tempfile.TemporaryDirectory() as folder:
        guard = Guard(gateway, pathlib.Path(folder))
        try:
            check(guard)
        except BaseException:
            print("".join(guard.said), file=sys.stderr)
            raise
        finally:
            guard.stop()
    print("the guarded database does what its page says")


if __name__ == "__main__":
    main()
