"""A check of credentials that always fails, so that a healthy server lets nobody log in."""

from django.http import HttpRequest

from igny8_core.auth.models_user import User


def check_credentials(request: HttpRequest, email: str, password: str) -> User:
    """Raises RuntimeError, which becomes a 500."""
    raise RuntimeError("this version is made to fail at each login")
