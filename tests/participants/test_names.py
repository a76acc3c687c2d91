"""Names as they are shown: no surname to other participants, and every name as its owner writes it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from participants.names import (
    UNNAMED,
    clean_name,
    display_name,
    display_sort_key,
    full_name,
    initials,
    listed_name,
    sort_key,
    spoken,
    spoken_ways,
    told_apart,
)


@pytest.mark.parametrize(
    ("first", "last", "preferred", "shown"),
    [
        ("Maria", "Rivera", "Marisol", "Marisol R."),
        ("Brian", "Romero", "", "Brian R."),
        ("Brian", "Romero", "   ", "Brian R."),
        ("Sean", "O'Brien", "", "Sean O."),
        ("Sean", "o’brien", "", "Sean O."),
        ("Gabriele", "d'Angelo", "", "Gabriele A."),
        ("Ana", "de la Cruz", "", "Ana C."),
        ("Ana", "De La Cruz", "", "Ana D."),
        ("Ngoc", "van", "", "Ngoc V."),
        ("Zoë", "Álvarez", "", "Zoë Á."),
        ("Zoë", "A\u0301lvarez", "", "Zoë Á."),
        ("Jean-Luc", "Saint-Just", "", "Jean-Luc S."),
        ("Nguyễn", "Minh", "", "Nguyễn M."),
        ("Sukarno", "", "", "Sukarno"),
        ("", "Sukarno", "", "Sukarno"),
        ("", "Rivera", "Mari", "Mari R."),
        ("Wang", "小明", "", "Wang 小."),
        ("Karl", "ßen", "", "Karl S."),
        ("Ann", "-", "", "Ann"),
        ("", "", "", UNNAMED),
    ],
)
def test_what_others_see(first: str, last: str, preferred: str, shown: str) -> None:
    assert display_name(first, last, preferred) == shown


names = st.text(
    st.characters(codec="utf-8", categories=["Lu", "Ll", "Lo", "Zs"], include_characters="'-"),
    min_size=3,
    max_size=12,
)


@given(names, names)
def test_others_never_see_more_than_one_letter_of_a_surname(first: str, last: str) -> None:
    called = clean_name(first)
    if not called:
        return
    shown = display_name(first, last)
    rest = shown.removeprefix(called).strip().removesuffix(".")
    assert sum(c.isalpha() for c in unicodedata.normalize("NFC", rest)) <= 1


@pytest.mark.parametrize(
    ("first", "last", "preferred", "shown"),
    [
        ("Brian", "Romero", "Benjamin", "Brian “Benjamin” Romero"),
        ("Kate", "Barrett", "Kate", "Kate Barrett"),
        ("Kate", "Barrett", "kate ", "Kate Barrett"),
        ("", "Barrett", "Kate", "Kate Barrett"),
        ("Sukarno", "", "", "Sukarno"),
        ("", "", "", UNNAMED),
    ],
)
def test_what_staff_see(first: str, last: str, preferred: str, shown: str) -> None:
    assert full_name(first, last, preferred) == shown


def test_the_family_name_stands_first_where_it_is_said() -> None:
    assert full_name("Thị Minh", "Nguyễn", family_first=True) == "Nguyễn Thị Minh"
    assert listed_name("Brian", "Romero", "Benjamin") == "Romero, Brian “Benjamin”"
    assert listed_name("Sukarno", "") == "Sukarno"
    assert listed_name("", "Sukarno") == "Sukarno"


@pytest.mark.parametrize(
    ("first", "last", "preferred", "letters"),
    [
        ("Maria", "Rivera", "Émile", "ÉR"),
        ("Sean", "O'Brien", "", "SO"),
        ("Ana", "de la Cruz", "", "AC"),
        ("Sukarno", "", "", "S"),
        ("", "", "", "?"),
        ("'Asa", "'Umar", "", "AU"),
    ],
)
def test_initials_for_a_face(first: str, last: str, preferred: str, letters: str) -> None:
    assert initials(first, last, preferred) == letters


def test_a_list_is_in_the_order_people_look() -> None:
    people = [
        ("Ben", "Zimmer"),
        ("Ana", "de la Cruz"),
        ("Lars", "Østergaard"),
        ("Sean", "OBrien"),
        ("Ann", "O'Brien"),
        ("Zoë", "Álvarez"),
        ("Bea", "Alvarez"),
        ("Dua", ""),
        ("Omar", "Obregon"),
        ("Wu", "smith-Jones"),
        ("Xi", "Smith"),
    ]
    assert [
        f"{first} {last}".strip() for first, last in sorted(people, key=lambda p: sort_key(*p))
    ] == [
        "Bea Alvarez",
        "Zoë Álvarez",
        "Ana de la Cruz",
        "Dua",
        "Omar Obregon",
        "Ann O'Brien",
        "Sean OBrien",
        "Lars Østergaard",
        "Xi Smith",
        "Wu smith-Jones",
        "Ben Zimmer",
    ]


def test_the_order_of_shown_names_tells_nothing_of_the_surname() -> None:
    people = [("Ann", "Rz"), ("Ann", "Ra")]
    assert display_sort_key(*people[0]) == display_sort_key(*people[1])


def test_names_are_cleaned_without_being_corrected() -> None:
    assert clean_name("  Mc  Donald\t") == "Mc Donald"
    assert clean_name("Jose\u0301") == "José"
    assert clean_name("evil\u202ename\x00\ufeff") == "evilname"
    assert clean_name("می\u200cخواهم") == "می\u200cخواهم"


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean_name(text)
    assert clean_name(once) == once
    assert "\x00" not in once


def test_two_that_read_the_same_show_as_few_letters_as_tell_them_apart() -> None:
    people = [
        ("Marisol", "Rivera", ""), ("Marisol", "Romero", ""), ("Bea", "Kohl", ""), ("Bea", "Kowalski", ""),
        ("Tuấn", "Nguyễn", ""),
    ]  # fmt: skip
    assert told_apart(people) == ["Marisol Ri.", "Marisol Ro.", "Bea Koh.", "Bea Kow.", "Tuấn N."]


def test_never_more_than_three_letters_of_a_surname() -> None:
    people = [
        ("Ann", "Christie", ""),
        ("Ann", "Christophers", ""),
        ("Ann", "", ""),
        ("Ann", "", ""),
    ]
    assert told_apart(people) == ["Ann Chr.", "Ann Chr.", "Ann", "Ann"]


@given(
    st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8)), max_size=5)
)
def test_telling_apart_names_everybody_once(people: list[tuple[str, str, str]]) -> None:
    shown = told_apart(people)
    assert len(shown) == len(people)
    assert all(shown)


def test_the_ways_in_which_people_say_who_they_are() -> None:
    ways = spoken_ways("Mary Ann", "de la Cruz", "Mia")
    for said in [
        ("Mary Ann", "D"),
        ("mary", "c"),
        ("MIA", "c."),
        ("Mia", "de la Cruz"),
        ("mía", "D"),
    ]:
        assert spoken(*said) in ways, said
    for said in [("Mary Ann", ""), ("Ann", "C"), ("Mia", "M"), ("", "C"), ("", "")]:
        assert spoken(*said) not in ways, said
    assert spoken("Suharto", "") in spoken_ways("", "Suharto")


@given(st.text(max_size=12), st.text(max_size=12))
def test_what_a_person_is_called_is_always_a_way_to_say_it(first: str, last: str) -> None:
    if clean_name(first):
        assert spoken(first, clean_name(last)) in spoken_ways(first, last)
