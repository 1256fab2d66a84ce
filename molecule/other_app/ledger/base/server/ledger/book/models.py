"""The entries of the book."""

from django.conf import settings
from django.db import models


class Entry(models.Model):
    """One line. The client chooses its number, so that a line it sends twice is stored once."""

    number = models.UUIDField(unique=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    memo = models.TextField()

    class Meta:
        db_table = "ledger_entry"
