"""Which commit this process runs: read once, when the process starts, from the file that the deploy wrote."""

import pathlib
import socket

# The release's own folder, not the link that led here: a later flip must not change what this process says.
RELEASE = pathlib.Path(__file__).resolve().parent.parent


def _read() -> str:
    try:
        return (RELEASE / "REVISION").read_text().strip()
    except FileNotFoundError:
        return "uncommitted"


REVISION = _read()
HOST = socket.gethostname()
