from typing import Any

from django.db import migrations, models
from django.db.models.functions import Now


def bring_up_again(apps: Any, schema_editor: Any) -> None:
    """What nobody answered and was left at that comes up again at the next tick."""
    apps.get_model("group_sessions", "SafetyConcern").objects.filter(
        escalates_at=None, acknowledged_at=None, closed_at=None
    ).update(escalates_at=Now())


class Migration(migrations.Migration):
    dependencies = [("group_sessions", "0013_reasons_of_addenda")]

    operations = [
        migrations.RunPython(bring_up_again, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="safetyconcern",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("escalates_at__isnull", False),
                    ("acknowledged_at__isnull", False),
                    ("closed_at__isnull", False),
                    _connector="OR",
                ),
                name="safety_comes_up_until_answered",
            ),
        ),
    ]
