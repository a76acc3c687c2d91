"""A participant's record as a file: JSON of a documented shape, or a tagged PDF typeset by typst.

The PDF says the same as the JSON. See docs/record-file.md and record_file.schema.json.
"""

import json
from pathlib import Path
from typing import Any, Final, Literal

import typst
from django.conf import settings

from participants.consenting import in_words
from participants.models import GoalState
from sessions.models import AbsenceReason, Participation, SafetyAct, Status
from sessions.queries.export import ANOTHER

FORMAT: Final = "phpsupport-record"
VERSION: Final = 1
SCHEMA: Final = Path(__file__).parent / "record_file.schema.json"
TEMPLATE: Final = "templates/sessions/export/record.typ"
FONTS: Final = "static/fonts"
CONTENT_TYPES: Final = {"pdf": "application/pdf", "json": "application/json"}


def file_of(record: dict[str, Any], kind: str) -> bytes:
    """The file. The same record gives the same bytes."""
    if kind == "json":
        return json.dumps(record, ensure_ascii=False, indent=2).encode()
    try:
        return _typeset(record, "ua-1")
    except typst.TypstError:  # a script for which there are no letters: tagged all the same
        return _typeset(record, None)


def _typeset(record: dict[str, Any], standard: Literal["ua-1"] | None) -> bytes:
    root = Path(settings.BASE_DIR)
    labels = {
        "status": dict(Status.choices),
        "reason": dict(AbsenceReason.choices),
        "participation": dict(Participation.choices),
        "goal": dict(GoalState.choices),
        "act": dict(SafetyAct.choices),
        "parts": in_words(record["parts"]),
        "another": ANOTHER,
    }
    return typst.compile(
        str(root / TEMPLATE),
        root=str(root),
        font_paths=[str(root / FONTS)],
        sys_inputs={"record": json.dumps(record), "labels": json.dumps(labels, default=str)},
        format="pdf",
        pdf_standards=standard,
    )
