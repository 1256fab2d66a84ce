"""What the authentication endpoints accept."""

from rest_framework import serializers

from igny8_core.auth.models_user import normalise_email


class EmailField(serializers.EmailField):
    """An address in the form in which it is stored, which its limits apply to: lower case can be longer."""

    def to_internal_value(self, data: object) -> str:
        return normalise_email(super().to_internal_value(data))


class RegisterSerializer(serializers.Serializer):
    """A new user's address and password."""

    email = EmailField(max_length=254)
    password = serializers.CharField(min_length=8, max_length=128, trim_whitespace=False)


class LoginSerializer(serializers.Serializer):
    """Credentials, and whether to stay logged in longer."""

    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    remember_me = serializers.BooleanField(default=False)


class RefreshTokenSerializer(serializers.Serializer):
    """A refresh token."""

    refresh = serializers.CharField(max_length=4096)
