"""The rotation reaches every row, history and signed rows included, and leaves their locks shut."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import psycopg
import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection

from facilitators.models import BoundaryConcern, ConcernStep
from participants.models import ContactPoint, Participant
from phpsupport.lib.encryption import key_id_of
from phpsupport.lib.fields import EncryptedField
from phpsupport.management.commands.rotate_field_keys import tables
from tests import databases
from tests.factories import make_participant, make_program, make_user

OLD, NEW = {"2025a": bytes(range(32))}, {"2026a": bytes(range(32, 64))}
BORN = date(1974, 5, 6)
AT = datetime(2026, 1, 5, tzinfo=UTC)

Rotate = Callable[..., str]


@pytest.fixture
def rotate(transactional_db: None) -> Iterator[Rotate]:
    """Run the command as the owner, as `manage.py` does; its words come back."""
    application = {key: connection.settings_dict[key] for key in databases.owner()}

    def run(*arguments: str) -> str:
        said = StringIO()
        connection.close()
        connection.settings_dict.update(databases.owner())
        try:
            call_command("rotate_field_keys", *arguments, stdout=said)
        finally:
            connection.close()
            connection.settings_dict.update(application)
        return said.getvalue()

    yield run
    connection.settings_dict.update(application)


@pytest.fixture
def world(transactional_db: None, settings: Any) -> Participant:
    """Rows under the old key: plain, with history, append-only and a second factor."""
    settings.FIELD_KEYS = OLD
    program = make_program()
    participant = make_participant(
        program, date_of_birth=BORN, access_needs="a chair by the door", email="ann@mail.example"
    )
    for number in range(6):
        person = make_participant(program, date_of_birth=None, access_needs=f"quiet {number}")
    person.access_needs = ""
    person.save()
    user = make_user()
    concern = BoundaryConcern.objects.create(
        program=program,
        reported_by=user,
        reported_at=AT,
        due_at=AT,
        concern_class="question",
        category="other",
        source="self",
        narrative="We met in the shop.",
    )
    ConcernStep.objects.create(
        concern=concern,
        by=user,
        at=AT,
        to_state="triaged",
        what="triaged",
        words="Talked it through.",
    )
    Authenticator.objects.create(
        user=user, type="totp", data={"secret": get_adapter().encrypt("JBSWY3DP"), "n": 3}
    )
    return participant


def _key_ids(owner: "psycopg.Connection[Any]") -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = {}
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedField):
                rows = owner.execute(
                    f'SELECT "{field.column}" FROM "{model._meta.db_table}" '
                    f"WHERE \"{field.column}\" <> ''"
                ).fetchall()
                found[f"{model._meta.db_table}.{field.column}"] = {key_id_of(r[0]) for r in rows}
    return found


def _locks(owner: "psycopg.Connection[Any]") -> list[Any]:
    return owner.execute(
        "SELECT tgrelid, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
    ).fetchall()


def test_no_row_refers_to_the_old_key_and_every_value_reads_without_it(
    world: Participant, rotate: Rotate, settings: Any, as_owner: Any
) -> None:
    before = _key_ids(as_owner)
    event = apps.get_model("participants", "ParticipantEvent")
    events, locks = event.objects.count(), _locks(as_owner)
    for table in (Participant, ContactPoint, event, BoundaryConcern, ConcernStep):
        names = [n for n in before if n.startswith(f"{table._meta.db_table}.")]
        assert {"2025a"} in [before[name] for name in names], table

    settings.FIELD_KEYS = {**NEW, **OLD}
    said = rotate("--batch-size", "2")

    assert set().union(*_key_ids(as_owner).values()) == {"2026a"}
    settings.FIELD_KEYS = NEW
    world.refresh_from_db()
    assert (world.date_of_birth, world.access_needs) == (BORN, "a chair by the door")
    assert ContactPoint.objects.get().value == "ann@mail.example"
    assert BoundaryConcern.objects.get().narrative == "We met in the shop."
    assert ConcernStep.objects.get().words == "Talked it through."
    first = event.objects.filter(pgh_obj_id=world.pk).earliest("pgh_id")
    assert first.access_needs == "a chair by the door"
    factor = Authenticator.objects.get()
    assert get_adapter().decrypt(factor.data["secret"]) == "JBSWY3DP"
    assert factor.data["n"] == 3
    # A rotation is no change by a person, and what was locked is locked as before.
    assert event.objects.count() == events
    assert _locks(as_owner) == locks
    assert f"{Participant._meta.db_table}: 7 values, 7 rewritten (2025a: 7)" in said
    assert "second factors: 1 values rewritten" in said
    assert "Every value now refers to '2026a'" in said


def test_append_only_rows_still_refuse_the_owner_afterwards(
    world: Participant, rotate: Rotate, settings: Any, as_owner: Any
) -> None:
    settings.FIELD_KEYS = {**NEW, **OLD}
    rotate()
    with pytest.raises(psycopg.Error):
        as_owner.execute(f"UPDATE {ConcernStep._meta.db_table} SET words = ''")


def test_a_dry_run_counts_and_changes_nothing(
    world: Participant, rotate: Rotate, settings: Any, as_owner: Any
) -> None:
    settings.FIELD_KEYS = {**NEW, **OLD}
    said = rotate("--dry-run")
    assert f"{Participant._meta.db_table}: 7 values, 7 older" in said
    assert "second factors: 1 older" in said
    assert "Nothing was changed" in said
    assert set().union(*_key_ids(as_owner).values()) == {"2025a"}


def test_it_can_be_repeated_and_goes_on_where_it_stopped(
    world: Participant, rotate: Rotate, settings: Any, as_owner: Any
) -> None:
    settings.FIELD_KEYS = {**NEW, **OLD}
    world.refresh_from_db()
    world.save()  # one row is new already
    assert f"{Participant._meta.db_table}: 7 values, 5 rewritten (2025a: 5, 2026a: 2)" in rotate()
    stored = as_owner.execute(f"SELECT * FROM {Participant._meta.db_table} ORDER BY id").fetchall()
    assert "\n0 rows rewritten." in rotate()
    assert (
        stored
        == as_owner.execute(f"SELECT * FROM {Participant._meta.db_table} ORDER BY id").fetchall()
    )


def test_a_key_that_is_missing_is_named_and_nothing_changes(
    world: Participant, rotate: Rotate, settings: Any, as_owner: Any
) -> None:
    settings.FIELD_KEYS = NEW
    with pytest.raises(CommandError, match=r"'2025a', which is not in FIELD_KEYS"):
        rotate()
    assert set().union(*_key_ids(as_owner).values()) == {"2025a"}


def test_a_value_written_past_the_application_is_reported(
    world: Participant, rotate: Rotate, settings: Any, as_owner: Any
) -> None:
    as_owner.execute(f"UPDATE {ContactPoint._meta.db_table} SET value = 'plain words'")
    settings.FIELD_KEYS = {**NEW, **OLD}
    with pytest.raises(CommandError, match="not encrypted") as caught:
        rotate()
    assert "plain words" not in str(caught.value)


def test_the_applications_role_is_told_who_must_run_it(world: Participant) -> None:
    with pytest.raises(CommandError, match="as the owner of the tables"):
        call_command("rotate_field_keys", stdout=StringIO())


def test_history_tables_are_among_the_tables() -> None:
    names = {table.model.__name__ for table in tables()}
    assert {"Participant", "ParticipantEvent", "ConcernStep", "ProgressNote"} <= names
