"""Registering and logging in with token families."""

from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from igny8_core.auth import account_views, issuing
from igny8_core.auth.families import CredentialsChanged
from igny8_core.auth.models_user import User
from igny8_core.auth.view_errors import TemporaryFailures


class RegisterView(TemporaryFailures, account_views.RegisterView):
    """Gives the new user tokens that the client can store."""

    def issue_tokens(self, request: Request, user: User) -> dict[str, str]:
        _row, tokens = issuing.issue_tokens(user, False, issuing.may_rotate(request))
        return tokens


class LoginView(TemporaryFailures, account_views.LoginView):
    """Gives tokens that the client can store, and a cookie session of the same family."""

    def start_session(self, request: Request, user: User, remember_me: bool) -> dict[str, str]:
        try:
            return issuing.start_session(request, user, remember_me)
        except CredentialsChanged:
            words = "The email address or the password is wrong."
            raise AuthenticationFailed(words, "credentials_invalid") from None
