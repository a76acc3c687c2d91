"""Seals: by key, by purpose, over every character."""

from typing import Any

import pytest

from phpsupport.lib import env, sealing

ONE, OTHER = b"1" * 32, b"2" * 32


@pytest.fixture(autouse=True)
def _keys(settings: Any) -> None:
    settings.SEAL_KEYS, settings.DIGEST_KEY = {}, ONE


def test_a_seal_holds_for_its_text_and_purpose_alone() -> None:
    made = sealing.seal("text", "note")
    assert sealing.holds(made, "text", "note")
    assert not sealing.holds(made, "Text", "note")
    assert not sealing.holds(made, "text", "void")
    assert not sealing.holds("", "text", "note")
    assert sealing.seal("b", "a") != sealing.seal("\0b", "a")
    # The same bytes never give what looks up an e-mail address.
    from phpsupport.lib.encryption import digest

    assert sealing.seal("text", "email") != digest("text", "email")


def test_the_first_key_seals_and_all_of_them_prove(settings: Any) -> None:
    old = sealing.seal("text", "note")
    settings.SEAL_KEYS = {"new": OTHER}
    new = sealing.seal("text", "note")
    assert new != old
    assert sealing.holds(old, "text", "note")
    assert sealing.holds(new, "text", "note")
    settings.SEAL_KEYS = {"old": ONE}
    settings.DIGEST_KEY = OTHER
    assert sealing.holds(old, "text", "note")
    settings.SEAL_KEYS = {}
    assert not sealing.holds(old, "text", "note")


def test_the_ring_may_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEAL_KEYS", raising=False)
    assert env.keys("SEAL_KEYS", optional=True) == {}
    monkeypatch.setenv("SEAL_KEYS", "a:bm90IDMyIGJ5dGVz")
    with pytest.raises(Exception, match="SEAL_KEYS needs keys of 32 bytes"):
        env.keys("SEAL_KEYS", optional=True)
