"""Registering, logging in, and asking who is logged in."""

from django.contrib.auth import login
from django.db import IntegrityError
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from igny8_core import answers, events
from igny8_core.auth import issuing
from igny8_core.auth.credentials import check_credentials
from igny8_core.auth.models_user import User
from igny8_core.auth.serializers import LoginSerializer, RegisterSerializer
from igny8_core.auth.view_base import PublicView, UncachedView


class RegisterView(PublicView):
    """Creates a user, who has tokens at once but no cookie session."""

    def post(self, request: Request) -> Response:
        given = RegisterSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            user = User.objects.create_user(**given.validated_data)
        except IntegrityError:
            raise answers.Conflict("An account with this address exists.") from None
        tokens = self.issue_tokens(request, user)
        events.record("register", user_id=user.pk)
        return answers.success({"user": user.summary(), **tokens}, status.HTTP_201_CREATED)

    def issue_tokens(self, request: Request, user: User) -> dict[str, str]:
        """The tokens of the new user."""
        return issuing.issue_tokens(user, remember_me=False)


class LoginView(PublicView):
    """Exchanges a password for tokens and a session cookie."""

    def post(self, request: Request) -> Response:
        given = LoginSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        remember_me = given.validated_data["remember_me"]
        user = check_credentials(request, given.validated_data["email"], given.validated_data["password"])
        tokens = self.start_session(request, user, remember_me)
        events.record("login", user_id=user.pk, remember_me=remember_me)
        return answers.success({"user": user.summary(), **tokens})

    def start_session(self, request: Request, user: User, remember_me: bool) -> dict[str, str]:
        """The tokens of the login, whose session cookie goes with the answer."""
        tokens = issuing.issue_tokens(user, remember_me)
        login(request, user)
        request.session.set_expiry(issuing.session_seconds(remember_me))
        return tokens


class MeView(UncachedView):
    """Who is logged in."""

    def get(self, request: Request) -> Response:
        return answers.success({"user": request.user.summary()})
