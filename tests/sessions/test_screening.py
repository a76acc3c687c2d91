"""Whose names stand in a text."""

from uuid import uuid4

import pytest

from sessions.screening import Named, names_in

MARISOL = Named(uuid4(), "Marisol R.", "Marisol", "Rivera")
TUAN = Named(uuid4(), "Tuấn N.", "Tuấn", "Nguyễn")
WILL = Named(uuid4(), "Will B.", "William", "Baker", "Will")
INES = Named(uuid4(), "Ines C.", "Ines María", "de la Cruz")
TWIN = Named(uuid4(), "Marisol D.", "Marisol", "Duran")
ALL = [MARISOL, TUAN, WILL, INES, TWIN]


def found(text: str, part: Named | None = None, people: list[Named] = ALL) -> list[str]:
    return [f.found for f in names_in(text, people, part=part.participant_id if part else None)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Tuan spoke first.", ["Tuan"]),
        ("TUẤN spoke first.", ["TUẤN"]),
        ("It was Tua\u0302\u0301n’s turn.", ["Tuấn"]),
        ("He will come back.", []),
        ("Will comes back.", ["Will"]),
        ("We thanked William Baker.", ["William Baker"]),
        ("The bakery opens.", []),
        ("Mrs. de la Cruz and ines maría", ["de la Cruz"]),
        ("Nguyễn and Tuấn", ["Nguyễn"]),  # one finding per person
        ("", []),
        ("Everybody named one good thing.", []),
    ],
)
def test_names_in_the_group_note(text: str, names: list[str]) -> None:
    assert found(text) == names


def test_ones_own_name_is_no_finding_and_a_shared_one_neither() -> None:
    assert found("Marisol offered to open.", MARISOL) == []
    assert found("Marisol Duran offered to open.", MARISOL) == ["Marisol Duran"]
    assert found("Marisol sat with Tuấn.", MARISOL) == ["Tuấn"]


def test_a_name_in_a_script_without_capitals() -> None:
    li = Named(uuid4(), "伟", "伟", "")
    assert names_in("伟 came.", [li], part=None) == []  # one sign alone is too common a word
    mei = Named(uuid4(), "美玲", "美玲", "")
    assert [f.found for f in names_in("美玲 came.", [mei], part=None)] == ["美玲"]


def test_the_key_names_part_and_person_once() -> None:
    findings = names_in("Will and Baker and Will.", ALL, part=TUAN.participant_id)
    assert [f.key for f in findings] == [f"{TUAN.participant_id}:{WILL.participant_id}"]
