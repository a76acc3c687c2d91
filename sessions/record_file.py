"""A participant's record as a file: JSON of a documented shape, or a tagged PDF typeset by typst.

The PDF says the same as the JSON. See docs/record-file.md and record_file.schema.json.
"""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal

import typst
from django.conf import settings

from participants.consenting import in_words
from participants.models import GoalState
from participants.queries.sharing import moment
from phpsupport.lib.wording import date_in_full, day
from sessions.models import AbsenceReason, Participation, SafetyAct, Status
from sessions.queries.screened import ANOTHER

FORMAT: Final = "phpsupport-record"
VERSION: Final = 1
SCHEMA: Final = Path(__file__).parent / "record_file.schema.json"
TEMPLATE: Final = "templates/sessions/export/record.typ"
FONTS: Final = "static/fonts"
_DAYS: Final = {"date", "signed_on", "named_on", "state_on"}
_SPAN: Final = {"since", "until"}
_INSTANTS: Final = {"at", "starts_at", "ends_at", "raised_at", "acknowledged_at", "closed_at"}
CONTENT_TYPES: Final = {"pdf": "application/pdf", "json": "application/json"}


def file_of(record: dict[str, Any], kind: str) -> bytes:
    """The file. The same record gives the same bytes."""
    if kind == "json":
        return json.dumps(record, ensure_ascii=False, indent=2).encode()
    try:
        return _typeset(record, "ua-1")
    except typst.TypstError:  # a script for which there are no letters: tagged all the same
        return _typeset(record, None)


def printed(record: dict[str, Any]) -> dict[str, Any]:
    """The record with its days and times in words, at the site's clock; otherwise the same."""
    said: dict[str, Any] = _in_words(record, record["made"]["time_zone"])
    return said


def _in_words(part: Any, zone: str) -> Any:
    if isinstance(part, list):
        return [_in_words(one, zone) for one in part]
    if not isinstance(part, dict):
        return part
    told = {name: _in_words(value, zone) for name, value in part.items()}
    for name, value in part.items():
        if not value or not isinstance(value, str):
            continue
        if name in _DAYS or part.keys() == _SPAN:
            told[name] = day(date.fromisoformat(value), year=True)
        elif name in _INSTANTS:
            told[name] = moment(datetime.fromisoformat(value), zone)
        elif name == "date_of_birth":
            told[name] = date_in_full(date.fromisoformat(value))
    return told


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
        sys_inputs={
            "record": json.dumps(printed(record)),
            "labels": json.dumps(labels, default=str),
        },
        format="pdf",
        pdf_standards=standard,
    )
