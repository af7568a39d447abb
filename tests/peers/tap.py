"""What did the gateway really say to the server?

Runs the server unmodified and copies its standard input, byte for byte, both to it and to a log of its own.
Usage: tap.py LOG_FOLDER COMMAND [ARGUMENT...]
"""

import os
import subprocess
import sys


def main() -> int:
    folder, command = sys.argv[1], sys.argv[2:]
    child = subprocess.Popen(command, stdin=subprocess.PIPE)
    with open(os.path.join(folder, f"{os.getpid()}.jsonl"), "wb", buffering=0) as log:
        try:
            while chunk := os.read(0, 65536):
                log.write(chunk)
                child.stdin.write(chunk)
                child.stdin.flush()
            child.stdin.close()
        except BrokenPipeError:
            pass
    return child.wait()


if __name__ == "__main__":
    sys.exit(main())
