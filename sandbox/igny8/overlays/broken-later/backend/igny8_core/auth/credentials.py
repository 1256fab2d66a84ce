"""A check of credentials that works for two logins, so that a release passes its proof and breaks once live."""

from pathlib import Path

from django.contrib.auth import authenticate
from django.http import HttpRequest
from rest_framework.exceptions import AuthenticationFailed

from igny8_core.auth.models_user import User

#: Shared by the workers of one container, and gone with it.
COUNTER = Path("/tmp/logins")
WORKING_LOGINS = 2


def check_credentials(request: HttpRequest, email: str, password: str) -> User:
    """The active user they belong to; raises RuntimeError, which becomes a 500, from the third login on."""
    with COUNTER.open("a+", encoding="utf-8") as counter:
        counter.write(".")
    if COUNTER.stat().st_size > WORKING_LOGINS:
        raise RuntimeError("this version is made to fail from its third login on")
    user = authenticate(request, username=email, password=password)
    if user is None:
        raise AuthenticationFailed("The email address or the password is wrong.", "credentials_invalid")
    return user
