"""Prove that no signed note changed since it was signed, and that none is gone."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from phpsupport.lib.periods import local_day
from phpsupport.programs.models import Program
from sessions.queries.signatures import Scope, verify

# Where every day begins first.
FIRST_ZONE = "Etc/GMT-14"


class Command(BaseCommand):
    help = (
        "Compute the digest and seal of every signed note, addendum, cosignature and void anew, "
        "compare them with those kept when they were signed, and compare all with the trail. Names "
        "the ids that do not hold and ends with an error if there are any. Nothing is changed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since", type=date.fromisoformat, help="only what was signed on this day or later"
        )
        parser.add_argument("--program", type=UUID, help="only the program with this id")

    def handle(
        self, *args: Any, since: date | None = None, program: UUID | None = None, **options: Any
    ) -> None:
        found = verify(Scope(_start(since, program), program))
        for kind, counted in sorted(found.counted.items()):
            bare = found.unsealed[kind]
            more = f", {bare} from before there were seals" if bare else ""
            self.stdout.write(f"{kind}: {counted} checked{more}")
        for kind, pk, why in found.wrong:
            self.stderr.write(f"{kind} {pk}: {why}")
        if found.wrong:
            rows = {(kind, pk) for kind, pk, _ in found.wrong}
            raise CommandError(f"{len(rows)} signatures do not hold.")
        self.stdout.write("Every signature holds.")


def _start(since: date | None, program_id: UUID | None) -> datetime | None:
    """The day's first instant: at the program's site, else where it begins first."""
    program = None
    if program_id:
        program = Program.objects.select_related("site").filter(pk=program_id).first()
        if program is None:
            raise CommandError(f"There is no program with the id {program_id}.")
    if since is None:
        return None
    return local_day(since, program.zone if program else FIRST_ZONE).start
