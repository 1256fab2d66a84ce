"""Hands data from a module to the play that asked for it, so that no result, log or job file can be read for it.

On the control node alone: an app host need not have the library.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken


def seal(data: Any, secret: str) -> str:
    """Return `data`, which is JSON, as a text for who has the same secret: a long random one, as guesses are free."""
    return _box(secret).encrypt(json.dumps(data).encode()).decode()


def unseal(sealed: str, secret: str) -> Any:
    """Return what was sealed. ValueError when another secret did, or it was changed since."""
    try:
        return json.loads(_box(secret).decrypt(sealed.encode()))
    except InvalidToken as error:
        raise ValueError("it was sealed with another secret, or changed since") from error


def _box(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()))
