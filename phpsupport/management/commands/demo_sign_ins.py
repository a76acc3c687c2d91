"""Who can sign in to the demo."""

from typing import Any

from django.core.management.base import BaseCommand

from phpsupport.demo.people import PARTICIPANT_SIGN_IN, PASSWORD, STAFF


class Command(BaseCommand):
    help = "Print the demo's accounts."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Everybody's password is {PASSWORD}")
        for staff in STAFF:
            role = ", ".join(role.label.lower() for role in staff.roles)
            name = f"{staff.first_name} {staff.last_name}"
            self.stdout.write(f"  {staff.email:<24} {name:<18} {role}: {staff.about}")
        email, about = PARTICIPANT_SIGN_IN
        self.stdout.write(f"  {email:<24} {about}")
