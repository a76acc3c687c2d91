"""The one exception by which a rule says no to a person."""

from django.core.exceptions import ValidationError


class Refused(ValidationError):
    """A rule of the program refuses what was asked, in one whole sentence that says what to do.

    An action raises it; a form shows it, beside `field` when one is named and at the top of
    the form otherwise. It is a `ValidationError`, so Django's own form machinery takes it.

        raise Refused("This group is full until 14 Mar. Add the person to the waitlist.")
        raise Refused("The end comes before the start.", field="ends", code="backwards")

    `sentence` is the text for a person. `field` is the form field's name or None.
    `code` is a stable word for tests and callers that must tell refusals apart.
    """

    def __init__(self, sentence: str, field: str | None = None, code: str = "refused") -> None:
        sentence = str(sentence).strip()
        if not sentence:
            raise ValueError("Refused needs a sentence that says what to do")
        # ValidationError keeps a field only in its dict form, which drops message and code; the
        # plain form is kept and the field is carried beside it (see `add_to`).
        super().__init__(sentence, code=code)
        self.field = field

    @property
    def sentence(self) -> str:
        """The refusal as a person reads it."""
        return str(self.message)

    def __str__(self) -> str:
        return self.sentence

    def __reduce__(self) -> tuple[type["Refused"], tuple[str, str | None, str | None]]:
        return (type(self), (self.sentence, self.field, self.code))

    def add_to(self, form) -> None:
        """Put the refusal on a bound form: beside its field if the form has it, else on top."""
        name = self.field if self.field in form.fields else None
        form.add_error(name, ValidationError(self.sentence, code=self.code))
