"""Device tokens that are replaced at each use. No secret is stored: the text is signed again from the row."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import models, transaction
from django.utils import timezone

from ledger.access import jwts

KEPT_SECONDS = 30 * 24 * 3600
PLAIN_SECONDS = 12 * 3600
#: A token that was just replaced still gives its successor: another tab may have sent it at the same moment.
GRACE = timedelta(seconds=60)


class DeviceToken(models.Model):
    """One token of a device. The newest of a device is the one that is not replaced."""

    key = models.UUIDField(default=uuid4, unique=True)
    device = models.UUIDField(default=uuid4, db_index=True)
    owner = models.ForeignKey(User, models.CASCADE)
    issued_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "access_device_token"

    @classmethod
    def issue(cls, owner: User, keep: bool) -> "DeviceToken":
        """The first token of a new device."""
        ends_at = timezone.now() + timedelta(seconds=lifetime_seconds(keep))
        return cls.objects.create(owner=owner, ends_at=ends_at)

    @property
    def usable(self) -> bool:
        """Neither closed nor at its end."""
        return self.closed_at is None and self.ends_at > timezone.now()

    def replace(self, now: datetime) -> "DeviceToken":
        """The successor, which ends when this one does."""
        self.replaced_at = now
        self.save(update_fields=["replaced_at"])
        return DeviceToken.objects.create(device=self.device, owner=self.owner, ends_at=self.ends_at)

    def texts(self) -> dict[str, str]:
        """This token and a new bearer token, as the client gets them."""
        times = int(self.issued_at.timestamp()), int(self.ends_at.timestamp())
        own = jwts.sign(self.owner_id, jwts.DEVICE, *times, key=str(self.key), device=str(self.device))
        return {"bearer": jwts.bearer(self.owner_id), "device_token": own}


def lifetime_seconds(keep: bool) -> int:
    """How long a session lives."""
    return KEPT_SECONDS if keep else PLAIN_SECONDS


def open_device(user: User, keep: bool) -> dict[str, str]:
    """The tokens of a new session."""
    return DeviceToken.issue(user, keep).texts()


@transaction.atomic
def renew(text: str) -> dict[str, str] | None:
    """A new bearer token and the device's newest token; None when the session is over."""
    claims = jwts.read(text, jwts.DEVICE)
    if claims is None or not _lock(int(claims["sub"])):
        return None
    if "key" not in claims:  # signed by version one, which records nothing and goes on with the same token
        return {"bearer": jwts.bearer(int(claims["sub"]))}
    now = timezone.now()
    given = DeviceToken.objects.filter(key=UUID(claims["key"])).first()
    if given is None or not given.usable:
        return None
    if given.replaced_at is None:
        return given.replace(now).texts()
    if given.replaced_at < now - GRACE:
        return None
    return DeviceToken.objects.get(device=given.device, replaced_at=None).texts()


@transaction.atomic
def close(text: str) -> None:
    """End the device of this token."""
    claims = jwts.read(text, jwts.DEVICE)
    if claims and "device" in claims and _lock(int(claims["sub"])):
        devices = DeviceToken.objects.filter(device=UUID(claims["device"]), closed_at=None)
        devices.update(closed_at=timezone.now())


def _lock(user_id: int) -> bool:
    """Whoever changes the devices of a user holds the user's row until the change is committed."""
    return User.objects.select_for_update(no_key=True).filter(pk=user_id, is_active=True).first() is not None
