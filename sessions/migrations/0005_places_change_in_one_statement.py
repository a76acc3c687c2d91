import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
from django.db import migrations, models

import phpsupport.lib.ranges


class Migration(migrations.Migration):
    """The guards against double booking are checked at the end of each statement."""

    dependencies = [("group_sessions", "0004_history_of_feeds")]

    operations = [
        migrations.RemoveConstraint(model_name="groupsession", name="one_session_per_start"),
        migrations.RemoveConstraint(model_name="groupsession", name="room_once_at_a_time"),
        migrations.RemoveConstraint(
            model_name="sessionfacilitator", name="facilitator_once_at_a_time"
        ),
        migrations.AddConstraint(
            model_name="groupsession",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                name="one_session_per_start",
                expressions=[
                    ("series", django.contrib.postgres.fields.ranges.RangeOperators.EQUAL),
                    ("starts_at", django.contrib.postgres.fields.ranges.RangeOperators.EQUAL),
                ],
                condition=models.Q(("state__in", ["scheduled", "held"])),
                deferrable=models.Deferrable["IMMEDIATE"],
            ),
        ),
        migrations.AddConstraint(
            model_name="groupsession",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                name="room_once_at_a_time",
                expressions=[
                    ("room", django.contrib.postgres.fields.ranges.RangeOperators.EQUAL),
                    (
                        phpsupport.lib.ranges.TimeSpan("starts_at", "ends_at"),
                        django.contrib.postgres.fields.ranges.RangeOperators.OVERLAPS,
                    ),
                ],
                condition=models.Q(("state__in", ["scheduled", "held"]), ("shares_room", False)),
                deferrable=models.Deferrable["IMMEDIATE"],
                violation_error_message="The room is taken at that time.",
            ),
        ),
        migrations.AddConstraint(
            model_name="sessionfacilitator",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                name="facilitator_once_at_a_time",
                expressions=[
                    ("person", django.contrib.postgres.fields.ranges.RangeOperators.EQUAL),
                    (
                        phpsupport.lib.ranges.TimeSpan("starts_at", "ends_at"),
                        django.contrib.postgres.fields.ranges.RangeOperators.OVERLAPS,
                    ),
                ],
                condition=models.Q(("active", True), ("shares_time", False)),
                deferrable=models.Deferrable["IMMEDIATE"],
                violation_error_message="The facilitator is busy at that time.",
            ),
        ),
    ]
