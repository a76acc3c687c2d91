"""The ring: what it writes it reads, and it never answers an unreadable value with nothing."""

import base64

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from phpsupport.lib import encryption
from phpsupport.lib.encryption import KeyRing, Undecipherable, UnknownKey, digest

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
BEFORE = KeyRing({"2025a": OLD})
AFTER = KeyRing({"2026a": NEW, "2025a": OLD})
COLUMN = "participants.contact.phone"
texts = st.text(st.characters(codec="utf-8"))


@given(texts)
def test_what_is_written_is_read(text: str) -> None:
    assert AFTER.decrypt(AFTER.encrypt(text, COLUMN), COLUMN) == text


@given(texts.filter(bool))
def test_the_token_is_ascii_names_its_key_and_differs_each_time(text: str) -> None:
    first, second = AFTER.encrypt(text, COLUMN), AFTER.encrypt(text, COLUMN)
    assert first != second
    assert first.isascii()
    assert first.startswith("enc1:2026a:")
    assert encryption.key_id_of(first) == "2026a"


def test_an_empty_text_stays_one() -> None:
    assert AFTER.encrypt("", COLUMN) == ""
    assert AFTER.decrypt("", COLUMN) == ""
    assert AFTER.is_newest("")


@given(texts.filter(bool))
def test_rotation_keeps_the_text_and_is_safe_to_repeat(text: str) -> None:
    old = BEFORE.encrypt(text, COLUMN)
    assert not AFTER.is_newest(old)
    new = AFTER.reencrypt(old, COLUMN)
    assert encryption.key_id_of(new) == "2026a"
    assert AFTER.decrypt(new, COLUMN) == text
    assert AFTER.reencrypt(new, COLUMN) == new
    assert KeyRing({"2026a": NEW}).decrypt(new, COLUMN) == text


def test_a_key_whose_name_begins_alike_is_not_taken_for_the_newest() -> None:
    assert not KeyRing({"k": NEW, "k2": OLD}).is_newest(KeyRing({"k2": OLD}).encrypt("x", COLUMN))


def test_an_unknown_key_is_named_with_what_to_set() -> None:
    token = AFTER.encrypt("secret words", COLUMN)
    with pytest.raises(UnknownKey) as caught:
        BEFORE.decrypt(token, COLUMN)
    words = str(caught.value)
    assert caught.value.key_id == "2026a"
    assert all(part in words for part in ("'2026a'", "FIELD_KEYS", COLUMN, "2025a"))
    assert "secret" not in words


def test_a_value_moved_to_another_column_does_not_decrypt() -> None:
    token = AFTER.encrypt("555 0120", COLUMN)
    with pytest.raises(Undecipherable, match="another column"):
        AFTER.decrypt(token, "participants.contact.note")


def test_a_token_relabelled_with_another_key_does_not_decrypt() -> None:
    same_bytes = KeyRing({"a": OLD, "b": OLD})
    token = same_bytes.encrypt("x", COLUMN).replace("enc1:a:", "enc1:b:")
    with pytest.raises(Undecipherable):
        same_bytes.decrypt(token, COLUMN)


# Made once: each encryption differs, and the search for a counterexample must not.
TOKEN = AFTER.encrypt("the person's own words", COLUMN)


@given(st.data())
def test_every_altered_character_is_noticed(data: st.DataObject) -> None:
    body = TOKEN.removeprefix("enc1:2026a:")
    place = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.sampled_from("ABCDwxyz0189-_!= \n").filter(lambda c: c != body[place]))
    changed = "enc1:2026a:" + body[:place] + other + body[place + 1 :]
    with pytest.raises(Undecipherable):
        AFTER.decrypt(changed, COLUMN)


def test_the_spare_bits_of_the_last_character_are_no_second_spelling() -> None:
    token = AFTER.encrypt("one", COLUMN)  # 31 bytes: two spare bits before one "="
    assert token.endswith("=")
    place = token.index("=") - 1
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = alphabet[alphabet.index(token[place]) ^ 1]
    with pytest.raises(Undecipherable):
        AFTER.decrypt(token[:place] + other + token[place + 1 :], COLUMN)


@pytest.mark.parametrize(
    "stored",
    ["plain words", "enc1:2026a:", "enc1:2026a:AAAA", "enc2:2026a:" + "A" * 64, "enc1::AAAA", ":"],
)
def test_what_is_no_token_is_never_shown_and_never_empty(stored: str) -> None:
    with pytest.raises(Undecipherable) as caught:
        AFTER.decrypt(stored, COLUMN)
    assert "plain words" not in str(caught.value)


def test_half_a_character_is_refused_without_showing_the_text() -> None:
    with pytest.raises(ValueError, match="half a character") as caught:
        AFTER.encrypt("my words \ud800", COLUMN)
    assert "my words" not in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, "FIELD_KEYS is empty"),
        ({"a:b": OLD}, "named 'a:b'"),
        ({"": OLD}, "named ''"),
        ({"a": OLD[:31]}, "31 bytes"),
    ],
)
def test_a_faulty_ring_stops_the_start_with_an_example(keys: dict[str, bytes], words: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="for example FIELD_KEYS=") as caught:
        KeyRing(keys)
    assert words in str(caught.value)


def test_keys_are_not_in_the_rings_own_words() -> None:
    assert repr(OLD) not in repr(BEFORE)


def test_a_new_key_is_written_as_the_setting_takes_it() -> None:
    name, _, encoded = encryption.new_key("2027a").partition(":")
    assert name == "2027a"
    assert len(base64.b64decode(encoded, validate=True)) == 32
    assert encryption.new_key() != encryption.new_key()


def test_the_settings_ring_follows_the_settings(settings) -> None:
    settings.FIELD_KEYS = {"2025a": OLD}
    token = encryption.encrypt("x", COLUMN)
    settings.FIELD_KEYS = {"2026a": NEW, "2025a": OLD}
    assert encryption.decrypt(token, COLUMN) == "x"
    assert encryption.key_id_of(encryption.reencrypt(token, COLUMN)) == "2026a"
    settings.FIELD_KEYS = {"2026a": NEW}
    with pytest.raises(UnknownKey):
        encryption.decrypt(token, COLUMN)


@pytest.mark.parametrize(
    ("one", "two", "purpose"),
    [
        ("Ann@Mail.Example ", "ann@mail.example", "email"),
        ("(555) 555-0120", "+1 555 555 0120", "phone"),
        ("555.555.0120", "15555550120", "phone"),
        ("José  Díaz", "jose\u0301 di\u0301az", "name"),
    ],
)
def test_one_thing_written_in_two_ways_has_one_digest(one: str, two: str, purpose: str) -> None:
    assert digest(one, purpose) == digest(two, purpose)
    assert len(digest(one, purpose)) == encryption.DIGEST_LENGTH


def test_digests_differ_by_value_purpose_extension_and_key(settings) -> None:
    first = digest("ann@mail.example", "email")
    found = {
        first,
        digest("anna@mail.example", "email"),
        digest("ann@mail.example", "other"),
        digest("555 555 0120", "phone"),
        digest("555 555 0120 ext. 4", "phone"),
    }
    settings.DIGEST_KEY = NEW
    assert len(found | {digest("ann@mail.example", "email")}) == 6


@pytest.mark.parametrize("nothing", [None, "", "   "])
def test_nothing_has_no_digest(nothing: str | None) -> None:
    assert digest(nothing, "email") == ""


def test_a_missing_digest_key_is_named(settings) -> None:
    settings.DIGEST_KEY = b""
    with pytest.raises(ImproperlyConfigured, match="DIGEST_KEY="):
        digest("a@b.example", "email")
