"""The form with which a conflict of interest is declared."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from facilitators.forms.concerns import FacilitatorField
from facilitators.models import Facilitator, Relation
from participants.models import Participant
from phpsupport.lib.forms import Form, ProseField


class InterestForm(Form):
    """Who, whom, how they know each other. The rest is for who has more to say."""

    submit = "Declare it"
    q = forms.CharField(required=False, widget=forms.HiddenInput())  # what was looked for
    facilitator = FacilitatorField(
        Facilitator.objects.none(), label="Facilitator", empty_label=None
    )
    participant = forms.ModelChoiceField(
        Participant.objects.none(), label="Participant", empty_label=None, widget=forms.RadioSelect,
        error_messages={"required": "Choose the participant. Search by name if they are not shown."},
    )  # fmt: skip
    relation = forms.ChoiceField(
        label="How they know each other", choices=Relation.choices, widget=forms.RadioSelect,
        help_text="Only who declared it, the supervisor and the program lead can read this.",
    )  # fmt: skip
    note = ProseField(label="Anything to know", required=False, max_length=2000)

    def __init__(
        self,
        *args: Any,
        people: list[Facilitator],
        participants: QuerySet[Participant],
        shown: list[tuple[str, str]],
        own: bool,
        words: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["q"].initial = words
        named: Any = self.fields["facilitator"]
        named.queryset = Facilitator.objects.filter(pk__in=[row.pk for row in people])
        named.choices = [(row.pk, row.user.name) for row in people]
        if len(people) == 1:
            named.initial, named.widget = people[0].pk, forms.HiddenInput()
        chosen: Any = self.fields["participant"]
        chosen.queryset = participants
        chosen.choices = shown
        chosen.as_chips = True
        if len(shown) == 1:
            chosen.initial = shown[0][0]
        relation: Any = self.fields["relation"]
        relation.as_chips = True
        if own:
            relation.label = "How you know each other"
            relation.help_text = (
                "Only you, your supervisor and the program lead can read this. "
                "Who plans sees only that two people on a roster are to be kept apart."
            )
