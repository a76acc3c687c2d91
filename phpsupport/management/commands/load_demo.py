"""Load the demo program, once."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from phpsupport.demo.world import HARBOR, build
from phpsupport.lib import clock
from phpsupport.programs.models import Program


class Command(BaseCommand):
    help = "Load the demo program: invented people around today. Does nothing when it is there."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo is loaded only where DEMO=yes: its passwords are public.")
        if Program.objects.filter(name=HARBOR).exists():
            self.stdout.write("The demo program is here already.")
            return
        build(clock.now())
        self.stdout.write("The demo program is loaded.")
