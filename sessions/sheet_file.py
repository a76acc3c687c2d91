"""The sign-in sheet as a PDF: typeset by typst, tagged for screen readers."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final, Literal

import typst
from django.conf import settings

from sessions.queries.sheet import Sheet

TEMPLATE: Final = "templates/sessions/sheet/sheet.typ"
FONTS: Final = "static/fonts"


def sheet_file(sheet: Sheet) -> bytes:
    """The sheet as a PDF/UA-1 file. What it says goes in as data, never into the markup.

    A name in a script for which this machine has no letters cannot be in a PDF/UA file; the sheet
    is then a tagged PDF all the same, with a box for each letter.
    """
    try:
        return _made(sheet, "ua-1")
    except typst.TypstError:
        return _made(sheet, None)


def _made(sheet: Sheet, standard: Literal["ua-1"] | None) -> bytes:
    root = Path(settings.BASE_DIR)
    return typst.compile(
        str(root / TEMPLATE),
        root=str(root),
        font_paths=[str(root / FONTS)],
        sys_inputs={"sheet": json.dumps(asdict(sheet))},
        format="pdf",
        pdf_standards=standard,
    )
