"""Which servers are proven, how is each started, and what is each asked?

Everything a server works on is made here with fixed contents, so that two runs in the same folder answer the same.
"""

import json
import os
import sqlite3
import subprocess
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Call:
    tool: str
    arguments: dict
    marked: bool = True  # is a failure marked as one, or told in words alone?


@dataclass(frozen=True)
class Server:
    name: str
    command: str
    args: list[str]
    eras: str  # "legacy", or "both" when it answers server/discover too
    calls: list[Call]
    failing: list[Call]  # each is refused by the server itself
    env: dict[str, str] = field(default_factory=dict)
    long_running: str | None = None
    own_http: list[str] | None = None  # its arguments when it can listen itself; the port comes in PORT


def build(install: Path, work: Path, node: str) -> dict[str, Server]:
    files = make_files(work / "files")
    repository = make_repository(work / "repository")
    database = make_database(work / "notes.db")
    memory = make_memory(work / "memory.jsonl")
    programs = install / "node_modules" / ".bin"
    python, old_python = install / "python" / "bin", install / "python-sqlite" / "bin"
    listed = [
        Server(
            name="everything",
            command=node,
            args=[str(programs / "mcp-server-everything")],
            own_http=[str(programs / "mcp-server-everything"), "streamableHttp"],
            eras="legacy",
            long_running="trigger-long-running-operation",
            calls=[
                Call("echo", {"message": "Grüße, 世界 \u0001 \"quoted\" 🦀"}),
                Call("get-sum", {"a": 2.5, "b": 40}),
                Call("get-structured-content", {"location": "Chicago"}),
                Call("get-tiny-image", {}),
                Call("get-annotated-message", {"messageType": "success", "includeImage": True}),
                Call("get-resource-links", {"count": 3}),
            ],
            failing=[Call("get-resource-reference", {"resourceType": "Text", "resourceId": -1})],
        ),
        Server(
            name="filesystem",
            command=node,
            args=[str(programs / "mcp-server-filesystem"), str(files)],
            eras="legacy",
            calls=[
                Call("read_text_file", {"path": str(files / "letter.txt")}),
                Call("list_directory", {"path": str(files)}),
            ],
            failing=[
                Call("read_text_file", {"path": str(files / "absent.txt")}),
                Call("read_text_file", {"path": "/etc/hostname"}),
            ],
        ),
        Server(
            name="memory",
            command=node,
            args=[str(programs / "mcp-server-memory")],
            env={"MEMORY_FILE_PATH": str(memory)},
            eras="legacy",
            calls=[Call("search_nodes", {"query": "Ada"}), Call("read_graph", {})],
            failing=[
                Call("add_observations", {"observations": [{"entityName": "Nobody", "contents": ["absent"]}]})
            ],
        ),
        Server(
            name="git",
            command=str(python / "mcp-server-git"),
            args=["--repository", str(repository)],
            eras="both",
            calls=[
                Call("git_log", {"repo_path": str(repository), "max_count": 5}),
                Call("git_status", {"repo_path": str(repository)}),
            ],
            failing=[Call("git_show", {"repo_path": str(repository), "revision": "no-such-revision"})],
        ),
        Server(
            name="time",
            command=str(python / "mcp-server-time"),
            args=["--local-timezone", "UTC"],
            eras="both",
            calls=[
                Call(
                    "convert_time",
                    {"source_timezone": "UTC", "time": "16:30", "target_timezone": "Asia/Tokyo"},
                )
            ],
            failing=[
                Call(
                    "convert_time",
                    {"source_timezone": "Nowhere/Land", "time": "16:30", "target_timezone": "UTC"},
                )
            ],
        ),
        Server(
            name="sqlite",
            command=str(old_python / "mcp-server-sqlite"),
            args=["--db-path", str(database)],
            eras="legacy",
            calls=[
                Call("list_tables", {}),
                Call("read_query", {"query": "SELECT id, text FROM notes ORDER BY id"}),
            ],
            failing=[Call("read_query", {"query": "DELETE FROM notes"}, marked=False)],
        ),
    ]
    return {server.name: server for server in listed}


def make_files(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "letter.txt").write_text("Dear reader,\nthis line has an ümlaut.\n", encoding="utf-8")
    (folder / "numbers.csv").write_text("1,2,3\n")
    return folder.resolve()


def make_repository(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    moment = "2026-01-02T03:04:05+0000"
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.com",
        "GIT_AUTHOR_DATE": moment,
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.com",
        "GIT_COMMITTER_DATE": moment,
    }
    (folder / "README").write_text("A repository to look at.\n")
    for words in (["init", "-q", "-b", "trunk"], ["add", "README"], ["commit", "-q", "-m", "first: add a file"]):
        subprocess.run(["git", *words], cwd=folder, env=env, check=True)
    return folder.resolve()


def make_database(path: Path) -> Path:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
        connection.executemany("INSERT INTO notes (text) VALUES (?)", [("first",), ("second's",)])
    connection.close()
    return path.resolve()


def make_memory(path: Path) -> Path:
    lines = [
        {"type": "entity", "name": "Ada", "entityType": "person", "observations": ["wrote the first program"]},
        {"type": "entity", "name": "Engine", "entityType": "machine", "observations": ["was never finished"]},
        {"type": "relation", "from": "Ada", "to": "Engine", "relationType": "described"},
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path.resolve()
