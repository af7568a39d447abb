"""Tells Countersign what an agent was asked for, and which use of a tool comes next. Only the standard library."""

import json
import subprocess
import urllib.request


class Reporter:
    """Reports with a caller's own key: what it says is `asserted`, because the agent may hold that key."""

    def __init__(self, gateway, key, client="my-agent", session="one"):
        self.address, self.key = gateway.rstrip("/") + "/hooks/v1", key
        self.about = {"client": client, "session": session}

    def prompt(self, text, **more):
        """Somebody asked for something. `turn` and `model` may be said as well."""
        self._report({"prompt": {"text": text}}, more)

    def tool_use(self, tool, arguments, id, **more):
        """The agent is about to use a tool. Gives what has to be sent with the call as its `_meta`."""
        self._report({"tool_use": {"tool": tool, "arguments": arguments, "id": id}}, more)
        return {"dev.countersign/toolUseId": id}

    def _report(self, what, more):
        body = json.dumps({**self.about, **more, **what}).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.key}"}
        request = urllib.request.Request(self.address, body, headers)
        try:
            urllib.request.urlopen(request, timeout=2).close()
        except OSError as error:
            # An agent goes on without; a rule that requires a prompt stops its calls, and says why.
            print(f"not reported: {error}")


class Device(Reporter):
    """Reports as an enrolled device, by the program that has its key: what it says is `captured`."""

    def __init__(self, client="my-agent", session="one", command=("countersign", "hook", "report")):
        self.command, self.about = list(command), {"client": client, "session": session}

    def _report(self, what, more):
        body = json.dumps({**self.about, **more, **what})
        done = subprocess.run(self.command, input=body, capture_output=True, text=True)
        if done.returncode:
            print(f"not reported: {done.stderr.strip()}")
