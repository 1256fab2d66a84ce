"""Creates accounts with one password."""

import sys

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    """Accounts `<prefix>001` and on; those who exist are left alone."""

    help = "Create accounts with the password that is read from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--count", type=int, required=True)
        parser.add_argument("--prefix", required=True)

    def handle(self, *args: object, **options: object) -> None:
        password = make_password(sys.stdin.readline().rstrip("\n"))
        names = [f"{options['prefix']}{number:03d}" for number in range(1, options["count"] + 1)]
        users = [User(username=name, password=password) for name in names]
        User.objects.bulk_create(users, ignore_conflicts=True)
