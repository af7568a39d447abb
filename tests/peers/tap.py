"""What did the gateway really say to the server?

Becomes the server, unmodified and under the same process id, so that signals and the end reach it as ever. A copier
stands before its standard input and keeps every byte in a log of its own.
Usage: tap.py LOG_FOLDER COMMAND [ARGUMENT...]
"""

import os
import sys


def copy(source: int, target: int, log: int) -> None:
    while chunk := os.read(source, 65536):
        os.write(log, chunk)
        while chunk:
            chunk = chunk[os.write(target, chunk) :]


def main() -> None:
    folder, command = sys.argv[1], sys.argv[2:]
    reading, writing = os.pipe()
    log = os.path.join(folder, f"{os.getpid()}.jsonl")
    if os.fork() == 0:
        # Standard output and error belong to the server alone: held open here, nobody would see it end.
        os.close(1)
        os.close(2)
        os.close(reading)
        try:
            copy(0, writing, os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND))
        finally:
            os._exit(0)
    os.close(writing)
    os.dup2(reading, 0)
    os.close(reading)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
