"""Rows of several models in one statement."""

from typing import Any

import pytest
from django.db.models import Value

from participants.models import ContactPoint
from phpsupport.lib.mixed import mixed
from sessions.models import TextBlock
from tests.factories import make_participant, make_program

pytestmark = pytest.mark.django_db
NAMES = (
    "id", "words", "value", "mark",
    "participant_id", "participant__first_name", "owner_id", "owner__last_name",
)  # fmt: skip


def test_each_row_is_of_its_model_with_what_it_has(django_assert_num_queries: Any) -> None:
    program = make_program()
    person = make_participant(program, first_name="Bea")
    phone = person.contacts.create(kind="phone", value="555 0100")
    block = program.text_blocks.create(field="own_words", label="Said", words="Said: “…”")
    with django_assert_num_queries(1):
        found = {
            row.pk: row
            for row in mixed(
                NAMES,
                ContactPoint.objects.filter(participant=person, kind="phone"),
                TextBlock.objects.annotate(mark=Value(7)),
            )
        }
        first, second = found[phone.pk], found[block.pk]
        assert (type(first), type(second)) == (ContactPoint, TextBlock)
        assert (first.value, first.participant_id) == ("555 0100", person.pk)
        assert (first.participant.pk, first.participant.first_name) == (person.pk, "Bea")
        assert (second.words, second.mark, second.owner) == ("Said: “…”", 7, None)
    assert not hasattr(first, "words")
    assert "label" in second.get_deferred_fields()


def test_what_gives_no_rows_is_in_nobodys_way() -> None:
    program = make_program()
    block = program.text_blocks.create(field="own_words", label="Said", words="x")
    rows = (ContactPoint.objects.none(), ContactPoint.objects.filter(pk__in=[]))
    assert [row.pk for row in mixed(("id", "words", "value"), *rows, TextBlock.objects.all())] == [
        block.pk
    ]
    assert list(mixed(("id", "value"), *rows)) == []
