"""Where the work happens: organization, site, program, its closed days and its dated rules."""

import json
from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import models

from phpsupport.lib.forms import HOME_ZONES
from phpsupport.lib.history import tracked
from phpsupport.lib.models import Row
from phpsupport.programs.policy import after, validate_rules
from phpsupport.users.models import validate_zone


@tracked()
class Organization(Row):
    """A provider that runs sites."""

    name = models.CharField(max_length=120, unique=True)

    def __str__(self) -> str:
        return self.name


@tracked()
class Site(Row):
    """A place with one time zone."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="sites")
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, validators=[validate_zone])
    phone = models.CharField("number to call", max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="one_site_per_name")
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class Program(Row):
    """A partial hospitalization program at a site."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="programs")
    name = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "name"], name="one_program_per_name")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> str:
        """The site's time zone; load the program with `select_related("site")`."""
        return self.site.time_zone

    @property
    def zone_label(self) -> str:
        """The zone as people say it, for example "Eastern time"."""
        return HOME_ZONES.get(self.zone, self.zone.replace("_", " "))


@tracked()
class Closure(Row):
    """A day on which the program is closed; a series leaves it out."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="closures")
    date = models.DateField()
    reason = models.CharField(max_length=120)

    class Meta:
        ordering = ["date"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "date"],
                name="one_closure_per_day",
                violation_error_message="The program is already closed on that day.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.date:%-d %b %Y}: {self.reason}"


class PolicyProfileQuerySet(models.QuerySet["PolicyProfile"]):
    def in_order(self) -> "PolicyProfileQuerySet":
        """The last word last: by the day from which it holds, then by when it was set."""
        return self.order_by("effective_from", "set_at")


@tracked()
class PolicyProfile(Row):
    """Rules of the program that somebody set from a day on: those that they changed, and no other.

    In force is each rule as the last profile that has begun and names it says, or its default. So
    a change that was set for later stays when something else is set for sooner, and the other way
    round. Every number that a payer, a state or the program sets lives here, never in code.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="policy_profiles")
    effective_from = models.DateField()
    rules = models.JSONField(default=dict, validators=[validate_rules])
    note = models.CharField("why", max_length=300, blank=True)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    set_at = models.DateTimeField()

    objects = PolicyProfileQuerySet.as_manager()

    class Meta:
        ordering = ["-effective_from", "-set_at"]

    def __str__(self) -> str:
        return f"{self.program} from {self.effective_from}"


def policy_in_force(program_id: Any, on: date) -> dict[str, Any]:
    """The program's rules on the day `on`. One query."""
    begun = PolicyProfile.objects.filter(program_id=program_id, effective_from__lte=on)
    return after(begun.in_order().values_list("rules", flat=True))


def fingerprint(profiles: Iterable[PolicyProfile]) -> str:
    """What tells whether any rule was set since, for whichever day."""
    told = [[str(p.pk), str(p.effective_from), p.rules] for p in profiles]
    return sha256(json.dumps(sorted(told, key=str), sort_keys=True).encode()).hexdigest()
