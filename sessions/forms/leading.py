"""Who leads and who co-facilitates: the same two questions wherever people are put on the schedule."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from facilitators.models import Facilitator, Stage
from phpsupport.access.scope import scope_of
from phpsupport.lib import clock
from phpsupport.lib.forms import Form
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.forms.read_once import OneOf, SomeOf
from sessions.models import Part


class FacilitatorChoice(OneOf):
    """Facilitators by name."""

    def label_from_instance(self, obj: Any) -> str:
        stage = (
            "" if obj.stage in (Stage.ACTIVE, Stage.CERTIFIED) else f" · {obj.get_stage_display()}"
        )
        return f"{obj.user.name}{stage}"


class FacilitatorChoices(SomeOf):
    """The same, several at once."""

    label_from_instance = FacilitatorChoice.label_from_instance


def facilitators_of(
    user: User, program: Program, *, keep: QuerySet[Facilitator] | None = None
) -> QuerySet[Facilitator]:
    """Whom one may put on the schedule of a program, and whom `keep` names besides."""
    today = clock.local_date(scope_of(user).at, program.zone)
    working = Facilitator.objects.visible_to(user).filter(program=program).to_plan(today)
    known = Q(pk__in=working.values("pk"))
    if keep is not None:
        known |= Q(pk__in=keep.filter(program=program).values("pk"))
    return (
        Facilitator.objects.filter(known)
        .select_related("user")
        .order_by("user__first_name", "user__last_name", "pk")
    )


class LedForm(Form):
    """Asks who leads and who co-facilitates. Call `offer` when the form is made."""

    lead = FacilitatorChoice(
        Facilitator.objects.none(), label="Leads", required=False, empty_label="Nobody yet"
    )
    co = FacilitatorChoices(
        Facilitator.objects.none(), label="Co-facilitate", required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    def offer(
        self, user: User, program: Program, *, keep: QuerySet[Facilitator] | None = None
    ) -> None:
        """Let the two questions offer whom this person may put on the schedule."""
        people = facilitators_of(user, program, keep=keep)
        for name in ("lead", "co"):
            self.fields[name].queryset = people  # type: ignore[attr-defined]

    def clean_co(self) -> Any:
        """Whoever leads is not their own co-facilitator."""
        lead, co = self.cleaned_data.get("lead"), self.cleaned_data["co"]
        if lead is not None and lead in co:
            raise ValidationError(
                f"{lead.user.name} leads already. Leave them out here, or choose somebody else "
                "to lead.",
                code="twice",
            )
        return co

    def people(self) -> list[tuple[Facilitator, str]]:
        """Lead and co-facilitators with their parts."""
        lead, co = self.cleaned_data["lead"], self.cleaned_data["co"]
        return ([(lead, Part.LEAD)] if lead else []) + [(f, Part.CO) for f in co]
