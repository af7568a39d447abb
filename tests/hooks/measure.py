"""How long does a client wait for its hook? Starts the real program 300 times for each of two payloads.

    python3 tests/hooks/measure.py target/release/countersign

Prints the median and the 99th percentile from the start of the process to its end, and fails when the latter is 50 ms or more
or a report is not there afterwards.
"""

import pathlib
import subprocess
import sys
import tempfile
import time

RUNS, MOST = 300, 50.0
program, here = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(__file__).resolve().parent
failed = False
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    (folder / "countersign.toml").write_text('[store]\nurl = "sqlite:book.db"\n')
    enroll = [program, "hook", "enroll", "--name", "measured", "--device", "device.json"]
    subprocess.run(enroll, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    reports = folder / "book-reports"
    for name in ("claude_code_prompt.json", "claude_code_tool.json"):
        payload, times = (here / name).read_bytes(), []
        for _ in range(RUNS):
            begun = time.perf_counter()
            hook = [program, "hook", "claude-code", "--device", "device.json"]
            done = subprocess.run(hook, cwd=folder, input=payload, capture_output=True)
            times.append((time.perf_counter() - begun) * 1000)
            failed |= done.returncode != 0 or bool(done.stdout + done.stderr)
        left = list(reports.glob("*.json"))
        for file in left:
            file.unlink()
        times.sort()
        p99 = times[RUNS * 99 // 100]
        failed |= p99 >= MOST or len(left) != RUNS
        print(f"{name}: {len(left)} of {RUNS} reported, median {times[RUNS // 2]:.1f} ms, p99 {p99:.1f} ms, most {times[-1]:.1f} ms")
sys.exit(failed)
