"""Do others read what we tell of calls?

What the program sends to a collector must be what OpenTelemetry's own protocol files describe, member by member, and what it
serves to Prometheus must be read by Prometheus' own client library, in either form. `tests/run.sh --only telemetry` brings
both from PyPI and runs this.
"""

import argparse
import base64
import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import urllib.request

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open
from prometheus_client.parser import text_string_to_metric_families as read_plain

ODD = "odd.name"
TOKEN = "3f1c5a07b2e94d6c"
CONFIG = """
[http]
listen = "127.0.0.1:0"
accept = ["anyone"]
[servers.tools]
command = "{python}"
args = ["{server}"]
[policy]
paths = ["rules"]
[store]
url = "sqlite:book.db"
[telemetry]
otlp = "{collector}"
interval = "100ms"
metrics_token = "{token}"
attributes = {{ site = "north" }}
"""
POLICY = """
package countersign.check

allow contains {"id": "all", "reason": "A check."}

deny contains {"id": "no", "reason": "Never."} if input.call.tool == "no"
"""
SERVER = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    tool = lambda name: {"name": name, "inputSchema": {"type": "object"}}
    result = {
        "initialize": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "t", "version": "1"}},
        "tools/list": {"tools": [tool("yes"), tool("no"), tool("odd.name")]},
        "tools/call": {"content": [{"type": "text", "text": "done"}]},
    }.get(asked["method"])
    said = {"result": result} if result else {"error": {"code": -32601, "message": "unknown"}}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **said}), flush=True)
"""


class Collector(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent, and says when there is something of everything."""

    came = {"/v1/traces": [], "/v1/metrics": []}
    enough = threading.Event()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert self.headers["content-type"] == "application/json"
        self.came[self.path].append(body)
        traces = sum(len(body["resourceSpans"][0]["scopeSpans"][0]["spans"]) for body in self.came["/v1/traces"])
        if traces >= 7 and any("countersign.calls" in json.dumps(body) for body in self.came["/v1/metrics"]):
            self.enough.set()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def bytes_as_the_library_wants_them(value):
    """OTLP writes names of traces and spans as hex; the library's JSON writes all bytes in base 64."""
    if isinstance(value, list):
        return [bytes_as_the_library_wants_them(one) for one in value]
    if not isinstance(value, dict):
        return value
    ids = {"traceId", "spanId", "parentSpanId"}
    coded = lambda text: base64.b64encode(bytes.fromhex(text)).decode()
    return {k: coded(v) if k in ids else bytes_as_the_library_wants_them(v) for k, v in value.items()}


def ask(address, method, params, session=None, **more):
    body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    if session:
        headers["mcp-session-id"] = session
    return urllib.request.urlopen(urllib.request.Request(f"http://{address}/mcp/tools", body, headers), timeout=30)


def scrape(address, accept):
    headers = {"authorization": f"Bearer {TOKEN}", "accept": accept}
    reply = urllib.request.urlopen(urllib.request.Request(f"http://{address}/metrics", headers=headers), timeout=30)
    return reply.headers["content-type"], reply.read().decode()


def check_scrapes(address):
    kind, text = scrape(address, "text/plain")
    assert kind.startswith("text/plain; version=0.0.4"), kind
    plain = {family.name: family for family in read_plain(text)}
    kind, text = scrape(address, "application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text; version=1.0.0"), kind
    opened = {family.name: family for family in read_open(text)}
    for families in (plain, opened):
        calls = {(s.labels["countersign_decision"], s.value) for s in families["countersign_calls"].samples}
        assert calls == {("allow", 2.0), ("deny", 1.0)}, calls
        durations = families["mcp_server_operation_duration_seconds"]
        assert durations.type == "histogram"
        names = {s.labels.get("gen_ai_tool_name") for s in durations.samples}
        assert {"yes", "no", ODD} <= names, names
        assert "countersign_anchor_lag_seconds" not in families
    assert opened["mcp_server_operation_duration_seconds"].unit == "seconds"
    assert opened["countersign_build"].type == "info"


def check_exports():
    for body in Collector.came["/v1/traces"]:
        request = json_format.ParseDict(bytes_as_the_library_wants_them(body), ExportTraceServiceRequest())
        for span in request.resource_spans[0].scope_spans[0].spans:
            assert len(span.trace_id) == 16 and len(span.span_id) == 8
            assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano
    last = Collector.came["/v1/metrics"][-1]
    request = json_format.ParseDict(last, ExportMetricsServiceRequest())
    resource = {one.key: one.value.string_value for one in request.resource_metrics[0].resource.attributes}
    assert resource["service.name"] == "countersign" and resource["site"] == "north", resource
    metrics = {metric.name: metric for metric in request.resource_metrics[0].scope_metrics[0].metrics}
    assert metrics["countersign.calls"].sum.is_monotonic
    points = metrics["mcp.server.operation.duration"].histogram.data_points
    assert points and all(sum(p.bucket_counts) == p.count and len(p.bucket_counts) == len(p.explicit_bounds) + 1 for p in points)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--gateway", required=True, help="the program")
    gateway = arguments.parse_args().gateway
    collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "rules").mkdir()
        (folder / "rules/check.rego").write_text(POLICY)
        (folder / "server.py").write_text(SERVER)
        there = f"http://127.0.0.1:{collector.server_port}"
        values = {"python": sys.executable, "server": folder / "server.py", "collector": there, "token": TOKEN}
        (folder / "countersign.toml").write_text(CONFIG.format(**values))
        program = subprocess.Popen([gateway, "serve"], cwd=folder, stderr=subprocess.PIPE, text=True)
        try:
            address = next(line.split("http://")[1].split("/")[0] for line in program.stderr if "http://" in line)
            threading.Thread(target=program.stderr.read, daemon=True).start()
            hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "check", "version": "1"}}
            session = ask(address, "initialize", hello, id=0).headers["mcp-session-id"]
            for number, tool in enumerate(["yes", "no", ODD], 1):
                ask(address, "tools/call", {"name": tool, "arguments": {}}, session, id=number).read()
            ask(address, "tools/list", {}, session, id=9).read()
            ask(address, "prompts/list", {}, session, id=10).read()
            assert Collector.enough.wait(30), Collector.came["/v1/traces"]
            check_scrapes(address)
            check_exports()
        finally:
            program.terminate()
            program.wait(20)
    print("OpenTelemetry's protocol and Prometheus' client read what the gateway tells")


if __name__ == "__main__":
    main()
