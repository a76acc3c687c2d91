"""Forms about the stay: admit, level of care, discharge, back again, move, care team."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django import forms

from participants.forms.people import ContactFields, WhoFields
from participants.models import DischargeReason, EpisodeOfCare, LevelOfCare, Referral
from phpsupport.lib.forms import Form, LineField, Row, Section
from phpsupport.programs.models import Program
from phpsupport.users.models import User


def choices(known: Any) -> list[tuple[str, str]]:
    return [("", "Not known"), *known.choices]


class StayFields(Form):
    """A stay that begins."""

    admitted_on = forms.DateField(label="First day")
    level = forms.ChoiceField(label="Level of care", choices=LevelOfCare.choices)
    planned_discharge_on = forms.DateField(required=False, label="Planned discharge")
    track = LineField(max_length=60, required=False, help_text="For example Mood or Trauma.")
    referred_from = forms.ChoiceField(required=False, choices=choices(Referral))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        first, planned = given.get("admitted_on"), given.get("planned_discharge_on")
        if first and planned and planned < first:
            self.add_error(
                "planned_discharge_on", "The planned discharge cannot be before the first day."
            )
        return given


class AdmitForm(WhoFields, ContactFields, StayFields):
    """Somebody who was never here. `ask_same` adds the question whether it is another person."""

    submit = "Admit"

    ok_to_email = forms.BooleanField(required=False, label="Agreed to reminders by e-mail")
    ok_to_text = forms.BooleanField(required=False, label="Agreed to reminders by text")

    def __init__(self, *args: Any, today: date, ask_same: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"admitted_on": today, "level": LevelOfCare.PHP})
        super().__init__(*args, today=today, **kwargs)
        self.layout = (
            Section(
                "Who they are",
                Row("first_name", "last_name"),
                Row("preferred_name", "pronouns"),
                "also_called",
                Row("record_number", "date_of_birth"),
            ),
            Section(
                "The stay",
                Row("admitted_on", "level"),
                Row("planned_discharge_on", "track"),
                "referred_from",
            ),
            Section(
                "How to reach them",
                Row("email", "phone"),
                Row("ok_to_email", "ok_to_text"),
            ),
            Section(
                "How to meet them",
                Row("language", "interpreter_needed"),
                "access_needs",
                "facilitator_wishes",
            ),
        )
        if ask_same:
            self.fields["different_person"] = forms.BooleanField(
                required=False, label="This is another person of the same name"
            )
            self.layout = ("different_person", *self.layout)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("ok_to_email") and not given.get("email") and "email" not in self.errors:
            self.add_error("email", "Enter the e-mail address that may be used, or untick the box.")
        if given.get("ok_to_text") and not given.get("phone") and "phone" not in self.errors:
            self.add_error("phone", "Enter the phone number that may be used, or untick the box.")
        return given


class ProgramChoice(forms.ModelChoiceField):
    """A program with its site."""

    def label_from_instance(self, obj: Program) -> str:  # type: ignore[override]
        return f"{obj.name}, {obj.site.name}"


def program_choice(programs: Iterable[Program], **kwargs: Any) -> ProgramChoice:
    return ProgramChoice(
        Program.objects.select_related("site").filter(pk__in=[p.pk for p in programs]), **kwargs
    )


class ReadmitForm(StayFields):
    """A new stay of somebody who was here before."""

    submit = "Re-admit"

    def __init__(
        self, *args: Any, programs: list[Program], chosen: Program, first: date, **kwargs: Any
    ) -> None:
        kwargs["initial"] = {"admitted_on": first, "level": LevelOfCare.PHP, "program": chosen}
        super().__init__(*args, **kwargs)
        self.layout = (
            Row("admitted_on", "level"),
            Row("planned_discharge_on", "track"),
            "referred_from",
        )
        if len(programs) > 1:
            self.fields["program"] = program_choice(programs, empty_label=None)
            self.layout = ("program", *self.layout)


class OfStay(Form):
    """A form about one stay; a page left open over a discharge cannot act on the next stay."""

    episode = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, stay: EpisodeOfCare, **kwargs: Any) -> None:
        kwargs["initial"] = {"episode": stay.pk, **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)


class LevelForm(OfStay):
    """Another level of care."""

    submit = "Change the level"
    layout = ("episode", "level", "from_on")

    level = forms.ChoiceField(
        label="New level of care", choices=LevelOfCare.choices, widget=forms.RadioSelect
    )
    from_on = forms.DateField(label="From")

    def __init__(self, *args: Any, today: date, now: str, **kwargs: Any) -> None:
        other = next((level for level in LevelOfCare.values if level != now), now)
        kwargs["initial"] = {"from_on": today, "level": other}
        super().__init__(*args, **kwargs)


class DischargeForm(OfStay):
    """The last day: past or today ends the stay, a day ahead is planned."""

    submit = "Save"
    layout = ("episode", "on", "reason")

    on = forms.DateField(
        label="Last day",
        help_text="Today or before ends the stay. A day ahead is kept as the planned discharge.",
    )
    reason = forms.ChoiceField(
        required=False,
        choices=[("", "Choose a reason"), *DischargeReason.choices],
        help_text="Needed when the stay ends.",
    )

    def __init__(self, *args: Any, today: date, preview: str, **kwargs: Any) -> None:
        self.today = today
        super().__init__(*args, **kwargs)
        self.fields["on"].widget.attrs.update(
            {
                "hx-get": preview,
                "hx-target": "#what-ends",
                "hx-trigger": "change",
                "hx-sync": "this:queue last",
            }
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        on = given.get("on")
        if on and on <= self.today and not given.get("reason"):
            self.add_error("reason", "Choose why the stay ends.")
        return given


class MoveForm(OfStay):
    """To another program of the organization."""

    submit = "Move"
    layout = (
        "episode",
        "program",
        Row("last_on", "first_on"),
        Row("level", "planned_discharge_on"),
    )

    last_on = forms.DateField(label="Last day here")
    first_on = forms.DateField(label="First day there")
    level = forms.ChoiceField(label="Level of care there", choices=LevelOfCare.choices)
    planned_discharge_on = forms.DateField(required=False, label="Planned discharge")

    def __init__(
        self, *args: Any, programs: list[Program], today: date, now: str, **kwargs: Any
    ) -> None:
        kwargs["initial"] = {
            "last_on": today,
            "first_on": today + timedelta(days=1),
            "level": now,
        }
        super().__init__(*args, **kwargs)
        self.fields["program"] = program_choice(
            programs, label="To which program", empty_label="Choose a program"
        )


class PersonChoice(forms.ModelChoiceField):
    """A colleague by name."""

    def label_from_instance(self, obj: User) -> str:  # type: ignore[override]
        return obj.name


class CareTeamForm(OfStay):
    """Somebody joins the care team."""

    submit = "Add to the care team"
    layout = ("episode", Row("user", "from_on"))

    from_on = forms.DateField(label="From")

    def __init__(
        self, *args: Any, clinicians: Any, today: date, me: User | None, **kwargs: Any
    ) -> None:
        kwargs["initial"] = {"from_on": today, "user": me}
        super().__init__(*args, **kwargs)
        self.fields["user"] = PersonChoice(
            clinicians, label="Clinician", empty_label="Choose a clinician"
        )
