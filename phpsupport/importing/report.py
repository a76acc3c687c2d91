"""What an import found and what it would do, row by row. Pure values."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from phpsupport.lib.sheets import neutral

WHOLE_FILE: Final = "(whole file)"
WHOLE_ROW: Final = "(whole row)"
SHOWN_AT_MOST: Final = 60
# A spreadsheet runs a cell that begins with one of these.
RUNS: Final = ("=", "+", "-", "@", "\t", "\r")


class State(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    WRONG = "wrong"


@dataclass(frozen=True, order=True)
class Finding:
    """One thing to know about one place of a file. A fault stops the import, a warning does not."""

    file: str
    line: int
    column: str
    sentence: str
    fault: bool = True


@dataclass(frozen=True, order=True)
class RowReport:
    """One row: where it stands, what it is about, what becomes of it and what changes."""

    file: str
    line: int
    key: str
    state: State
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileReport:
    """One file (or sheet) in numbers."""

    file: str
    kind: str
    new: int = 0
    changed: int = 0
    same: int = 0
    wrong: int = 0

    @property
    def rows(self) -> int:
        return self.new + self.changed + self.same + self.wrong


@dataclass(frozen=True)
class Report:
    """Everything, in the order of files, lines and columns."""

    files: tuple[FileReport, ...] = ()
    rows: tuple[RowReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def faults(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.fault)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if not f.fault)

    @property
    def total(self) -> FileReport:
        return FileReport(
            "all files",
            "",
            *(sum(getattr(f, s) for f in self.files) for s in ("new", "changed", "same", "wrong")),
        )

    @property
    def can_be_saved(self) -> bool:
        return not self.faults and bool(self.total.new or self.total.changed)

    @property
    def digest(self) -> str:
        """Tells two reports apart: what is confirmed must be what was shown."""
        told = repr((self.files, self.rows, self.findings))
        return sha256(told.encode(errors="surrogatepass")).hexdigest()

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Report":
        return cls(
            files=tuple(FileReport(**f) for f in data["files"]),
            rows=tuple(
                RowReport(r["file"], r["line"], r["key"], State(r["state"]), tuple(r["changes"]))
                for r in data["rows"]
            ),
            findings=tuple(Finding(**f) for f in data["findings"]),
            notes=tuple(data["notes"]),
        )


def build(
    files: Iterable[tuple[str, str]],
    rows: Iterable[RowReport],
    findings: Iterable[Finding],
    notes: Iterable[str] = (),
) -> Report:
    """A sorted report; `files` are pairs of file and kind in the order they are told."""
    files = list(files)
    order = {file: place for place, (file, _) in enumerate(files)}
    rows = sorted(rows, key=lambda r: (order.get(r.file, len(order)), r))
    findings = sorted(set(findings), key=lambda f: (order.get(f.file, len(order)), f))
    counts = Counter((r.file, r.state) for r in rows)
    return Report(
        files=tuple(
            FileReport(file, kind, **{s.value: counts[file, s] for s in State})
            for file, kind in files
        ),
        rows=tuple(rows),
        findings=tuple(findings),
        notes=tuple(notes),
    )


def shown(value: object) -> str:
    """What stood in a cell, safe and short enough for a sentence, a terminal or a page."""
    text = "".join(c if c.isprintable() else "·" for c in str(value))
    text = text.strip()
    return text if len(text) <= SHOWN_AT_MOST else f"{text[: SHOWN_AT_MOST - 1]}…"


def harmless(value: object) -> str:
    """A cell that no spreadsheet runs."""
    return neutral(value)


def as_csv(report: Report) -> str:
    """The report as a table to work through beside the files."""
    found: dict[tuple[str, int], list[Finding]] = {}
    for finding in report.findings:
        found.setdefault((finding.file, finding.line), []).append(finding)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["file", "line", "row", "state", "column", "what"])

    def put(*cells: object) -> None:
        writer.writerow([harmless(cell) for cell in cells])

    for row in report.rows:
        told = found.pop((row.file, row.line), [])
        if not told:
            put(row.file, row.line, row.key, row.state.value, "", "; ".join(row.changes))
        for finding in told:
            put(row.file, row.line, row.key, row.state.value, finding.column, finding.sentence)
    for (file, line), rest in found.items():
        for finding in rest:
            put(file, line, "", "wrong" if finding.fault else "", finding.column, finding.sentence)
    return out.getvalue()
