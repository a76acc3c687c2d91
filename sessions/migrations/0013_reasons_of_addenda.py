"""The reason of an addendum is typed by people, so it is kept encrypted like their other words."""

from collections.abc import Callable

from django.db import migrations

import phpsupport.lib.fields
from phpsupport.lib.encryption import decrypt, encrypt

TABLE = "group_sessions_addendum"
CONTEXT = "group_sessions.addendum.reason"


def _rewrite(change: Callable[[str, str], str]) -> Callable[..., None]:
    """Every reason as `change` says. What a seal is over, the plain words, stays the same."""

    def run(apps, schema_editor):  # type: ignore[no-untyped-def]
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(f"SELECT id, reason FROM {TABLE}")  # noqa: S608 - a name of our own
            rows = cursor.fetchall()
            if not rows:
                return
            cursor.execute(f"ALTER TABLE {TABLE} DISABLE TRIGGER sealed")
            for pk, reason in rows:
                asked = f"UPDATE {TABLE} SET reason = %s WHERE id = %s"  # noqa: S608
                cursor.execute(asked, [change(reason, CONTEXT), pk])
            cursor.execute(f"ALTER TABLE {TABLE} ENABLE TRIGGER sealed")

    return run


class Migration(migrations.Migration):
    dependencies = [("group_sessions", "0012_how_a_safety_concern_ended")]

    operations = [
        migrations.AlterField(
            model_name="addendum",
            name="reason",
            field=phpsupport.lib.fields.EncryptedCharField(context=CONTEXT, max_length=120),
        ),
        migrations.RunPython(_rewrite(encrypt), _rewrite(decrypt)),
    ]
