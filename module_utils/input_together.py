"""What is wrong with variables of a run that are each good alone, as sentences. What is no text counts as empty."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

#: With a certificate the edge publishes this one beside its public port.
TLS_PORT = 443
#: A shorter text is found in too many words to be taken for the secret.
SHORTEST = 6


def root_problems(roots: Mapping[str, Any], removed: str) -> list[str]:
    """Return what is wrong with the folders that roles call their own, by the names of their variables.

    No two may share one; ``removed`` is the variable of the one that is removed with all that is in it.
    """
    folders = {
        name: posixpath.normpath(root) for name, root in roots.items() if isinstance(root, str) and root
    }
    equal = [
        f"{one} and {other} are both {folders[one]}; a folder of its own is needed for each."
        for one, other in combinations(sorted(folders), 2)
        if folders[one] == folders[other]
    ]
    own = folders.get(removed)
    above = [
        f"{removed} is {own}, with {name} ({folder}) in it; a folder that holds nothing else is needed: it "
        "goes with -e monitoring_state=absent."
        for name, folder in sorted(folders.items())
        if own and folder.startswith(f"{own.rstrip('/')}/")
    ]
    return equal + above


def port_problems(public_port: Any, certificate: Any) -> list[str]:
    """Return what is wrong with the edge's ports: with a certificate it has the one of HTTPS already."""
    if not certificate or str(public_port) != str(TLS_PORT):
        return []
    return [
        f"edge_public_port is {TLS_PORT}, which the edge takes for HTTPS with edge_tls_certificate; another port, "
        "on which it listens for HTTP, is needed."
    ]


def exposed_problems(shown: Mapping[str, Any], secrets: Iterable[Any]) -> list[str]:
    """Return a sentence for each value of ``shown``, by variable, that has a secret in it; it never quotes one."""
    known = {text for text in secrets if isinstance(text, str) and len(text) >= SHORTEST}
    return [
        f"{place} has a secret in it, which the compose file, docker inspect or the history of an image would show; a "
        "file of release_secrets, which the app reads below /run/secrets, is needed."
        for name, value in shown.items()
        for place, text in texts(name, value)
        if any(secret in text for secret in known)
    ]


def texts(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """All texts of a nested value, with the dotted names of the mappings that they are in."""
    if isinstance(value, str):
        yield name, value
    for key, part in value.items() if isinstance(value, dict) else ():
        yield from texts(f"{name}.{key}", part)
    for part in value if isinstance(value, list) else ():
        yield from texts(name, part)
