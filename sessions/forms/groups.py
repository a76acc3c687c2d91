"""Forms of the group catalogue."""

from django import forms

from phpsupport.lib.forms import LineField, ProseField, Row, Section, WholeField
from sessions.forms.parts import PartForm
from sessions.models import GroupKind


class GroupForm(PartForm):
    """A support group of the catalogue."""

    submit = "Save the group"
    layout = (
        Section("What it is", "name", Row("kind", "language"), "description"),
        Section("Outside", "calendar_label"),
        Section("Size", "capacity"),
        Section("Records", "progress_notes"),
        Section("Counting and billing", "counts_toward_program_hours", "billing_code"),
    )
    name = LineField(
        max_length=120, help_text="As staff call it. Participants never see it in a message."
    )
    kind = forms.ChoiceField(choices=GroupKind)
    language = LineField(max_length=60, initial="English")
    description = ProseField(label="What it is, for staff", max_length=500, rows=3, required=False)
    calendar_label = LineField(
        label="Shown in the calendars of those who lead it", max_length=40, initial="Group",
        required=False, help_text="A neutral word such as Group or Circle: whoever looks at their phone sees it. "
        "Participants' calendars say “Appointment”.",
    )  # fmt: skip
    capacity = WholeField(
        label="Places", min_value=1, max_value=200, initial=12,
        help_text="A series starts with this number and can have its own.",
    )  # fmt: skip
    progress_notes = forms.BooleanField(
        label="A progress note for each participant", required=False, initial=True,
        help_text="Leave it out for informal contact; the group note then records the session.",
    )  # fmt: skip
    counts_toward_program_hours = forms.BooleanField(
        label="Counts toward the program's 20 hours a week", required=False,
        help_text="Peer groups do not, unless your program and payer agreed on it.",
    )  # fmt: skip
    billing_code = LineField(
        max_length=20, required=False, help_text="Leave empty if it is not billed."
    )

    def clean_calendar_label(self) -> str:
        """The neutral word where none is given."""
        return self.cleaned_data["calendar_label"] or "Group"
