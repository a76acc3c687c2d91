"""What is written beside a signed note: an addendum, why it is void, why it comes back."""

from typing import Any

from phpsupport.lib.forms import Form, LineField, ProseField

ANSWER = "Answer to the comment"


class AddendumForm(Form):
    """Words added beside a signed note."""

    guard = True
    submit = "Add to the note"
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


class VoidForm(Form):
    """A note declared void."""

    guard = True
    submit = "Declare void"
    reason = ProseField(
        label="Why is it void?", rows=2, max_length=1000, help_text="Kept beside the note for good."
    )


class ReturnForm(Form):
    """A note returned to its author."""

    guard = True
    submit = "Return"
    comment = ProseField(label="What is missing?", rows=3, max_length=2000)
