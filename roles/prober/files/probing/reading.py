"""Pure readers of answers: fields, token expiry, cookies, assets."""

from __future__ import annotations

import base64
import email.utils
import json
import posixpath
import re
from http.cookies import CookieError, SimpleCookie
from typing import Any


def read_field(body: Any, name: str, data_key: str) -> Any:
    """Value of `data_key.name`, else of `name`; None when neither is there. `name` may be dotted."""
    for start in ((body or {}).get(data_key), body) if isinstance(body, dict) else ():
        value = start
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def read_expiry(token: str) -> float | None:
    """Claim exp of a JWT, its signature unread; None when the token does not say."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    expiry = claims.get("exp") if isinstance(claims, dict) else None
    return float(expiry) if isinstance(expiry, (int, float)) and not isinstance(expiry, bool) else None


def read_cookie(headers: list[str], name: str, now: float) -> tuple[str, float | None] | None:
    """(value, expiry or None) of the cookie the answer sets; an empty value when it deletes it; None when neither."""
    for header in headers:
        try:
            morsel = SimpleCookie(header).get(name)
        except CookieError:
            continue
        if morsel is not None:
            expiry = _cookie_expiry(morsel["max-age"], morsel["expires"], now)
            ended = expiry is not None and expiry <= now
            return ("" if ended else morsel.value), expiry
    return None


def _cookie_expiry(max_age: str, expires: str, now: float) -> float | None:
    if max_age:
        try:
            return now + int(max_age)
        except ValueError:
            return None
    try:
        return email.utils.parsedate_to_datetime(expires).timestamp() if expires else None
    except ValueError:
        return None


def find_assets(index: str, pattern: str) -> list[str]:
    """Absolute paths of the hashed assets an index page names, each once, in its order."""
    found = re.findall(rf"""["'(]((?:\.?/)?[\w./-]*{pattern})["')]""", index)
    return list(dict.fromkeys("/" + asset.lstrip("./") for asset in found))


def find_chunks(script: str, path: str, pattern: str) -> list[str]:
    """Absolute paths of the chunks that a script loads later; they lie beside the script."""
    folder = posixpath.dirname(path)
    names = re.findall(rf"""["'`/]({pattern})["'`]""", script)
    return [f"{folder}/{name}" for name in dict.fromkeys(names) if not path.endswith(name)]
