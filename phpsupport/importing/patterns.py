"""The empty template and the sample set: what is shipped, and how the template is made.

python -m phpsupport.importing.patterns     writes samples/template and samples/sample/program.xlsx
"""

import csv
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from phpsupport.importing.columns import TABLES, Table
from phpsupport.importing.report import harmless

SAMPLES: Final = Path(__file__).parent / "samples"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
WIDTH: Final = 18


def shipped(folder: str, name: str) -> bytes:
    """A file of the sample set or of the template."""
    return (SAMPLES / folder / name).read_bytes()


def zipped(folder: str, suffix: str) -> bytes:
    """The files of a folder as one archive, the same bytes each time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((SAMPLES / folder).glob(f"*{suffix}")):
            part = zipfile.ZipInfo(path.name, LONG_AGO)
            part.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(part, path.read_bytes())
    return out.getvalue()


def empty_csv(table: Table) -> bytes:
    """The header of a table, with the mark by which a spreadsheet knows UTF-8."""
    out = io.StringIO()
    csv.writer(out).writerow([harmless(c.name) for c in table.columns])
    return ("\ufeff" + out.getvalue()).encode()


def workbook(tables: Iterable[tuple[Table, list[list[str]]]]) -> bytes:
    """One sheet per table; every cell is text, so that a spreadsheet turns nothing into something."""
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for table, rows in tables:
        sheet = book.create_sheet(table.kind)
        for number, column in enumerate(table.columns, start=1):
            cell = sheet.cell(1, number, column.name)
            cell.font = Font(bold=True)
            told = column.words or column.name.replace("_", " ")
            cell.comment = Comment(told if column.required else f"{told} (optional)", "phpsupport")
            sheet.column_dimensions[get_column_letter(number)].width = WIDTH
            sheet.column_dimensions[get_column_letter(number)].number_format = "@"
        for at, row in enumerate(rows, start=2):
            for number, text in enumerate(row, start=1):
                cell = sheet.cell(at, number, harmless(text) or None)
                cell.number_format = "@"
        sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _rows(table: Table) -> list[list[str]]:
    text = shipped("sample", f"{table.kind}.csv").decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))[1:]


def make() -> None:
    """Write what is made from the description of the columns."""
    template = SAMPLES / "template"
    template.mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        (template / f"{table.kind}.csv").write_bytes(empty_csv(table))
    (template / "program.xlsx").write_bytes(workbook((table, []) for table in TABLES))
    book = workbook((table, _rows(table)) for table in TABLES)
    (SAMPLES / "sample" / "program.xlsx").write_bytes(book)


if __name__ == "__main__":
    make()
