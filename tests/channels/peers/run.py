"""Do others believe our messages, and do we believe theirs?

The libraries of Standard Webhooks from npm and PyPI check what the program really sends, signed by two keys side by side, and
sign answers that the program really takes. What was changed on the way is refused by all of them.
"""

import argparse
import base64
import datetime
import http.server
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

SHARED = "whsec_" + base64.b64encode(bytes(range(40, 72))).decode()
OWN = "whsk_" + base64.b64encode(bytes(range(90, 122))).decode()

CONFIG = """
[http]
listen = "127.0.0.1:0"
accept = ["keys"]
[servers.none]
command = "true"
[policy]
paths = ["rules"]
[store]
url = "sqlite:book.db"
[channels.ops]
kind = "webhook"
url = "{url}"
keys = ["{shared}", "{own}"]
answers = {{ automation = "release-bot", key = "{shared}" }}
"""

failed = 0


def check(name, so):
    global failed
    failed += 0 if so else 1
    print(f"{name:<66} {'ok' if so else 'FAILED'}")


class Receiver(http.server.BaseHTTPRequestHandler):
    came = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        Receiver.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def node(modules, asked):
    done = subprocess.run(
        ["node", str(modules / "verify.mjs")], input=json.dumps(asked), capture_output=True, text=True, timeout=60
    )
    return json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr.strip().splitlines()[-1:]}


def refuses(believe, *given):
    try:
        believe(*given)
    except WebhookVerificationError:
        return True
    return False


def answer(address, body, headers):
    request = urllib.request.Request(f"http://{address}/channels/ops/answers", data=body.encode(), method="POST")
    for name, value in headers.items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        return json.load(error)


def ours(program, modules, folder):
    env = {**os.environ, "NO_COLOR": "1"}
    run = lambda *args: subprocess.run([program, *args], cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    tried = run("channels", "test", "ops")
    check("the program says that its message was taken", tried.returncode == 0)
    public = json.loads(run("channels", "list", "--json").stdout.splitlines()[0])["checks_with"][0]
    headers, body = Receiver.came[-1]
    check("PyPI's library believes our message", Webhook(SHARED).verify(body, headers)["type"] == "channel.test")
    check("PyPI's library refuses it changed", refuses(Webhook(SHARED).verify, body + " ", headers))
    told = node(modules, {"secret": SHARED, "public": public, "headers": headers, "body": body})
    check("npm's library believes our message", told.get("type") == "channel.test")
    check("Node believes our Ed25519 signature", told.get("asymmetric") is True)
    changed = node(modules, {"secret": SHARED, "public": public, "headers": headers, "body": body + " "})
    check("npm's library refuses it changed", "error" in changed)


def theirs(program, modules, folder):
    serving = subprocess.Popen([program, "serve"], cwd=folder, stderr=subprocess.PIPE, text=True)
    try:
        line = next(line for line in serving.stderr if "http://" in line)
        address = line.split("http://")[1].split("/")[0]
        body = json.dumps({"decision": "approve", "id": "nobody", "digest": "sha256:" + "0" * 64})
        at = datetime.datetime.now(tz=datetime.timezone.utc)
        signature = Webhook(SHARED).sign("msg_py", at.replace(tzinfo=None), body)
        headers = {"webhook-id": "msg_py", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
        # There is no such call, which is said only to whoever is believed.
        check("we believe what PyPI's library signed", answer(address, body, headers)["code"] == "unknown")
        check("we refuse it changed", answer(address, body + " ", headers)["code"] == "signature_invalid")
        signed = node(modules, {"sign": body, "secret": SHARED, "id": "msg_js"})
        headers = {
            "webhook-id": "msg_js",
            "webhook-timestamp": signed["time"],
            "webhook-signature": signed["signature"],
        }
        check("we believe what npm's library signed", answer(address, body, headers)["code"] == "unknown")
        headers["webhook-id"] = "msg_other"
        check("we refuse it under another id", answer(address, body, headers)["code"] == "signature_invalid")
    finally:
        serving.terminate()
        serving.wait(timeout=30)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--modules", required=True, type=pathlib.Path)
    args = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        (place / "rules").mkdir()
        rule = 'package countersign.all\n\nallow contains {"id": "all", "reason": "Everything."}\n'
        (place / "rules" / "all.rego").write_text(rule)
        url = f"http://127.0.0.1:{server.server_port}/"
        (place / "countersign.toml").write_text(CONFIG.format(url=url, shared=SHARED, own=OWN))
        ours(args.gateway, args.modules, folder)
        theirs(args.gateway, args.modules, folder)
    raise SystemExit(1 if failed else 0)


main()
