"""Encrypted fields behave as plain ones, but for look-ups, which raise rather than find nothing."""

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.core.exceptions import FieldError, ValidationError
from django.db import connection, models
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps

from phpsupport.lib import encryption
from phpsupport.lib.encryption import Undecipherable, digest
from phpsupport.lib.fields import (
    DigestField,
    EncryptedCharField,
    EncryptedDateField,
    EncryptedEmailField,
    EncryptedJSONField,
    EncryptedTextField,
)


@pytest.fixture
def card() -> Iterator[Any]:
    """A model with one of each, outside the project's registry."""
    with isolate_apps("phpsupport.lib"):

        class Card(models.Model):
            note = EncryptedTextField(blank=True, default="")
            wish = EncryptedTextField(null=True, blank=True)
            title = EncryptedCharField(max_length=10, blank=True)
            born_on = EncryptedDateField(null=True, blank=True)
            answers = EncryptedJSONField(default=dict, blank=True)
            email = EncryptedEmailField(blank=True)
            email_digest = DigestField(of="email", db_index=True)

            class Meta:
                app_label = "lib"

        yield Card


@pytest.fixture
def table(card: Any, db: None) -> Iterator[Any]:
    """The same with a temporary table of this connection."""
    sql, _ = connection.schema_editor(collect_sql=True).table_sql(card)
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("CREATE TABLE", "CREATE TEMPORARY TABLE", 1))
    yield card
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.lib_card")


def _stored(column: str) -> list[str | None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM lib_card ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def test_values_come_back_and_the_database_sees_none(table: Any) -> None:
    answers = {"hard": "Wöchen\n2", "list": [1, None, True]}
    born = datetime.date(1974, 5, 6)
    table.objects.create(
        note="o'brien \n said", title="T", born_on=born, answers=answers, email="A@b.example"
    )
    found = table.objects.get()
    assert (found.note, found.title, found.born_on, found.answers, found.email) == (
        "o'brien \n said",
        "T",
        born,
        answers,
        "A@b.example",
    )
    for column in ("note", "title", "born_on", "answers", "email"):
        assert _stored(column)[0].startswith("enc1:")


def test_null_empty_and_a_value_are_three_things(table: Any) -> None:
    table.objects.bulk_create([table(wish=None), table(wish=""), table(wish=" ")])
    assert list(table.objects.order_by("id").values_list("wish", flat=True)) == [None, "", " "]
    assert _stored("wish")[:2] == [None, ""]
    assert table.objects.filter(wish__isnull=True).count() == 1


def test_every_way_of_writing_encrypts(table: Any) -> None:
    row = table.objects.create(note="one")
    table.objects.update(note="two")
    assert table.objects.get().note == "two"
    row.note = "three"
    table.objects.bulk_update([row], ["note"])
    assert table.objects.get().note == "three"
    assert _stored("note")[0].startswith("enc1:")


def test_a_value_copied_between_columns_or_written_past_us_is_loud(table: Any) -> None:
    table.objects.create(note="one")
    table.objects.update(wish=models.F("note"))
    with pytest.raises(Undecipherable):
        table.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE lib_card SET wish = NULL, note = 'written past us'")
    with pytest.raises(Undecipherable, match=r"lib\.card\.note"):
        table.objects.get()


@pytest.mark.parametrize(
    "look_up",
    [
        {"note": "x"},
        {"note": None},
        {"note__in": ["x"]},
        {"note__icontains": "x"},
        {"answers__hard": "x"},
        {"born_on__year": 1974},
        {"born_on__lt": datetime.date(2000, 1, 1)},
    ],
)
def test_look_ups_explain_themselves(card: Any, look_up: dict[str, Any]) -> None:
    with pytest.raises(FieldError, match="is encrypted and cannot be looked up"):
        card.objects.filter(**look_up)
    with pytest.raises(FieldError, match="DigestField"):
        card.objects.exclude(**look_up)


def test_a_faulty_date_or_address_is_refused_beside_its_field(card: Any) -> None:
    row = card(born_on="1974-02-30", email="not an address", title="a title too long")
    with pytest.raises(ValidationError) as caught:
        row.full_clean()
    assert set(caught.value.message_dict) == {"born_on", "email", "title"}


def test_forms_get_fitting_fields(card: Any) -> None:
    form_class = forms.modelform_factory(
        card, fields=["note", "title", "born_on", "answers", "email"]
    )
    made = form_class().fields
    assert isinstance(made["note"].widget, forms.Textarea)
    assert isinstance(made["title"].widget, forms.TextInput)
    assert made["title"].max_length == 10
    assert isinstance(made["born_on"], forms.DateField)
    assert isinstance(made["answers"], forms.JSONField)
    assert isinstance(made["email"], forms.EmailField)
    form = form_class(
        {
            "note": "n",
            "title": "t",
            "born_on": "1974-05-06",
            "answers": "{}",
            "email": "a@b.example",
        },
        instance=card(),
    )
    assert form.is_valid(), form.errors
    assert form.instance.born_on == datetime.date(1974, 5, 6)


def test_the_context_is_pinned_in_migrations_and_kept_by_copies(card: Any) -> None:
    note = card._meta.get_field("note")
    copy = note.clone()
    assert copy.context == "lib.card.note"
    assert "context='lib.card.note'" in MigrationWriter.serialize(note)[0]
    with isolate_apps("phpsupport.lib"):

        class CardEvent(models.Model):
            note = copy

            class Meta:
                app_label = "lib"

    token = note.get_prep_value("words")
    event_field = CardEvent._meta.get_field("note")
    assert event_field.from_db_value(token, None, connection) == "words"


def test_an_abstract_field_takes_the_context_of_each_model() -> None:
    with isolate_apps("phpsupport.lib"):

        class Noted(models.Model):
            note = EncryptedTextField()

            class Meta:
                abstract = True

        class One(Noted):
            class Meta:
                app_label = "lib"

        class Two(Noted):
            class Meta:
                app_label = "lib"

    contexts = {m._meta.get_field("note").context for m in (One, Two)}
    assert contexts == {"lib.one.note", "lib.two.note"}


@pytest.mark.parametrize("options", [{"unique": True}, {"db_index": True}])
def test_an_index_on_ciphertext_is_refused_by_a_check(options: dict[str, bool]) -> None:
    with isolate_apps("phpsupport.lib"):

        class Wrong(models.Model):
            note = EncryptedTextField(**options)

            class Meta:
                app_label = "lib"

        assert "lib.E001" in {found.id for found in Wrong.check(databases=[])}


def test_the_digest_follows_and_finds(table: Any) -> None:
    row = table.objects.create(email="Ann@Mail.example")
    table.objects.bulk_create([table(email="ben@mail.example"), table(email="")])
    wanted = digest("ann@mail.EXAMPLE", "email")
    assert list(table.objects.filter(email_digest=wanted)) == [row]
    assert table.objects.filter(email_digest="").count() == 1
    row.email = "new@mail.example"
    row.save()
    assert not table.objects.filter(email_digest=wanted).exists()


def test_a_digest_cannot_part_from_its_value(table: Any) -> None:
    row = table.objects.create(email="ann@mail.example")
    with pytest.raises(ValueError, match="email_digest"):
        row.save(update_fields=["email"])
    row.save(update_fields=["email", "email_digest"])
    row.save(update_fields=["note"])


def test_looking_up_by_a_plain_value_raises_instead_of_finding_nothing(card: Any) -> None:
    with pytest.raises(ValueError, match="holds digests"):
        card.objects.filter(email_digest="ann@mail.example")


def test_the_digest_field_survives_a_migration(card: Any) -> None:
    field = card._meta.get_field("email_digest")
    _, _, args, kwargs = field.deconstruct()
    again = DigestField(*args, **kwargs)
    assert again.deconstruct()[3] == kwargs
    assert (again.of, again.purpose, again.max_length) == (
        "email",
        "email",
        encryption.DIGEST_LENGTH,
    )
