"""What is written beside a signed note: an addendum, why it is void, why it comes back."""

from typing import Any

from django import forms

from phpsupport.lib.forms import LineField, ProseField
from sessions.actions.naming import doubts_beside
from sessions.forms.named import NamesForm
from sessions.queries.notes import Note
from sessions.screening import Roster

ANSWER = "Answer to the comment"


class BesideForm(NamesForm):
    """Words (`texts`) that are to stand beside `note`; sent ones are looked through for the names of
    others `among` whom."""

    texts: tuple[str, ...]

    def __init__(
        self, *args: Any, note: Note | None = None, among: Roster | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound and note is not None and among is not None:
            typed = "\n".join(str(self.data.get(name, "")) for name in self.texts)
            self.ask_about(doubts_beside(note, typed, among))

    @property
    def written(self) -> dict[str, Any]:
        """What was written and why names stay in it, as the actions take it."""
        return {name: self.cleaned_data[name] for name in self.texts} | {
            "explained": self.explained
        }


class AddendumForm(BesideForm):
    """Words added beside a signed note."""

    submit = "Add to the note"
    texts = ("reason", "words")
    reason = LineField(label="Why you add something", max_length=120)
    words = ProseField(label="What you add", rows=4, max_length=5000)

    def __init__(self, *args: Any, answers: bool = False, **kwargs: Any) -> None:
        if answers:
            kwargs["initial"] = {"reason": ANSWER}
            self.submit = "Answer"
        super().__init__(*args, **kwargs)
        if answers:
            self.fields["words"].label = "Your answer"
            self.fields["words"].widget.attrs["autofocus"] = True


class VoidForm(BesideForm):
    """A note declared void."""

    submit = "Declare void"
    texts = ("reason",)
    reason = ProseField(
        label="Why is it void?", rows=2, max_length=1000, help_text="Kept beside the note for good."
    )


class ReturnForm(BesideForm):
    """A note returned to its author. `read` says what was on the page where it was read."""

    submit = "Return"
    texts = ("comment",)
    comment = ProseField(label="What is missing?", rows=3, max_length=2000)
    read = forms.CharField(required=False, widget=forms.HiddenInput, max_length=20_000)
