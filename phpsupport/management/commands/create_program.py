"""Make a program: manage.py create_program NAME --organization … --site … --zone America/New_York"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from phpsupport.audit.trail import record
from phpsupport.lib import clock
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Organization, Program, Site
from sessions.recurrence import find_zone


class Command(BaseCommand):
    help = "Make a program, with its organization and site where they are not there yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the program's name")
        parser.add_argument("--organization", required=True, help="who runs it")
        parser.add_argument("--site", required=True, help="where it is")
        parser.add_argument("--zone", required=True, help="the site's zone, as America/New_York")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        name, organization_name, site_name = (
            _line(options[k], k) for k in ("name", "organization", "site")
        )
        try:
            zone = find_zone(options["zone"]).key
        except Refused as no:
            raise CommandError(no.sentence) from no
        organization, _ = Organization.objects.get_or_create(name=organization_name)
        site, _ = Site.objects.get_or_create(
            organization=organization, name=site_name, defaults={"time_zone": zone}
        )
        if site.time_zone != zone:
            raise CommandError(
                f"The site {site} is in the zone {site.time_zone}. Write that one, or name another site."
            )
        program, made = Program.objects.get_or_create(site=site, name=name)
        if not made:
            self.stdout.write(f"The program “{program}” at {site} is there already.")
            return
        record("program.created", by=None, at=clock.now(), obj=program, program_id=program.pk)
        self.stdout.write(
            self.style.SUCCESS(
                f"The program “{program}” at {site} ({zone}) is made. "
                f'Bring in its files: manage.py import_program DIR --program "{program}"'
            )
        )


def _line(text: str, what: str) -> str:
    words = " ".join(text.replace("\x00", "").split())
    if not 1 <= len(words) <= 120:
        raise CommandError(f"Write the {what} in 1 to 120 characters.")
    return words
