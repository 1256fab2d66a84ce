"""Removes refresh tokens that nothing can ask for any more."""

import json
import time

from django.core.management.base import BaseCommand, CommandError, CommandParser

from igny8_core.auth import purging


class Command(BaseCommand):
    """Safe at any time, beside traffic and beside itself. Live tips are never removed."""

    help = "Remove old refresh tokens in batches; prints how many of each kind as one line of JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch", type=int, default=1000, help="rows in each transaction")
        parser.add_argument("--pause", type=float, default=0.05, help="seconds between transactions")
        parser.add_argument("--dry-run", action="store_true", help="count, and remove nothing")

    def handle(self, *args: object, **options: object) -> None:
        batch, pause = options["batch"], options["pause"]
        if batch < 1 or pause < 0:
            raise CommandError(f"--batch is {batch} and --pause is {pause}; 1 and 0 at least are needed")
        started = time.monotonic()
        if options["dry_run"]:
            found = {kind.name: purging.count(kind) for kind in purging.KINDS}
        else:
            found = {kind.name: purging.remove(kind, batch, pause) for kind in purging.KINDS}
        seconds = round(time.monotonic() - started, 3)
        self.stdout.write(json.dumps(found | {"removed": not options["dry_run"], "seconds": seconds}))
