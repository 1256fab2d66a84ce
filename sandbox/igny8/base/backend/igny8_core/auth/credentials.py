"""Checking an email address and a password."""

from django.contrib.auth import authenticate
from django.http import HttpRequest
from rest_framework.exceptions import AuthenticationFailed

from igny8_core.auth.models_user import User


def check_credentials(request: HttpRequest, email: str, password: str) -> User:
    """The active user they belong to. Raises AuthenticationFailed, in the same words whatever was wrong."""
    user = authenticate(request, username=email, password=password)
    if user is None:
        raise AuthenticationFailed("The email address or the password is wrong.", "credentials_invalid")
    return user
