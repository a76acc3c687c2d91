"""Forms of a group's curriculum."""

from typing import Any

from django import forms

from phpsupport.lib.forms import LineField, Row
from sessions.forms.parts import PartForm
from sessions.models import CurriculumItem, GroupSeries
from sessions.queries.curriculum import steps_of


class StepForm(PartForm):
    """One step of a curriculum."""

    submit = "Save the step"
    layout = (Row("title", "materials"),)
    title = LineField(label="What it is called", max_length=160)
    materials = LineField(
        max_length=300, required=False, help_text="What to bring, or where it lies."
    )


class PlaceStepsForm(PartForm):
    """Where the steps of the coming sessions begin, and with which."""

    submit = "Place the steps"
    layout = (Row("from_on", "first_item"),)
    from_on = forms.DateField(label="From")
    first_item = forms.ModelChoiceField(
        CurriculumItem.objects.none(), label="Begin with", empty_label=None
    )

    def __init__(self, *args: Any, series: GroupSeries, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        steps = steps_of(series.group)
        field: Any = self.fields["first_item"]
        field.queryset = CurriculumItem.objects.filter(pk__in=[s.pk for s in steps])
        field.widget.choices = [(s.pk, s.title) for s in steps]
