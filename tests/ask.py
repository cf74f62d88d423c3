"""Has `warm.Server` carry out a request, with the streams and the environment of this process.

Run as a program, it takes the place of Python for the script of a job: `ask.py socket script`.
"""

import json
import os
import socket
import sys
from pathlib import Path


def ask(server: str, request: dict, streams: list[int]) -> int:
    """Have a request carried out; the exit status, 1 where the process was killed."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(server)
        socket.send_fds(connection, [b"{"], streams)
        connection.sendall(json.dumps(request).encode()[1:])
        connection.shutdown(socket.SHUT_WR)
        return int(connection.recv(10) or 1)


if __name__ == "__main__":
    server, script = sys.argv[1:]
    request = {"script": script, "arguments": []}
    request |= {"folder": str(Path.cwd()), "environment": dict(os.environ)}
    sys.exit(ask(server, request, [0, 1, 2]))
