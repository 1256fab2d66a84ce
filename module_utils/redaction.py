"""Take secrets and tokens out of a text that leaves the house: those that are known, and whatever looks like one."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

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
    """Each secret as it is, and as addresses, JSON, Python, shells, HTML and base64 have it."""
    for secret in filter(lambda text: len(text) >= SHORTEST, secrets):
        in_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
        in_addresses = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
        yield from (secret, repr(secret)[1:-1], html.escape(secret), html.escape(secret, quote=False))
        # Docker's JSON has no character that means something to HTML.
        in_json |= {re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", text) for text in in_json}
        # A text that holds JSON is often one of JSON itself.
        yield from in_json | {json.dumps(text)[1:-1] for text in in_json}
        yield from in_addresses | {
            re.sub("%..", lambda found: found[0].lower(), text) for text in in_addresses
        }
        # In single quotes a shell has no way but to end them; in double quotes it has four characters to escape.
        yield from {secret.replace("'", way) for way in ("'\"'\"'", "'\\''")}
        yield re.sub(r'([\\"$`])', r"\\\1", secret)
        yield from _in_base64(secret.encode(errors="replace"))
        yield from _lines(secret)


def _in_base64(secret: bytes) -> Iterable[str]:
    """What is the same of it whatever is before and after it, at each place among three bytes at which it may begin."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + secret)
        own = text[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6].decode()
        yield from (own, own.translate(str.maketrans("+/", "-_")))


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
