"""A goal in the participant's own words."""

from typing import Any

from django import forms

from participants.actions.goals import mark_of
from phpsupport.lib.forms import Form, ProseField

LONGEST = 600


class NameGoalForm(Form):
    """A new goal."""

    submit = "Add this goal"
    words = ProseField(max_length=LONGEST, rows=3)

    def __init__(self, *args: Any, own: bool, called: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = self.fields["words"]
        words.label = "What would you like for yourself?" if own else f"In {called}’s own words"
        words.help_text = (
            "Big or small. There is no deadline and no score, and you can change it any time."
            if own
            else "Write it down together, the way they say it. No deadline, no score, no diagnosis."
        )


class RewordGoalForm(NameGoalForm):
    """Other words for the same goal."""

    submit = "Save these words"
    was = forms.CharField(widget=forms.HiddenInput, max_length=16, required=False)

    def __init__(self, *args: Any, words: str, **kwargs: Any) -> None:
        super().__init__(*args, initial={"words": words, "was": mark_of(words)}, **kwargs)
        self.fields["words"].help_text = "The earlier words are kept and stay in sight."
