"""The report as a page shows it: ready values, a fixed number of look-ups."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator

from phpsupport.importing.columns import TABLES
from phpsupport.importing.report import FileReport, Finding, Report, State
from phpsupport.lib import wording

ROWS_ON_A_PAGE: Final = 25
FAULTS_SHOWN: Final = 100
WARNINGS_SHOWN: Final = 100
KINDS: Final = {
    State.NEW: ("good", "plus-circle"),
    State.CHANGED: ("wait", "pencil"),
    State.SAME: ("plain", "check-lg"),
    State.WRONG: ("stop", "exclamation-octagon"),
}


@dataclass(frozen=True)
class Line:
    """One row of the table of rows."""

    file: str
    line: int
    key: str
    kind: str
    icon: str
    state: str
    what: tuple[tuple[str, str], ...]


def formats() -> list[dict[str, Any]]:
    """What each file holds, for the page that asks for them."""
    return [
        {
            "kind": table.kind,
            "words": table.words,
            "columns": [
                {"name": c.name, "words": c.words, "required": c.required} for c in table.columns
            ],
        }
        for table in TABLES
    ]


def overview(report: Report) -> dict[str, Any]:
    """Counts, what to mend and what to know."""
    return {
        "total": report.total,
        "files": [_file(f) for f in report.files],
        "faults": _by_file(report.faults[:FAULTS_SHOWN]),
        "fault_count": len(report.faults),
        "faults_left": max(0, len(report.faults) - FAULTS_SHOWN),
        "warnings": _by_file(report.warnings[:WARNINGS_SHOWN]),
        "warning_count": len(report.warnings),
        "warnings_left": max(0, len(report.warnings) - WARNINGS_SHOWN),
        "notes": report.notes,
        "subtitle": ", ".join(
            [
                wording.count(len(report.files), "file"),
                f"{report.total.rows:,} {'row' if report.total.rows == 1 else 'rows'}",
            ]
        ),
    }


def _file(file: FileReport) -> dict[str, Any]:
    parts = [
        f"{number:,} {word}"
        for number, word in (
            (file.new, "new"), (file.changed, "changed"), (file.same, "as on record"),
            (file.wrong, "wrong"),
        )
        if number
    ]  # fmt: skip
    return {
        "file": file.file,
        "query": urlencode({"file": file.file}),
        "words": ", ".join(parts) or "no rows",
        "wrong": file.wrong,
        "wrong_words": f"{file.wrong:,} wrong",
        "fresh": file.new or file.changed,
    }


def _by_file(findings: tuple[Finding, ...]) -> list[tuple[str, list[Finding]]]:
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        found[finding.file].append(finding)
    return list(found.items())


def rows(report: Report, *, file: str, state: str, number: str) -> dict[str, Any]:
    """The rows, of one file or state if wished, a page of them."""
    names = [f.file for f in report.files]
    file = file if file in names else ""
    state = state if state in [s.value for s in State] else ""
    chosen = [
        row
        for row in report.rows
        if (not file or row.file == file) and (not state or row.state == state)
    ]
    page: Page[Any] = Paginator(chosen, ROWS_ON_A_PAGE).get_page(number)
    told: dict[tuple[str, int], list[Finding]] = defaultdict(list)
    for finding in report.findings:
        told[finding.file, finding.line].append(finding)
    lines = []
    for row in page.object_list:
        found = told[row.file, row.line]
        what = tuple((f.column, f.sentence) for f in found)
        if not what and row.changes:
            what = (("", ", ".join(row.changes)),)
        kind, icon = KINDS[row.state]
        lines.append(Line(row.file, row.line, row.key, kind, icon, row.state.value, what))
    return {
        "page_obj": page,
        "lines": lines,
        "file_choices": [(name, name, name == file) for name in names],
        "state_choices": [(s.value, s.value.capitalize(), s.value == state) for s in State],
        "filtered": bool(file or state),
    }
