"""Opening, renewing and closing a session, and asking whose it is. `tokens` is what differs between versions."""

import json
from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.models import User
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from ledger import answers
from ledger.access import jwts, tokens


@require_POST
def open_session(request: HttpRequest) -> JsonResponse:
    """Exchange a password for tokens and a cookie."""
    given = read_json(request)
    user = authenticate(request, username=given.get("account"), password=given.get("secret"))
    if user is None:
        return answers.problem("credentials", 401)
    keep = given.get("keep") is True
    login(request, user)
    request.session.set_expiry(tokens.lifetime_seconds(keep))
    return answers.result({"account": {"name": user.username}, **tokens.open_device(user, keep)})


@require_POST
def renew_session(request: HttpRequest) -> JsonResponse:
    """A new bearer token for a device token."""
    renewed = tokens.renew(device_token(request))
    return answers.result(renewed) if renewed else answers.problem("device_token", 401)


@require_POST
def close_session(request: HttpRequest) -> JsonResponse:
    """End the cookie session and what is known of the device."""
    tokens.close(device_token(request))
    logout(request)
    return answers.result({})


@require_GET
def whoami(request: HttpRequest) -> JsonResponse:
    """Whose session this is."""
    user = who(request)
    return answers.result({"account": {"name": user.username}}) if user else answers.problem("session", 401)


def who(request: HttpRequest) -> User | None:
    """The user of a bearer token or, without one, of the cookie."""
    scheme, _blank, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return request.user if request.user.is_authenticated else None
    claims = jwts.read(token, jwts.BEARER)
    return User.objects.filter(pk=claims["sub"], is_active=True).first() if claims else None


def read_json(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of a request; empty when it is something else."""
    try:
        body = json.loads(request.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def device_token(request: HttpRequest) -> str:
    """The device token of a request, empty without one."""
    value = read_json(request).get("device_token")
    return value if isinstance(value, str) else ""
