"""A profile holds the rules that were set with it, no longer all of them; several may begin on a day."""

from typing import Any

from django.db import migrations


def keep_what_was_set(apps: Any, schema_editor: Any) -> None:
    """Of all rules of a program's profile only those that differ from the one before it."""
    before: dict[Any, dict[str, Any]] = {}
    profiles = apps.get_model("programs", "PolicyProfile").objects
    for profile in profiles.order_by("program_id", "effective_from"):
        known = before.setdefault(profile.program_id, {})
        own = {k: v for k, v in profile.rules.items() if k not in known or known[k] != v}
        known |= profile.rules
        if own != profile.rules:
            profiles.filter(pk=profile.pk).update(rules=own)


def complete(apps: Any, schema_editor: Any) -> None:
    """The other way round."""
    known: dict[Any, dict[str, Any]] = {}
    profiles = apps.get_model("programs", "PolicyProfile").objects
    for profile in profiles.order_by("program_id", "effective_from", "set_at"):
        rules = known.get(profile.program_id, {}) | profile.rules
        known[profile.program_id] = rules
        profiles.filter(pk=profile.pk).update(rules=rules)


class Migration(migrations.Migration):
    dependencies = [("programs", "0001_initial")]

    operations = [
        migrations.RemoveConstraint("policyprofile", "one_policy_per_start"),
        migrations.AlterModelOptions(
            "policyprofile", options={"ordering": ["-effective_from", "-set_at"]}
        ),
        migrations.RunPython(keep_what_was_set, complete),
    ]
