"""An agent that reports before it calls. It has no model: what matters here is what is said to whom, and when."""

import json
import os
import sys
import urllib.request
import uuid

from hooks import Device, Reporter

gateway, key = os.environ["COUNTERSIGN_URL"], os.environ["COUNTERSIGN_KEY"]
command = os.environ.get("COUNTERSIGN_HOOK")
hooks = Device(command=command.split()) if command else Reporter(gateway, key)


def mcp(method, params, session=None, id=1):
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    headers |= {"authorization": f"Bearer {key}"} | ({"mcp-session-id": session} if session else {})
    body = json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{gateway}/mcp", body, headers)) as reply:
        text = reply.read().decode()
        lines = [line[6:] for line in text.splitlines() if line.startswith("data: {")] or [text]
        return json.loads(lines[-1]), reply.headers.get("mcp-session-id")


tool, arguments = sys.argv[1], json.loads(sys.argv[2])
client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "my-agent", "version": "1"}}
_, session = mcp("initialize", client)

hooks.prompt("Say it back to me")
meta = hooks.tool_use(tool, arguments, id=str(uuid.uuid4()))
answer, _ = mcp("tools/call", {"name": tool, "arguments": arguments, "_meta": meta}, session, id=2)
print(json.dumps(answer["result"]))
