"""How is the gateway configured, started and stopped for the matrix?"""

import json
import os
import subprocess
from pathlib import Path

from cells import free_port, wait_for
from servers import Server


class Gateway:
    def __init__(self, program: str, work: Path):
        self.program = str(Path(program).resolve())
        self.work = work
        self.port = free_port()
        self.child: subprocess.Popen | None = None

    def configure(self, servers: dict[str, Server], policies: Path) -> None:
        """One configuration for both transports; the book of the stdio gateways is apart from the listening one's."""
        for kind in ("stdio", "http"):
            head = f'[http]\nlisten = "127.0.0.1:{self.port}"\naccept = ["anyone"]'
            tail = f'[policy]\npaths = [{quoted(str(policies))}]\n\n[store]\nurl = "sqlite:{kind}.db"'
            self.config(kind).write_text("\n\n".join([head, tables(servers), tail]) + "\n")

    def config(self, kind: str) -> Path:
        return self.work / f"{kind}.toml"

    def serve(self) -> None:
        with open(self.work / "gateway.log", "wb") as log:
            self.child = subprocess.Popen(
                [self.program, "serve", "--config", str(self.config("http"))], cwd=self.work, stdout=log, stderr=log
            )
        try:
            wait_for(f"http://127.0.0.1:{self.port}/mcp", self.child)
        except Exception as error:
            said = (self.work / "gateway.log").read_text(errors="replace")[-2000:]
            self.stop()
            raise RuntimeError(f"the gateway did not start: {error}\n{said}") from None

    def stop(self) -> None:
        if self.child and self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()

    def target(self, server: str | None, transport: str) -> dict:
        """One server's own entry, or the one where all are found under prefixed names."""
        if transport == "http":
            return {"url": f"http://127.0.0.1:{self.port}/mcp" + (f"/{server}" if server else "")}
        args = ["run", "--config", str(self.config("stdio"))] + (["--server", server] if server else [])
        return {"command": self.program, "args": args, "env": {"PATH": os.environ["PATH"]}}


def tables(servers: dict[str, Server]) -> str:
    """The servers, as the configuration names them."""
    tables = []
    for name, server in servers.items():
        lines = [f"[servers.{name}]", f"command = {quoted(server.command)}"]
        lines.append("args = [" + ", ".join(quoted(word) for word in server.args) + "]")
        if server.env:
            pairs = ", ".join(f"{key} = {quoted(value)}" for key, value in server.env.items())
            lines.append(f"env = {{ {pairs} }}")
        tables.append("\n".join(lines))
    return "\n\n".join(tables)


def quoted(text: str) -> str:
    """A JSON string is a TOML string, but for what neither a path nor a word here contains."""
    return json.dumps(text)
