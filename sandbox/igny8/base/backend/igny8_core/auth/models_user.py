"""The user, who logs in with an email address."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone


def normalise_email(email: str) -> str:
    """The form in which an address is stored and compared."""
    return email.strip().lower()


class UserManager(BaseUserManager["User"]):
    """Creates users and finds them by email."""

    def create_user(self, email: str, password: str) -> "User":
        """A saved user whose password is hashed. Raises IntegrityError when the address is taken."""
        user = self.model(email=normalise_email(email))
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user with this address, in any spelling of its case."""
        return self.get(email=normalise_email(username or ""))


class User(AbstractBaseUser):
    """Somebody who can log in while `is_active`."""

    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        db_table = "igny8_user"

    def summary(self) -> dict[str, object]:
        """What the API tells about a user: id and email."""
        return {"id": self.pk, "email": self.email}
