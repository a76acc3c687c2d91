"""Make a program and invite its first people:

manage.py create_program NAME --organization … --site … --zone America/New_York --lead EMAIL
"""

from dataclasses import replace
from email.utils import parseaddr
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import MaxLengthValidator, validate_email
from django.db import transaction

from phpsupport.access.models import RoleAssignment
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.office.actions import Newcomer, invite_first_people
from phpsupport.programs.models import Organization, Program, Site
from sessions.recurrence import find_zone

# The roles that nobody in a new program could give.
FIRST: Final = {
    "lead": Role.PROGRAM_LEAD,
    "administrator": Role.ADMINISTRATOR,
    "privacy_officer": Role.PRIVACY_OFFICER,
}


class Command(BaseCommand):
    help = (
        "Make a program, with its organization and site where they are not there yet, and invite "
        "its first people by e-mail. Also the way back into a program that nobody leads any more."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the program's name")
        parser.add_argument("--organization", required=True, help="who runs it")
        parser.add_argument("--site", required=True, help="where it is")
        parser.add_argument("--zone", required=True, help="the site's zone, as America/New_York")
        for option, role in FIRST.items():
            parser.add_argument(
                f"--{option.replace('_', '-')}", action="append", default=[], metavar="EMAIL",
                help=f"invite a {role.label.lower()}: ruth@example.org, or "
                '"Ruth Okafor <ruth@example.org>"; may be given several times',
            )  # fmt: skip

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        name, organization_name, site_name = (
            _line(options[k], k) for k in ("name", "organization", "site")
        )
        try:
            zone = find_zone(options["zone"]).key
        except Refused as no:
            raise CommandError(no.sentence) from no
        people = _people(options)
        organization, _ = Organization.objects.get_or_create(name=organization_name)
        site, _ = Site.objects.get_or_create(
            organization=organization, name=site_name, defaults={"time_zone": zone}
        )
        if site.time_zone != zone:
            raise CommandError(
                f"The site {site} is in the zone {site.time_zone}. Write that one, or name another site."
            )
        program, made = Program.objects.get_or_create(site=site, name=name)
        if made:
            record("program.created", by=None, at=clock.now(), obj=program, program_id=program.pk)
            self.stdout.write(
                self.style.SUCCESS(f"The program “{program}” at {site} ({zone}) is made.")
            )
        else:
            self.stdout.write(f"The program “{program}” at {site} is there already.")
        self._invite(program, people)
        if made:
            self.stdout.write(
                f'To bring in its files: manage.py import_program DIR --program "{program}"'
            )

    def _invite(self, program: Program, people: list[Newcomer]) -> None:
        now = clock.now()
        try:
            done = invite_first_people(program=program, people=people, at=now)
        except Refused as no:
            raise CommandError(no.sentence) from no
        for person in people:
            roles = wording.listing(sorted(role.label.lower() for role in person.roles))
            if person.email not in done:
                told = f"{person.email} is {roles} already. Nothing is sent."
            elif done[person.email] is None:
                told = f"{person.email} is {roles} from now on, with the account they have."
            else:
                told = (
                    f"{person.email} is {roles}. An invitation goes out by e-mail once a worker "
                    "runs; its link works for seven days."
                )
            self.stdout.write(told)
        today = clock.local_date(now, program.zone)
        if (
            not RoleAssignment.objects.in_force(today)
            .filter(program=program, role__in=[Role.PROGRAM_LEAD, Role.ADMINISTRATOR])
            .exists()
        ):
            self.stdout.write("Nobody can invite its people yet. Run this again with --lead EMAIL.")


def _people(options: dict[str, Any]) -> list[Newcomer]:
    """Everybody named, each once, with all their roles."""
    found: dict[str, Newcomer] = {}
    for option, role in FIRST.items():
        for text in options[option]:
            name, email = parseaddr(" ".join(text.split()))
            email = email.lower()
            try:
                validate_email(email)
                MaxLengthValidator(254)(email)
            except ValidationError:
                raise CommandError(
                    f"“{text}” is not an e-mail address. Write it as ruth@example.org, or as "
                    "“Ruth Okafor <ruth@example.org>”."
                ) from None
            called = _line(name, "name") if name else email.partition("@")[0]
            first, _, last = called.partition(" ")
            known = found.get(email, Newcomer(email, first[:80], last[:80], frozenset()))
            found[email] = replace(known, roles=known.roles | {role})
    return list(found.values())


def _line(text: str, what: str) -> str:
    words = " ".join(text.replace("\x00", "").split())
    if not 1 <= len(words) <= 120:
        raise CommandError(f"Write the {what} in 1 to 120 characters.")
    return words
