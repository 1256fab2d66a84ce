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
#: What a word is to Redis and to shells, cut off or not.
_WORD = r"(?:\"(?:\\.|[^\"\\\n])*\"?|'[^'\n]*'?|[^\s\"']\S*)"
#: A login to Redis, which may name a user first.
LOGIN = re.compile(rf"(\bAUTH[\"']?[ \t]+){_WORD}(?:[ \t]+{_WORD})?")
REQUIRED = re.compile(rf"(?i)(\b(?:requirepass|masterauth)[\"']?[ \t,:=]+){_WORD}")
#: A pair of tokens as a login answers it. Elsewhere these are words, of what has happened or of an address.
GRANTED = re.compile(r"(?i)((\\?[\"'])(?:refresh|access)\2\s*:\s*\\?[\"'])[\w-][\w.~+/=-]{15,}")
NAMES = r"[\w-]*(?:passw(?:or)?d|passphrase|secret|token|api_?key|private_?key|credential|session_?(?:id|key))[\w-]*"


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
    text = GRANTED.sub(rf"\1{SECRET}", text)
    text = REQUIRED.sub(rf"\1{SECRET}", LOGIN.sub(rf"\1{SECRET}", text))
    quoted, bare = _named(names)
    return bare.sub(rf"\1{SECRET}", quoted.sub(rf"\1\2{SECRET}", text))


def _forms(secrets: Iterable[str]) -> Iterable[str]:
    """Each secret as it is, and as addresses and JSON have it."""
    for secret in filter(lambda text: len(text) >= SHORTEST, secrets):
        yield from (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], *_lines(secret))


def _lines(secret: str) -> list[str]:
    return [part for part in secret.splitlines() if len(part) >= SHORTEST]


def _named(names: Iterable[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Values by their names, in quotes and without: `name="value"`, `"name": "value"`, `name=value`, `name: value`.

    What is quoted ends at its quote, on its line. Numbers and words of JSON stay where they are not quoted.
    """
    called = "|".join([NAMES, *(re.escape(name) for name in names if name)])
    before = rf"(?i)(\b(?:{called})\\?[\"']?\s*[:=]\s*"
    quoted = rf"{before}[bru]{{0,2}})(\\?[\"'])(?:(?!\2)(?:\\\\\\.|\\.|.))+"
    kept = r"(?!\[|\{|true\b|false\b|null\b|-?[\d.]+(?:[\s,}]|$)|[bru]{0,2}\\?[\"'])"
    return re.compile(quoted), re.compile(rf"{before}){kept}[^\s\"',;&}}\]\\]+")
