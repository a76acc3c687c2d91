"""Addresses and numbers as they are kept and shown."""

import pytest

from participants.reaching import (
    clean_email,
    clean_phone,
    masked_email,
    masked_phone,
    shown_phone,
)
from phpsupport.lib.errors import Refused


@pytest.mark.parametrize(
    ("typed", "kept", "shown"),
    [
        ("(555) 555-0120", "+15555550120", "(555) 555-0120"),
        ("207.555.0100 x12", "+12075550100 ext. 12", "(207) 555-0100 ext. 12"),
        (" 1-207-555-0100 ", "+12075550100", "(207) 555-0100"),
        ("+44 20 7946 0018", "+442079460018", "+44 20 7946 0018"),
        ("", "", ""),
    ],
)
def test_a_number_is_kept_one_way(typed: str, kept: str, shown: str) -> None:
    assert clean_phone(typed) == kept
    assert clean_phone(kept) == kept
    assert shown_phone(kept) == shown


@pytest.mark.parametrize("typed", ["0", "911", "555-0120", "five", "+999 123", "2" * 30, "=1+1"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        clean_phone(typed)
    assert refused.value.field == "phone"


def test_addresses() -> None:
    assert clean_email(" a@b.example ") == "a@b.example"
    for typed in ("a@b", "a b c", "@", "a@b@c.example"):
        with pytest.raises(Refused):
            clean_email(typed)


def test_masks_tell_little() -> None:
    assert masked_email("marisol@mail.example") == "m•••@mail.example"
    assert masked_phone("+12075550147 ext. 99") == "number ending in 47"
    assert masked_email("") == masked_phone("") == ""
