"""Prove that no signed note changed since it was signed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions.queries.signatures import verify


class Command(BaseCommand):
    help = (
        "Compute the digest of every signed note and cosignature anew and compare it with the one "
        "kept when it was signed. Names the ids that differ and ends with an error if there are any."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        found = verify()
        for kind, counted in found.counted.items():
            self.stdout.write(f"{kind}: {counted} checked")
        for kind, pk in found.wrong:
            self.stderr.write(f"{kind} {pk}: the text is not the one that was signed")
        if found.wrong:
            raise CommandError(f"{len(found.wrong)} signatures do not hold.")
        self.stdout.write("Every signature holds.")
