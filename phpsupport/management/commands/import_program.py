"""Import a program's own files: manage.py import_program DIR [--dry-run] --program NAME

Ends with 0 when everything was imported (or, with --dry-run, could be), with 1 when a row is wrong
and nothing was saved, with 2 when the command cannot begin. docs/import.md describes the files.
"""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from phpsupport.importing.actions import check_files, import_files
from phpsupport.importing.readers import MAX_BYTES, MAX_BYTES_TOGETHER
from phpsupport.importing.report import Finding, Report
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.programs.models import Program

WRONG, CANNOT_BEGIN = 1, 2


class Command(BaseCommand):
    help = "Import staff, training, participants, rooms, closures, groups, enrollments, attendance."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dir", metavar="DIR", help="the folder of CSV or XLSX files")
        parser.add_argument("--program", required=True, metavar="NAME", help="the program's name")
        parser.add_argument("--site", default="", help="its site, where two programs share a name")
        parser.add_argument(
            "--dry-run", action="store_true", help="tell what each row would do and save nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        program = _find_program(options["program"], options["site"])
        files = _files(Path(options["dir"]))
        dry_run, now = options["dry_run"], clock.now()
        try:
            if dry_run:
                report = check_files(program=program, files=files, by=None, at=now)
            else:
                report = import_files(program=program, files=files, by=None, at=now)
        except Refused as no:
            raise CommandError(no.sentence, returncode=WRONG) from no
        self._tell(report, rows=dry_run)
        if report.faults:
            raise CommandError(
                f"Nothing was imported: {wording.count(len(report.faults), 'thing')} to mend, told "
                "above by file, line and column.",
                returncode=WRONG,
            )
        total, seconds = report.total, time.monotonic() - began
        if dry_run:
            done = "Nothing was saved (--dry-run)."
        elif total.new or total.changed:
            done = f"Imported: {total.new} new, {total.changed} changed."
        else:
            done = "Everything is on record already. Nothing changed."
        self.stdout.write(self.style.SUCCESS(f"{done} {seconds:.1f} s."))

    def _tell(self, report: Report, *, rows: bool) -> None:
        out = self.stdout
        if rows:
            for row in report.rows:
                out.write(
                    f"{row.file} line {row.line}: {row.state.value:7} {row.key}"
                    + (f" ({', '.join(row.changes)})" if row.changes else "")
                )
        for title, found in (("Warnings", report.warnings), ("To mend", report.faults)):
            if found:
                out.write(f"\n{title}:")
            for finding in found:
                out.write(_told(finding))
        for note in report.notes:
            out.write(f"Note: {note}")
        width = max((len(f.file) for f in report.files), default=0)
        out.write(
            f"\n{'file':{width}}  {'rows':>6} {'new':>6} {'changed':>7} {'same':>6} {'wrong':>6}"
        )
        for f in (*report.files, report.total):
            out.write(
                f"{f.file:{width}}  {f.rows:6} {f.new:6} {f.changed:7} {f.same:6} {f.wrong:6}"
            )


def _told(finding: Finding) -> str:
    return f"{finding.file} line {finding.line}, {finding.column}: {finding.sentence}"


def _find_program(name: str, site: str) -> Program:
    programs = list(Program.objects.select_related("site__organization").order_by("name"))
    found = [
        p for p in programs
        if p.name.casefold() == name.casefold() and site.casefold() in ("", p.site.name.casefold())
    ]  # fmt: skip
    if len(found) == 1:
        return found[0]
    if found:
        sites = wording.listing([p.site.name for p in found], last="or")
        raise CommandError(
            f"Several programs are called “{name}”. Add --site with one of {sites}.",
            returncode=CANNOT_BEGIN,
        )
    names = wording.listing([f"“{p.name}”" for p in programs])
    there = f"Programs are {names}." if programs else "There is no program yet."
    raise CommandError(
        f"There is no program called “{name}”. {there} To make it: manage.py create_program "
        f'"{name}" --organization "…" --site "…" --zone America/New_York --lead EMAIL',
        returncode=CANNOT_BEGIN,
    )


def _files(folder: Path) -> list[tuple[str, bytes]]:
    if not folder.is_dir():
        raise CommandError(f"There is no folder {folder}.", returncode=CANNOT_BEGIN)
    found: list[tuple[str, bytes]] = []
    left = MAX_BYTES_TOGETHER
    for path in sorted(folder.iterdir()):
        if not path.is_file():
            continue
        try:
            with path.open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
        except OSError as fault:
            raise CommandError(
                f"{path.name} cannot be read ({fault.strerror}).", returncode=CANNOT_BEGIN
            ) from fault
        left -= len(content)
        if left < 0:
            raise CommandError(
                f"The files together are larger than {MAX_BYTES_TOGETHER // 1024 // 1024} MB. "
                "Import them in parts, in the order of docs/import.md.",
                returncode=CANNOT_BEGIN,
            )
        found.append((path.name, content))
    if not found:
        raise CommandError(f"The folder {folder} is empty.", returncode=CANNOT_BEGIN)
    return found
