"""Has `leak_search` look on this machine or on a sandbox host. It is given what to look for on its standard input: no
arguments and no file have that."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = (Path(__file__).parent / "leak_search.py").read_text()
#: The first line of the standard input is what to run, and what with. The rest of it is left to that.
BOOT = (
    "import json, os, sys; line = bytearray()\n"
    "while not line.endswith(b'\\n'): line += os.read(0, 1) or b'\\n'\n"
    "given = json.loads(line); space = {'__name__': 'leak_search'}\n"
    "exec(given.pop('program'), space); space['main'](given)"
)
HERE = [sys.executable, "-c", BOOT]
PATIENCE_SECONDS = 300


def on(host: Any) -> list[str]:
    """The command that runs it as root on a host of testinfra, over SSH."""
    ssh = host.backend
    options = [*shlex.split(ssh.ssh_extra_args), "-i", ssh.ssh_identity_file, "-p", str(ssh.host.port)]
    return ["ssh", *options, f"{ssh.host.user}@{ssh.host.name}", f"sudo -n python3 -c {shlex.quote(BOOT)}"]


def begin(command: list[str], **given: Any) -> subprocess.Popen[str]:
    """Begin to look; `leak_search.main` says what may be given."""
    looking = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert looking.stdin
    looking.stdin.write(json.dumps({"program": PROGRAM} | given) + "\n")
    looking.stdin.flush()
    return looking


def end(looking: subprocess.Popen[str]) -> dict[str, Any]:
    """Have it end, and return what it has found."""
    found, complained = looking.communicate(timeout=PATIENCE_SECONDS)
    assert looking.returncode == 0, complained
    return json.loads(found)
