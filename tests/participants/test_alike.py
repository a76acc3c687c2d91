"""Two names that may be one person's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from participants.alike import Called, alike, answers_to, near, slips

LIKE = [
    (("Tuấn", "Nguyễn"), ("Tuan", "Nguyen")),
    (("Tuấn", "Nguyễn"), ("Nguyễn", "Tuấn")),
    (("Marisol", "Rivera"), ("Marisol", "Rivera")),
    (("Marisol", "Rivera"), ("Marislo", "Rivera")),
    (("Marisol", "Rivera"), ("Marisol", "Riviera")),
    (("Katherine", "O'Brien"), ("Katharine", "OBrien")),
    (("William", "Park", "Will"), ("Will", "Park")),
    (("Robert", "Diaz", "", "Bob, Bobby"), ("Bobby", "Díaz")),
    (("Ana", "García López"), ("Ana", "García")),
    (("Ana", "García-López"), ("Ana", "Lopez")),
    (("Luz", "de la Cruz"), ("Luz", "Cruz")),
    (("Anna Maria", "Kowalski"), ("Anna", "Kowalska")),
    (("Lakshmi", ""), ("Lakshmi", "Rao")),
    (("Łukasz", "Nowak"), ("Lukasz", "Nowak")),
]
UNLIKE = [
    (("Ana", "Silva"), ("Ada", "Silva")),
    (("Marisol", "Rivera"), ("Marisol", "Kowalski")),
    (("Bea", "Rivera"), ("Marisol", "Rivera")),
    (("Jon", "Li"), ("Jan", "Li")),
    (("Robert", "Diaz"), ("Bobby", "Diaz")),
    (("Lakshmi", ""), ("Priya", "Rao")),
    (("", ""), ("Priya", "Rao")),
]


@pytest.mark.parametrize(("one", "other"), LIKE)
def test_alike(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert alike(Called(*one), Called(*other))
    assert alike(Called(*other), Called(*one))


@pytest.mark.parametrize(("one", "other"), UNLIKE)
def test_not_alike(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert not alike(Called(*one), Called(*other))
    assert not alike(Called(*other), Called(*one))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("tuan", True), ("nguyen tuan", True), ("Tuán Nguyen", True), ("ngyuen", True),
        ("txn", False), ("junior", True), ("marisol", False), ("tuan rivera", False), ("", False),
        ("  ", False), ("!!", False),
    ],
)  # fmt: skip
def test_who_is_meant(words: str, found: bool) -> None:
    assert answers_to(Called("Tuấn", "Nguyễn", "", "Junior"), words) is found


@pytest.mark.parametrize(
    ("one", "other", "many"),
    [("maria", "maria", 0), ("maria", "mario", 1), ("maria", "mraia", 1), ("maria", "mari", 1),
     ("maria", "marian", 1), ("maria", "amaria", 1), ("maria", "morio", 2), ("maria", "bob", 3)],
)  # fmt: skip
def test_slips_of_the_pen(one: str, other: str, many: int) -> None:
    assert slips(one, other) == slips(other, one) == many


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=30))
def test_everybody_is_like_themselves(first: str, last: str, others: str) -> None:
    person = Called(first, last, "", others)
    assert alike(person, person) or not person.words
    assert near(first, first)
