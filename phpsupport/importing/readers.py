"""Bytes of a file to rows of text. Whatever the bytes, the answer is rows and findings, never a crash.

CSV: a byte-order mark is taken off; comma, semicolon, tab and bar separate; UTF-8 is expected, and
a cell that is not is named with its byte, shown as Windows would have meant it, and refused. XLSX:
values only, within limits of size, so that a small archive cannot unpack into a large one.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Any, Final

from phpsupport.importing.columns import BY_KIND, TABLES, Table
from phpsupport.importing.report import WHOLE_FILE, WHOLE_ROW, Finding, shown
from phpsupport.lib import wording

MAX_BYTES: Final = 5 * 1024 * 1024
MAX_BYTES_TOGETHER: Final = 10 * 1024 * 1024
MAX_UNPACKED: Final = 40 * 1024 * 1024
MAX_PARTS: Final = 200
MAX_ROWS: Final = 20_000
MAX_ROWS_TOGETHER: Final = 60_000  # of a workbook's sheets, empty rows included
MAX_COLUMNS: Final = 60
MAX_CELL: Final = 2_000
MAX_FILES: Final = 20
MAX_FINDINGS: Final = 500  # of one file; more help nobody
DELIMITERS: Final = (",", ";", "\t", "|")
KNOWN: Final = wording.listing([f"{table.kind}.csv" for table in TABLES], last="and")
SUFFIXES: Final = (".csv", ".xlsx")
# What systems leave in folders; nobody means to import it.
LEFT_ALONE: Final = re.compile(r"\.|~\$|thumbs\.db|desktop\.ini|readme", re.IGNORECASE)


@dataclass
class Row:
    """One row of a table: its cells as text, then its values as they are read."""

    file: str
    line: int
    table: Table
    cells: dict[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    wrong: bool = False

    @property
    def key(self) -> str:
        """What names the row for a person."""
        parts = (shown(self.cells.get(name, "")) for name in self.table.names)
        return " · ".join(part for part in parts if part)

    def get(self, name: str, default: Any = None) -> Any:
        return self.values.get(name, default)


@dataclass
class Sheet:
    """One table of one file."""

    file: str
    table: Table
    rows: list[Row] = field(default_factory=list)


@dataclass
class Reading:
    """Everything that was sent."""

    sheets: list[Sheet] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def fault(self, file: str, line: int, column: str, sentence: str) -> None:
        self.findings.append(Finding(file, max(line, 1), column, sentence))

    def warn(self, file: str, line: int, column: str, sentence: str) -> None:
        self.findings.append(Finding(file, max(line, 1), column, sentence, fault=False))


@dataclass(frozen=True)
class Grid:
    """A table as it stands in the file: the header and (line, cells). Cells are text."""

    header: list[str]
    lines: list[tuple[int, list[str]]]


class Unreadable(Exception):
    """The file as a whole cannot be read."""

    def __init__(self, sentence: str, line: int = 1, column: str = WHOLE_FILE) -> None:
        super().__init__(sentence)
        self.line, self.column = line, column


def read(files: Iterable[tuple[str, bytes]]) -> Reading:
    """All files, each a pair of name and bytes, in the order in which they are brought in."""
    reading = Reading()
    files = sorted(files, key=lambda f: f[0])
    for number, (name, content) in enumerate(files):
        name = _file_name(name)
        if number >= MAX_FILES:
            reading.fault(name, 1, WHOLE_FILE, f"Send at most {MAX_FILES} files at once.")
            continue
        try:
            _read_file(reading, name, content)
        except Unreadable as no:
            reading.fault(name, no.line, no.column, str(no))
    if files and not reading.sheets and all(not f.fault for f in reading.findings):
        reading.fault(
            _file_name(files[0][0]), 1, WHOLE_FILE,
            f"Nothing that was sent is a table of the program. Files are called {KNOWN}.",
        )  # fmt: skip
    _one_of_each(reading)
    order = {table.kind: place for place, table in enumerate(TABLES)}
    reading.sheets.sort(key=lambda s: (order[s.table.kind], s.file))
    return reading


def _file_name(name: str) -> str:
    return shown(name.replace("\\", "/").rpartition("/")[2]) or "file"


def _read_file(reading: Reading, name: str, content: bytes) -> None:
    stem, dot, suffix = name.rpartition(".")
    suffix = f".{suffix.lower()}" if dot else ""
    if LEFT_ALONE.match(name) or suffix not in SUFFIXES:
        if suffix in {".xls", ".ods", ".numbers", ".tsv", ".txt"}:
            raise Unreadable(f"Save this as CSV (UTF-8) or XLSX and call it one of {KNOWN}.")
        reading.notes.append(f"{name} was not read: it is neither CSV nor XLSX.")
        return
    if len(content) > MAX_BYTES:
        raise Unreadable(
            f"The file is larger than {MAX_BYTES // 1024 // 1024} MB. Split it and import the parts "
            "one after the other."
        )
    kind = _kind(stem)
    if suffix == ".xlsx":
        _read_workbook(reading, name, kind, content)
        return
    if kind is None:
        raise Unreadable(_unknown_name(stem))
    grid = _csv_grid(reading, name, BY_KIND[kind], content)
    if grid is not None:
        _take(reading, Sheet(name, BY_KIND[kind]), grid)


def _kind(words: str) -> str | None:
    """The table that a file or sheet is called after."""
    word = re.sub(r"[\s_\-]+", "_", words.strip().lower())
    return word if word in BY_KIND else None


def _unknown_name(stem: str) -> str:
    near = get_close_matches(stem.lower(), list(BY_KIND), n=1)
    meant = f" Is {near[0]}.csv meant?" if near else ""
    return f"The name does not say what the file holds.{meant} Files are called {KNOWN}."


# --- CSV --------------------------------------------------------------------------------------------
def _decoded(content: bytes) -> str:
    """The text; a byte that is not UTF-8 becomes a lone surrogate, to be told of where it stands."""
    if content.startswith(b"PK\x03\x04"):
        raise Unreadable("This is a workbook that is called CSV. Rename it to end in .xlsx.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            raise Unreadable("The file breaks off. Save it again as CSV UTF-8.") from None
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="surrogateescape")
    odd = sum(1 for c in text[:4000] if c < " " and c not in "\t\r\n\x0b\x0c")
    if odd > max(20, len(text[:4000]) // 20):
        raise Unreadable("This is not a table of text. Save it as CSV UTF-8.")
    return text


def _csv_grid(reading: Reading, name: str, table: Table, content: bytes) -> Grid | None:
    text = _decoded(content)
    if not text.strip():
        raise Unreadable("The file is empty. Send it with its header, or leave it out.")
    delimiter = _delimiter(text, table)
    lines: list[tuple[int, list[str]]] = []
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in rows:
            lines.append((begins, cells))
            begins = rows.line_num + 1
            if len(lines) > MAX_ROWS + 1:
                raise Unreadable(_too_many(), begins)
    except csv.Error:
        reading.fault(
            name, begins, WHOLE_ROW,
            "The quotation marks of this row do not pair up, so it cannot be told where a cell "
            "ends. Double every quotation mark inside a cell, or leave it out. Rows below were "
            "not read.",
        )  # fmt: skip
    while lines and not any(cell.strip() for cell in lines[-1][1]):
        lines.pop()
    if not lines:
        return None
    (first, header), *rest = lines
    if first > 1 or not any(cell.strip() for cell in header):
        while rest and not any(cell.strip() for cell in header):
            (first, header), *rest = rest
    return Grid(header, rest)


def _delimiter(text: str, table: Table) -> str:
    """The separator under which most column names of the first line are known."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    known = set(table.by_name)

    def hits(delimiter: str) -> tuple[int, int]:
        parts = [_column_name(part.strip().strip('"')) for part in first.split(delimiter)]
        return len(known & set(parts)), len(parts)

    return max(DELIMITERS, key=hits)


def _too_many() -> str:
    return f"The file has more than {MAX_ROWS} rows. Split it and import the parts one after the other."


# --- XLSX -------------------------------------------------------------------------------------------
def _read_workbook(reading: Reading, name: str, kind: str | None, content: bytes) -> None:
    _safe_archive(content)
    try:
        grids = list(_workbook_grids(content))
    except Unreadable:
        raise
    except Exception as fault:  # whatever a broken workbook makes of the reader
        raise Unreadable(
            "The workbook cannot be opened: it is damaged or protected by a password. Save it "
            "again as XLSX, or as CSV UTF-8."
        ) from fault
    filled = [(title, grid) for title, grid in grids if grid is not None]
    if not filled:
        raise Unreadable("The workbook is empty. Send it with its header, or leave it out.")
    if kind is not None:
        named = [g for t, g in filled if _kind(t) == kind]
        others = [t for t, _ in filled if _kind(t) != kind]
        grid = named[0] if named else filled[0][1]
        for title in others if named else [t for t, _ in filled[1:]]:
            reading.warn(
                name, 1, WHOLE_FILE,
                f"The sheet “{shown(title)}” was not read: the file is called {kind}.",
            )  # fmt: skip
        _take(reading, Sheet(name, BY_KIND[kind]), grid)
        return
    known = [(t, _kind(t), g) for t, g in filled if _kind(t)]
    if not known:
        raise Unreadable(_unknown_name(name.rpartition(".")[0]))
    for title, _ in filled:
        if _kind(title) is None:
            reading.warn(
                name, 1, WHOLE_FILE,
                f"The sheet “{shown(title)}” was not read. Sheets are called "
                f"{wording.listing([t.kind for t in TABLES])}.",
            )  # fmt: skip
    for title, of_kind, grid in known:
        _take(reading, Sheet(f"{name} ({shown(title)})", BY_KIND[str(of_kind)]), grid)


def _safe_archive(content: bytes) -> None:
    """Refuse what is no workbook, or unpacks into more than it should. No part is taken at its word."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS:
                raise Unreadable("The workbook has too many parts. Save the sheets as CSV UTF-8.")
            left = MAX_UNPACKED
            for part in parts:
                with archive.open(part) as stream:
                    data = stream.read(left + 1)
                left -= len(data)
                if left < 0:
                    raise Unreadable(
                        f"The workbook unpacks to more than {MAX_UNPACKED // 1024 // 1024} MB. "
                        "Keep only the tables in it, or save them as CSV UTF-8."
                    )
                is_xml = part.filename.endswith((".xml", ".rels"))
                # In UTF-16 every other byte is NUL.
                if is_xml and re.search(rb"<!\s*(DOCTYPE|ENTITY)", data.replace(b"\0", b"")):
                    raise Unreadable("The workbook holds definitions that no spreadsheet writes.")
    except Unreadable:
        raise
    except Exception as fault:
        raise Unreadable(
            "This is not a workbook, or it is protected by a password. Save it again as XLSX, or "
            "as CSV UTF-8."
        ) from fault


def _workbook_grids(content: bytes) -> Iterator[tuple[str, Grid | None]]:
    """Each sheet with its title; None for an empty one."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
    together = 0
    try:
        for sheet in book.worksheets:
            lines: list[tuple[int, list[str]]] = []
            for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), start=1):
                if number > MAX_ROWS + 1:
                    raise Unreadable(_too_many(), number)
                together += 1
                if together > MAX_ROWS_TOGETHER:
                    raise Unreadable(
                        "The sheets have more rows than can be read at once. Save them as CSV UTF-8."
                    )
                lines.append((number, [_as_text(c.value, c.data_type) for c in cells]))
            while lines and not any(lines[-1][1]):
                lines.pop()
            while lines and not any(lines[0][1]):
                lines.pop(0)
            if not lines:
                yield sheet.title, None
                continue
            (_, header), *rest = lines
            width = max((i + 1 for i, cell in enumerate(header) if cell.strip()), default=0)
            yield (
                sheet.title,
                Grid(
                    header[:width],
                    [
                        (n, cells[:width] + [c for c in cells[width:] if c.strip()])
                        for n, cells in rest
                    ],
                ),
            )
    finally:
        book.close()


def _as_text(value: Any, data_type: str = "") -> str:
    """A cell as one would type it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        whole = value.time() == time()
        return value.date().isoformat() if whole else value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


# --- rows -------------------------------------------------------------------------------------------
def _column_name(text: str) -> str:
    return re.sub(r"[\s_\-]+", "_", text.strip().lower()).strip("_")


def _take(reading: Reading, sheet: Sheet, grid: Grid) -> None:
    """The rows of a grid under its header, each cell told of that cannot be text."""
    reading.sheets.append(sheet)
    places = _places(reading, sheet, grid.header)
    if places is None:
        return
    start, empty = len(reading.findings), 0
    for line, cells in grid.lines:
        if not any(cell.strip() for cell in cells):
            empty += 1
            if empty <= 20:
                reading.warn(sheet.file, line, WHOLE_ROW, "This row is empty. It was left out.")
            continue
        row = Row(sheet.file, line, sheet.table, {})
        sheet.rows.append(row)
        extra = [cell for cell in cells[len(grid.header) :] if cell.strip()]
        if extra:
            row.wrong = True
            reading.fault(
                sheet.file, line, WHOLE_ROW,
                f"The row has {wording.count(len(cells), 'cell')}, the header "
                f"{len(grid.header)}. Put a cell that holds a comma in quotation marks.",
            )  # fmt: skip
        elif len(cells) < len(grid.header):
            row.wrong = True
            reading.fault(
                sheet.file, line, WHOLE_ROW,
                f"The row ends early: it has {wording.count(len(cells), 'cell')}, the header "
                f"{len(grid.header)}. Complete it.",
            )  # fmt: skip
        for name, place in places.items():
            text = cells[place] if place < len(cells) else ""
            fault, kept = _clean(text)
            row.cells[name] = kept
            if fault:
                row.wrong = True
                row.bad.add(name)
                reading.fault(sheet.file, line, name, fault)
        _parse(reading, row)
        if len(reading.findings) - start > MAX_FINDINGS:
            reading.fault(
                sheet.file, line, WHOLE_FILE,
                f"There are more than {MAX_FINDINGS} things to mend up to here, so the rest was not "
                "read. Mend these first.",
            )  # fmt: skip
            break


def _places(reading: Reading, sheet: Sheet, header: list[str]) -> dict[str, int] | None:
    """Which column stands where; None when rows cannot be read without one that is missing."""
    file, columns = sheet.file, sheet.table.by_name
    places: dict[str, int] = {}
    unknown: list[str] = []
    for place, cell in enumerate(header[:MAX_COLUMNS]):
        name = _column_name(_clean(cell)[1])
        if name not in columns:
            if name:
                unknown.append(name)
        elif name in places:
            reading.fault(file, 1, name, "This column is there twice. Keep one of the two.")
        else:
            places[name] = place
    missing = [c.name for c in columns.values() if c.required and c.name not in places]
    free = [name for name in columns if name not in places]
    for name in unknown:
        near = get_close_matches(name, free, n=1, cutoff=0.6)
        meant = f" Rename it to {near[0]} if that is what it holds." if near else ""
        reading.warn(
            file, 1, shown(name), f"No column of that name is known, so it was not read.{meant}"
        )
    for name in missing:
        reading.fault(
            file, 1, name,
            f"This column is missing. Add it to the header; it holds: "
            f"{columns[name].words or name.replace('_', ' ')}.",
        )  # fmt: skip
    return None if missing else places


def _clean(text: str) -> tuple[str, str]:
    """What is wrong with a cell as text ('' for nothing), and its text."""
    fault = ""
    broken = next((c for c in text if "\udc80" <= c <= "\udcff"), None)
    if broken is not None:
        raw = text.encode("utf-8", errors="surrogateescape")
        text = raw.decode("cp1252", errors="replace")
        fault = (
            f"This cell is not UTF-8 (byte 0x{ord(broken) - 0xDC00:02X}). It may mean "
            f"“{shown(text)}”. Save the file as CSV UTF-8 and check the letters with accents."
        )
    if "\x00" in text:
        text = text.replace("\x00", "")
        fault = "This cell holds a NUL character, which is no text. Type it again."
    if len(text) > MAX_CELL:
        text = text[:MAX_CELL]
        fault = f"This cell holds more than {MAX_CELL} characters. Shorten it."
    if text.strip().startswith("#") and text.strip() in {
        "#N/A",
        "#REF!",
        "#VALUE!",
        "#NAME?",
        "#DIV/0!",
    }:
        fault = f"This cell holds the spreadsheet's fault {text.strip()}. Write the value itself."
    text = text.strip(" \t\r\n\u00a0\ufeff")
    # Spreadsheets guard a text that looks like a formula with an apostrophe.
    if text[:1] == "'" and text[1:2] in {"=", "+", "-", "@"}:
        text = text[1:]
    return fault, text


def _parse(reading: Reading, row: Row) -> None:
    """Each cell to its value."""
    from phpsupport.importing.cells import Bad

    for column in row.table.columns:
        text = row.cells.get(column.name, "")
        if column.name in row.bad:
            continue
        if not text:
            if column.required:
                row.wrong = True
                row.bad.add(column.name)
                told = f" It holds: {column.words}." if column.words else ""
                reading.fault(row.file, row.line, column.name, f"This cell is empty.{told}")
            continue
        try:
            row.values[column.name] = column.parse(text)
        except Bad as no:
            row.wrong = True
            row.bad.add(column.name)
            reading.fault(row.file, row.line, column.name, str(no))


# --- the same table twice ---------------------------------------------------------------------------
def _one_of_each(reading: Reading) -> None:
    """Two files of one table: with the same rows the second is left out, else it is a fault."""
    kept: dict[str, Sheet] = {}
    for sheet in list(reading.sheets):
        first = kept.setdefault(sheet.table.kind, sheet)
        if first is sheet:
            continue
        reading.sheets.remove(sheet)
        reading.findings = [f for f in reading.findings if f.file != sheet.file]
        mine, other = _told(sheet), _told(first)
        if mine == other:
            reading.notes.append(
                f"{sheet.file} holds the same rows as {first.file} and was left out."
            )
            continue
        place = next((i for i, (a, b) in enumerate(zip(mine, other, strict=False)) if a != b), None)
        if place is None:
            place = min(len(mine), len(other))
        line = sheet.rows[place].line if place < len(sheet.rows) else 1
        reading.fault(
            sheet.file, line, WHOLE_FILE,
            f"{first.file} is here too, and the two differ from this row on. Send one of them.",
        )  # fmt: skip


def _told(sheet: Sheet) -> list[dict[str, str]]:
    return [{k: v for k, v in row.cells.items() if v} for row in sheet.rows]
