"""Forms about the person: who they are, how to meet them, how to reach them."""

from datetime import date
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from participants.models import Participant
from participants.reaching import clean_email, clean_phone, shown_phone
from phpsupport.lib.errors import Refused
from phpsupport.lib.forms import DatalistInput, Form, LineField, ProseField, Row, Section

LANGUAGES: Final = (
    "English", "Spanish", "American Sign Language", "Arabic", "Cantonese", "French",
    "Haitian Creole", "Khmer", "Korean", "Mandarin", "Portuguese", "Russian", "Somali", "Tagalog",
    "Vietnamese",
)  # fmt: skip
PRONOUNS: Final = ("she/her", "he/him", "they/them")


def suggesting(words: tuple[str, ...]) -> DatalistInput:
    return DatalistInput([(word, "") for word in words])


def language_field(**kwargs: Any) -> LineField:
    return LineField(max_length=60, initial="English", widget=suggesting(LANGUAGES), **kwargs)


def pronouns_field(**kwargs: Any) -> LineField:
    return LineField(max_length=40, required=False, widget=suggesting(PRONOUNS), **kwargs)


class WhoFields(Form):
    """Name, number, birth: shared by admission and change."""

    first_name = LineField(max_length=80, help_text="Or the only name, if there is just one.")
    last_name = LineField(max_length=80, required=False)
    preferred_name = LineField(
        max_length=80, required=False, help_text="What the person wants to be called in groups."
    )
    also_called = LineField(
        max_length=200,
        required=False,
        label="Also called",
        help_text="Nicknames and earlier names, with commas. Looked for before notes are signed, so "
        "that nobody is named in somebody else's record.",
    )
    record_number = LineField(max_length=30, help_text="As in your health record.")
    date_of_birth = forms.DateField(required=False)
    pronouns = pronouns_field()
    language = language_field(label="Language they are most at home in")
    interpreter_needed = forms.BooleanField(required=False, label="An interpreter is needed")
    access_needs = ProseField(
        required=False,
        rows=3,
        max_length=2000,
        help_text="Steps, hearing, sight, breaks, a seat near the door: whatever helps.",
    )
    facilitator_wishes = ProseField(
        required=False,
        rows=3,
        max_length=2000,
        label="What they would like in a facilitator",
        help_text="In their words.",
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["date_of_birth"].widget.attrs["max"] = today.isoformat()


class ContactFields(Form):
    """E-mail and phone, checked as the action checks them."""

    email = forms.EmailField(required=False, label="E-mail")
    phone = LineField(max_length=40, required=False, widget=forms.TextInput({"type": "tel"}))

    def clean_email(self) -> str:
        return _checked(clean_email, self.cleaned_data["email"])

    def clean_phone(self) -> str:
        return _checked(clean_phone, self.cleaned_data["phone"])


def _checked(clean: Any, value: str) -> str:
    try:
        return clean(value)
    except Refused as refusal:
        raise ValidationError(refusal.sentence, code=refusal.code) from None


class ParticipantForm(WhoFields):
    """Change who the person is."""

    submit = "Save"
    layout = (
        Section(
            "Who they are",
            Row("first_name", "last_name"),
            Row("preferred_name", "pronouns"),
            "also_called",
            Row("record_number", "date_of_birth"),
        ),
        Section(
            "How to meet them",
            Row("language", "interpreter_needed"),
            "access_needs",
            "facilitator_wishes",
        ),
    )

    def __init__(self, *args: Any, participant: Participant, **kwargs: Any) -> None:
        kwargs["initial"] = {name: getattr(participant, name) for name in WhoFields.base_fields}
        super().__init__(*args, **kwargs)


class ContactsForm(ContactFields):
    """Change how the person may be reached."""

    submit = "Save"
    layout = ("email", "phone")

    def __init__(self, *args: Any, kept: dict[str, str], **kwargs: Any) -> None:
        kwargs["initial"] = {
            "email": kept.get("email", ""),
            "phone": shown_phone(kept["phone"]) if kept.get("phone") else "",
        }
        super().__init__(*args, **kwargs)


class PreferencesForm(Form):
    """A participant about themselves, in plain words."""

    submit = "Save my answers"
    layout = (
        "preferred_name",
        "pronouns",
        "language",
        "interpreter_needed",
        "access_needs",
        "facilitator_wishes",
    )

    preferred_name = LineField(
        max_length=80,
        required=False,
        label="What should we call you?",
        help_text="Others in your groups see this name and the first letter of your last name.",
    )
    pronouns = pronouns_field(label="Your pronouns")
    language = language_field(label="The language you like best")
    interpreter_needed = forms.BooleanField(
        required=False, label="I would like an interpreter", help_text="It costs you nothing."
    )
    access_needs = ProseField(
        required=False,
        rows=3,
        max_length=2000,
        label="What makes it easier for you to be here?",
        help_text="For example: no stairs, a seat near the door, breaks, large print.",
    )
    facilitator_wishes = ProseField(
        required=False,
        rows=3,
        max_length=2000,
        label="What would you like in a peer facilitator?",
        help_text="We try our best. We can't always do it.",
    )

    def __init__(self, *args: Any, participant: Participant, **kwargs: Any) -> None:
        kwargs["initial"] = {n: getattr(participant, n) for n in PreferencesForm.base_fields}
        super().__init__(*args, **kwargs)
