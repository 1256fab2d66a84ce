"""Build the page: build.py SOURCE TARGET. Scripts and styles get a name that follows from their content."""

import hashlib
import re
import sys
from functools import cache
from pathlib import Path

SOURCE, TARGET = Path(sys.argv[1]), Path(sys.argv[2])
REFERENCE = re.compile(r"""(?<=["'])(\./|/static/)([\w-]+\.(?:js|css))(?=["'])""")


@cache
def publish(name: str) -> str:
    """Write a file and what it refers to under their hashed names; return that of the file."""
    content = rewrite((SOURCE / name).read_text())
    stem, _dot, suffix = name.rpartition(".")
    hashed = f"{stem}.{hashlib.sha256(content.encode()).hexdigest()[:12]}.{suffix}"
    (TARGET / "static" / hashed).write_text(content)
    return hashed


def rewrite(text: str) -> str:
    """Put the hashed names in the place of the plain ones."""
    return REFERENCE.sub(lambda match: match[1] + publish(match[2]), text)


(TARGET / "static").mkdir(parents=True)
(TARGET / "index.html").write_text(rewrite((SOURCE / "index.html").read_text()))
