"""Changing the password."""

from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from igny8_core import answers, events
from igny8_core.auth import issuing, limits, sessions
from igny8_core.auth.families import CredentialsChanged
from igny8_core.auth.serializers import RegisterSerializer
from igny8_core.auth.view_base import UncachedView
from igny8_core.auth.view_errors import TemporaryFailures


class PasswordSerializer(serializers.Serializer):
    """The present password and another."""

    old_password = serializers.CharField(max_length=128, trim_whitespace=False)
    new_password = RegisterSerializer().fields["password"]


class PasswordView(TemporaryFailures, UncachedView):
    """Changes the user's password, which ends every other session; this client gets new tokens."""

    def post(self, request: Request) -> Response:
        given = PasswordSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user = request.user
        wait = limits.PASSWORD.seconds_to_wait(user.pk)
        if wait:
            return limits.refusal(wait)
        # Not 401: the session is good, and a client would refresh it and send the wrong password again.
        if not user.check_password(given.validated_data["old_password"]):
            words = "The present password is wrong."
            return answers.failure(words, "password_wrong", status.HTTP_400_BAD_REQUEST)
        try:
            tokens = issuing.change_password(
                request, user, given.validated_data["new_password"], sessions.family_of(request)
            )
        except CredentialsChanged:
            raise answers.Conflict("The password was changed by somebody else meanwhile.") from None
        events.record("password_change", user_id=user.pk)
        return answers.success(tokens)
