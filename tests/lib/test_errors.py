"""A refusal is one sentence that a form can show beside the right field."""

import pickle

import pytest
from django import forms
from django.core.exceptions import ValidationError

from phpsupport.lib.errors import Refused


class _Form(forms.Form):
    ends = forms.CharField(required=False)


def test_a_refusal_carries_its_sentence_field_and_code() -> None:
    refusal = Refused("Choose a later end.", field="ends", code="backwards")
    assert (refusal.sentence, refusal.field, refusal.code) == (
        "Choose a later end.",
        "ends",
        "backwards",
    )
    assert str(refusal) == "Choose a later end."
    assert refusal.messages == ["Choose a later end."]
    assert isinstance(refusal, ValidationError)


@pytest.mark.parametrize(
    ("field", "place"), [("ends", "ends"), ("room", "__all__"), (None, "__all__")]
)
def test_it_stands_beside_its_field_or_on_top(field: str | None, place: str) -> None:
    form = _Form({})
    form.is_valid()
    Refused("Choose a later end.", field=field).add_to(form)
    assert form.errors[place] == ["Choose a later end."]


def test_a_sentence_with_percent_signs_is_shown_as_written() -> None:
    assert Refused("The group is 100 % full.").messages == ["The group is 100 % full."]


def test_it_survives_a_process_boundary() -> None:
    copy = pickle.loads(pickle.dumps(Refused("No.", field="a", code="b")))  # noqa: S301
    assert (copy.sentence, copy.field, copy.code) == ("No.", "a", "b")


def test_an_empty_refusal_is_a_programming_fault() -> None:
    with pytest.raises(ValueError, match="sentence"):
        Refused("  ")
