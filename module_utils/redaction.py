"""Take secrets and tokens out of a text that leaves the house: those that are known, and whatever looks like one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote

SECRET, TOKEN = "[secret]", "[token]"
#: A shorter text is found in too many words to be taken for the secret.
SHORTEST = 6
JWT = re.compile(r"eyJ[\w-]{4,}(?:\.[\w-]*){1,4}")
PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
LOGIN_IN_URL = re.compile(r"(\w+://[^\s/:@]*:)[^\s/@]+(?=@)")
HEADER = re.compile(r"(?i)\b((?:authorization|set-cookie|cookie|x-prove)\b[\"']?\s*[:=]\s*).+")
SCHEME = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
NAMES = r"[\w-]*(?:passw(?:or)?d|passphrase|secret|token|api_?key|private_?key|credential)[\w-]*"


def redacted(text: str, secrets: Iterable[str] = (), names: Iterable[str] = ()) -> str:
    """Return a text without secrets.

    names: what else a value is called that must not be told, such as a session cookie.
    """
    for secret in sorted(set(_forms(secrets)), key=len, reverse=True):
        text = text.replace(secret, SECRET)
    text = PRIVATE_KEY.sub(SECRET, text)
    text = JWT.sub(TOKEN, text)
    text = LOGIN_IN_URL.sub(rf"\1{SECRET}", text)
    text = HEADER.sub(rf"\1{SECRET}", text)
    text = SCHEME.sub(rf"\1 {SECRET}", text)
    return _named(names).sub(rf"\g<1>{SECRET}\g<2>", text)


def _forms(secrets: Iterable[str]) -> Iterable[str]:
    """Each secret as it is, and as addresses and JSON have it."""
    for secret in filter(lambda text: len(text) >= SHORTEST, secrets):
        yield from (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], *_lines(secret))


def _lines(secret: str) -> list[str]:
    return [part for part in secret.splitlines() if len(part) >= SHORTEST]


def _named(names: Iterable[str]) -> re.Pattern[str]:
    """Values by their names: `name=value`, `name: value`, and `"name": "value"`. Numbers and words of JSON stay."""
    called = "|".join([NAMES, *(re.escape(name) for name in names if name)])
    value = r"(?!\[|\{|true\b|false\b|null\b|-?[\d.]+(?:[\s,}]|$))[^\s\"',;&}\]\\]+"
    return re.compile(rf"(?i)(\b(?:{called})\\?[\"']?\s*[:=]\s*\\?[\"']?){value}(\\?[\"']?)")
