"""Reading configuration: plain values from the environment, secrets from the files that it names."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str) -> str:
    """The variable's value; an empty variable counts as unset."""
    return os.environ.get(name) or default


def integer(name: str, default: int) -> int:
    """The variable as a whole number. Raises ImproperlyConfigured when it is something else."""
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}; a whole number is needed") from None


def secret(name: str) -> str:
    """Content of the file that the variable `name` points to, without the line end.

    Raises ImproperlyConfigured when the variable is unset or the file is missing, unreadable or empty.
    """
    path = os.environ.get(name)
    if not path:
        raise ImproperlyConfigured(f"{name} is not set; it must name the file that holds the secret")
    try:
        value = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name} names {path}, which cannot be read: {error.strerror}") from None
    if not value:
        raise ImproperlyConfigured(f"{name} names {path}, which is empty")
    return value


def optional_secrets(name: str) -> list[str]:
    """The lines of the file that `name` points to; none when the variable is unset. Raises as `secret` does."""
    return secret(name).splitlines() if os.environ.get(name) else []
