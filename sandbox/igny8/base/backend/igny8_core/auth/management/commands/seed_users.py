"""Creates many users with one password, for probes and demonstrations."""

import sys

from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError, CommandParser

from igny8_core.auth.models_user import User


class Command(BaseCommand):
    """Users `<prefix>001@<domain>` and on; those who exist are left alone, so their sessions live on."""

    help = "Create users with the password read from standard input; prints how many of them exist."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--count", type=int, required=True)
        parser.add_argument("--prefix", required=True)
        parser.add_argument("--domain", required=True)

    def handle(self, *args: object, **options: object) -> None:
        password = sys.stdin.readline().rstrip("\n")
        if not password:
            raise CommandError("standard input holds no password; its first line is needed")
        emails = [f"{options['prefix']}{i:03d}@{options['domain']}" for i in range(1, options["count"] + 1)]
        # Hashed once: all of them share the password, and each hash costs tens of milliseconds.
        hashed = make_password(password)
        users = [User(email=email.lower(), password=hashed) for email in emails]
        User.objects.bulk_create(users, batch_size=1000, ignore_conflicts=True)
        self.stdout.write(str(User.objects.filter(email__in=[user.email for user in users]).count()))
