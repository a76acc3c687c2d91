"""What every form shares: our look through crispy, plain sentences for errors, bounded input.

    class RoomForm(Form):
        submit = "Add the room"
        layout = (Section("Where", Row("name", "floor")), "notes")
        name = LineField(max_length=60)
        floor = forms.IntegerField(required=False, min_value=-3, max_value=120)
        notes = ProseField(required=False)

    {% crispy form %}

A form strips NUL bytes, bounds every number and text, gives dates and times the browser's own
controls, marks what is optional instead of what is required, and keeps the browser from filling
in the writer's own address where the form is about somebody else (`autofill` names exceptions).
"""

import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Fieldset, Layout, LayoutObject
from crispy_forms.utils import TEMPLATE_PACK
from django import forms
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict

from phpsupport.lib.errors import Refused

LINE_LENGTH = 200
PROSE_LENGTH = 20_000
SMALLEST, LARGEST = -(2**31), 2**31 - 1
# Zones of the United States come first; the others follow by name.
HOME_ZONES = {
    "America/New_York": "Eastern time",
    "America/Chicago": "Central time",
    "America/Denver": "Mountain time",
    "America/Phoenix": "Mountain time, Arizona",
    "America/Los_Angeles": "Pacific time",
    "America/Anchorage": "Alaska time",
    "Pacific/Honolulu": "Hawaii time",
    "America/Puerto_Rico": "Atlantic time, Puerto Rico",
}


# --- layout ---------------------------------------------------------------------------------------
class Section(Fieldset):
    """`Section("When", "starts_on", Row("starts", "ends"))`: fields under a heading."""

    def __init__(self, legend: str, *fields: Any, **kwargs: Any) -> None:
        kwargs.setdefault("css_class", "form-section")
        super().__init__(legend, *fields, **kwargs)


class Row(Div):
    """`Row("starts", "ends")`: fields beside each other where there is room."""

    def __init__(self, *fields: Any, **kwargs: Any) -> None:
        kwargs.setdefault("css_class", "fields")
        super().__init__(*fields, **kwargs)


class Buttons(LayoutObject):
    """The end of a form: the one main button, perhaps others, and a way back."""

    fields: list[Any] = []

    def __init__(
        self,
        submit: str = "Save",
        *,
        cancel: str = "",
        cancel_word: str = "Cancel",
        name: str = "",
        others: Iterable[tuple[str, str]] = (),
        main: bool = True,
    ) -> None:
        self.context = {
            "submit": submit,
            "main": main,
            "cancel": cancel,
            "cancel_word": cancel_word,
            "name": name,
            "others": list(others),
        }

    def render(
        self, form: Any, context: Any, template_pack: Any = TEMPLATE_PACK, **kwargs: Any
    ) -> str:
        return render_to_string("components/form_end.html", self.context)


def helper(
    submit: str = "Save",
    *layout: Any,
    cancel: str = "",
    cancel_word: str = "Cancel",
    name: str = "",
    others: Iterable[tuple[str, str]] = (),
    method: str = "post",
    action: str = "",
    tag: bool = True,
    guard: bool = False,
    css: str = "",
    attrs: Mapping[str, str] | None = None,
) -> FormHelper:
    """A crispy helper with our buttons. No `submit` leaves the buttons out; `guard` warns before
    typed words are left behind; `others` are further (name, words) of submit buttons."""
    made = FormHelper()
    made.form_method = method
    made.form_tag = tag
    made.form_class = css
    made.include_media = False
    if action:
        made.form_action = action
    made.attrs = {"novalidate": "", **(attrs or {})}
    if guard:
        made.attrs["data-guard"] = ""
    made.layout = Layout(*layout)
    if submit:
        made.layout.append(
            Buttons(submit, cancel=cancel, cancel_word=cancel_word, name=name, others=others)
        )
    return made


# --- fields ---------------------------------------------------------------------------------------
class LineField(forms.CharField):
    """One line of text, 200 characters unless told otherwise."""

    def __init__(self, *, max_length: int = LINE_LENGTH, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def to_python(self, value: Any) -> str:
        return " ".join((super().to_python(value) or "").split())


class ProseField(forms.CharField):
    """Text of several lines, that grows with what is typed."""

    def __init__(self, *, max_length: int = PROSE_LENGTH, rows: int = 4, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": rows}))
        super().__init__(max_length=max_length, **kwargs)

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")


class WholeField(forms.IntegerField):
    """A whole number within bounds."""

    def __init__(self, *, min_value: int = 0, max_value: int = LARGEST, **kwargs: Any) -> None:
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)


class DatalistInput(forms.TextInput):
    """A text input that suggests (value, words) from a list."""

    template_name = "components/datalist_input.html"

    def __init__(self, suggestions: Iterable[tuple[str, str]], attrs: Any = None) -> None:
        super().__init__(attrs)
        self.suggestions = list(suggestions)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["suggestions"] = self.suggestions
        return context


class ZoneField(forms.CharField):
    """A time zone by its name in the tz database, suggested as one types."""

    def __init__(self, **kwargs: Any) -> None:
        rest = sorted(zoneinfo.available_timezones() - HOME_ZONES.keys())
        kwargs.setdefault(
            "widget",
            DatalistInput([*HOME_ZONES.items(), *((zone, "") for zone in rest if "/" in zone)]),
        )
        super().__init__(max_length=64, **kwargs)

    def validate(self, value: str) -> None:
        super().validate(value)
        if value and value not in zoneinfo.available_timezones():
            raise forms.ValidationError(
                "Choose a time zone from the list, for example America/New_York.", code="zone"
            )


# --- forms ----------------------------------------------------------------------------------------
def without_nul(data: Any) -> Any:
    """The same data without NUL bytes, which PostgreSQL cannot hold."""
    if data is None:
        return None
    if isinstance(data, QueryDict | MultiValueDict):
        if not any(
            "\0" in value
            for _, values in data.lists()
            for value in values
            if isinstance(value, str)
        ):
            return data
        clean = QueryDict(mutable=True) if isinstance(data, QueryDict) else MultiValueDict()
        for key, values in data.lists():
            clean.setlist(key, [v.replace("\0", "") if isinstance(v, str) else v for v in values])
        return clean
    return {k: v.replace("\0", "") if isinstance(v, str) else v for k, v in data.items()}


def _sentences(field: forms.Field) -> dict[str, str]:
    """What to say when an answer is missing or not understood."""
    said = {
        "required": "Fill this in.",
        "max_length": "Keep this to %(limit_value)d characters or fewer; it has %(show_value)d.",
        "min_length": "Write at least %(limit_value)d characters; it has %(show_value)d.",
        "max_value": "Enter a number of %(limit_value)s or less.",
        "min_value": "Enter a number of %(limit_value)s or more.",
    }
    # The first kind that fits; the narrower ones come before what they derive from.
    gone = "One of the choices is no longer there. Choose again."
    for kinds, own in (
        (forms.BooleanField, {"required": "Tick this box to go on."}),
        (
            forms.FileField,
            {
                "required": "Choose a file.",
                "empty": "This file is empty. Choose another one.",
                "missing": "The file did not arrive. Choose it again.",
                "invalid": "The file did not arrive. Choose it again.",
            },
        ),
        (
            (forms.MultipleChoiceField, forms.ModelMultipleChoiceField),
            {
                "required": "Choose at least one.",
                "invalid_choice": gone,
                "invalid_pk_value": gone,
                "invalid_list": gone,
            },
        ),
        (
            (forms.ChoiceField, forms.ModelChoiceField),
            {"required": "Choose one.", "invalid_choice": "Choose one from the list."},
        ),
        (
            forms.DateTimeField,
            {
                "required": "Enter a day and a time.",
                "invalid": "Enter a day and a time, for example 2027-03-04 14:30.",
            },
        ),
        (
            forms.DateField,
            {
                "required": "Enter a day.",
                "invalid": "Enter a day that exists, for example 2027-03-04.",
            },
        ),
        (
            forms.TimeField,
            {"required": "Enter a time.", "invalid": "Enter a time of day, for example 14:30."},
        ),
        (
            forms.EmailField,
            {
                "required": "Enter an e-mail address.",
                "invalid": "Enter an e-mail address such as name@example.org.",
            },
        ),
        (
            forms.URLField,
            {
                "required": "Enter a web address.",
                "invalid": "Enter a web address such as https://example.org.",
            },
        ),
        (
            (forms.DecimalField, forms.FloatField),
            {"required": "Enter a number.", "invalid": "Enter a number, for example 1.5."},
        ),
        (
            forms.IntegerField,
            {"required": "Enter a number.", "invalid": "Enter a whole number."},
        ),
    ):
        if isinstance(field, kinds):
            return said | own
    return said


# Where a browser would offer what its owner typed elsewhere.
TYPED = (forms.TextInput, forms.EmailInput, forms.URLInput, forms.Textarea)
NATIVE = {
    forms.DateInput: ("date", "%Y-%m-%d"),
    forms.TimeInput: ("time", "%H:%M"),
    forms.DateTimeInput: ("datetime-local", "%Y-%m-%dT%H:%M"),
}
FORMATS: dict[type[forms.Field], list[str]] = {
    forms.DateTimeField: ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    forms.DateField: ["%Y-%m-%d", "%m/%d/%Y", "%d %b %Y"],
    forms.TimeField: ["%H:%M", "%H:%M:%S", "%I:%M %p"],
}


class Shaped:
    """The part that Form and ModelForm share."""

    submit: str = "Save"
    cancel_word: str = "Cancel"
    layout: tuple[Any, ...] = ()
    guard: bool = True
    mark_optional: bool = True
    # Fields about the writer themselves: {"email": "email", "name": "name"}.
    autofill: Mapping[str, str] = {}
    error_css_class = ""

    fields: dict[str, forms.Field]
    outcome: Any = None

    def __init__(self, data: Any = None, *args: Any, cancel: str = "", **kwargs: Any) -> None:
        self.cancel = cancel
        super().__init__(without_nul(data), *args, **kwargs)  # type: ignore[call-arg]
        for name, field in self.fields.items():
            self._shape(name, field)

    def _shape(self, name: str, field: forms.Field) -> None:
        defaults: dict[str, Any] = {}
        for parent in reversed(type(field).__mro__):
            defaults.update(getattr(parent, "default_error_messages", {}))
        for code, sentence in _sentences(field).items():
            own = field.error_messages.get(code)
            if own is None or own == defaults.get(code):
                field.error_messages[code] = sentence
        widget = field.widget
        if native := NATIVE.get(type(widget)):
            widget.input_type, widget.format = native  # type: ignore[attr-defined]
        for kind, formats in FORMATS.items():
            if type(field) is kind:
                field.input_formats = formats  # type: ignore[attr-defined]
        if isinstance(field, forms.IntegerField):
            if field.max_value is None:
                field.validators.append(MaxValueValidator(LARGEST))
            if field.min_value is None:
                field.validators.append(MinValueValidator(SMALLEST))
            if isinstance(widget, forms.NumberInput):
                widget.attrs.setdefault("inputmode", "numeric")
        elif isinstance(field, forms.CharField) and self._is_unbounded(field):
            most = PROSE_LENGTH if isinstance(widget, forms.Textarea) else LINE_LENGTH
            field.max_length = most
            field.validators.append(MaxLengthValidator(most))
            widget.attrs.setdefault("maxlength", str(most))
        if isinstance(widget, forms.Textarea) and widget.attrs.get("rows") in ("10", 10):
            widget.attrs.update(rows="4")
            widget.attrs.pop("cols", None)
        if isinstance(widget, TYPED):
            widget.attrs.setdefault("autocomplete", self.autofill.get(name, "off"))

    @staticmethod
    def _is_unbounded(field: forms.CharField) -> bool:
        # Others that derive from CharField clean to something that has no length.
        return type(field) in (forms.CharField, forms.URLField) and field.max_length is None

    @cached_property
    def helper(self) -> FormHelper:
        """What crispy asks for. Built late, so that fields added by a subclass are in it."""
        return helper(
            self.submit,
            *(self.layout or self.fields),
            cancel=self.cancel,
            cancel_word=self.cancel_word,
            guard=self.guard,
        )

    def fields_to_mend(self) -> list[forms.BoundField]:
        """The fields with errors, for the summary on top."""
        return [self[name] for name in self.errors if name in self.fields]  # type: ignore[attr-defined,index]

    def refuse(self, refusal: Refused) -> None:
        """Show a rule's refusal on this form."""
        refusal.add_to(self)

    def carry_out(self, action: Callable[..., Any]) -> bool:
        """Whether the form was sent, is valid and `action(**cleaned_data)` went through.

        What the action returned is in `outcome`; a refusal is shown on the form.
        """
        if not self.is_valid():  # type: ignore[attr-defined]
            return False
        try:
            self.outcome = action(**self.cleaned_data)  # type: ignore[attr-defined]
        except Refused as refusal:
            self.refuse(refusal)
            return False
        return True


class Form(Shaped, forms.Form):
    """A form of our look; see the top of this file."""


class ModelForm(Shaped, forms.ModelForm):
    """The same over a model."""


class FilterForm(Form):
    """A form above a list, sent by GET: nothing required, nothing called optional."""

    mark_optional = False
    submit = "Show"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False

    @cached_property
    def helper(self) -> FormHelper:
        fields = self.layout or tuple(self.fields)
        return helper("", *fields, Buttons(self.submit, main=False), method="get", css="filters")
