"""Forms of boundary concerns."""

from functools import cached_property
from typing import Any, ClassVar
from uuid import uuid4

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div
from crispy_forms.utils import TEMPLATE_PACK
from django import forms
from django.db.models import QuerySet
from django.template.loader import render_to_string

from facilitators.models import BoundaryConcern, ConcernClass, Facilitator
from facilitators.taxonomy import BOUNDARY_CATEGORIES
from phpsupport.lib.forms import Form, ProseField, helper
from phpsupport.users.models import User

CLASSES = (
    (ConcernClass.QUESTION, "A question – I would like to talk something through"),
    (ConcernClass.UNPLANNED_CONTACT, "An unplanned contact – we met by chance"),
    (ConcernClass.CROSSING, "A crossing – a line was stretched"),
    (ConcernClass.VIOLATION, "A violation – something that is always wrong"),
)
JUDGED = (
    (ConcernClass.QUESTION, "A question"),
    (ConcernClass.UNPLANNED_CONTACT, "An unplanned contact"),
    (ConcernClass.CROSSING, "A crossing – not clearly wrong, may be talked through"),
    (ConcernClass.VIOLATION, "A violation – always wrong"),
)
SEVERITIES = list(BoundaryConcern._meta.get_field("severity").choices or ())


class PersonField(forms.ModelChoiceField):
    """One person out of those who may be chosen."""

    def label_from_instance(self, obj: User) -> str:
        return obj.name


class PeopleField(forms.ModelMultipleChoiceField):
    """Several people, as chips."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: User) -> str:
        return obj.name


class FacilitatorField(forms.ModelChoiceField):
    """A facilitator by name."""

    def label_from_instance(self, obj: Facilitator) -> str:
        return obj.user.name


class More(Div):
    """Fields folded away until somebody wants to say more, or one of them holds something."""

    def __init__(self, words: str, *fields: Any) -> None:
        super().__init__(*fields)
        self.words = words

    def render(
        self, form: Any, context: Any, template_pack: Any = TEMPLATE_PACK, **kwargs: Any
    ) -> str:
        inside = self.get_rendered_fields(form, context, template_pack, **kwargs)
        return render_to_string(
            "facilitators/concerns/_more.html",
            {"words": self.words, "inside": inside, "open": form.has_more()},
        )


class ReportForm(Form):
    """Ask or report, in under a minute: four answers, the rest only for who has more to say."""

    submit = "Send"
    layout = (
        "key",
        "concern_class",
        "category",
        "narrative",
        "facilitator",
        More("When, who else, who told you", "occurred_on", "named", "told_by_participant"),
    )

    key = forms.UUIDField(widget=forms.HiddenInput)
    concern_class = forms.ChoiceField(
        label="What is it?",
        choices=CLASSES,
        widget=forms.RadioSelect,
        initial=ConcernClass.QUESTION,
        help_text="Not sure? Choose the question. Whoever looks at it will sort it out with you.",
    )
    category = forms.ChoiceField(
        label="What is it about?",
        choices=(("", "Choose what fits best"), *BOUNDARY_CATEGORIES),
        error_messages={"required": "Choose what it is about. “Other” is fine."},
    )
    facilitator = FacilitatorField(
        label="Whose boundary?",
        queryset=Facilitator.objects.none(),
        required=False,
        empty_label="Not a facilitator’s",
        help_text="The facilitator it is about. It can be you.",
    )
    narrative = ProseField(
        label="What happened, or what do you ask?",
        error_messages={"required": "Write in a sentence or two what happened or what you ask."},
        help_text="A few plain sentences. Leave out participants’ names.",
        max_length=8000,
    )
    occurred_on = forms.DateField(
        label="When did it happen?", required=False, widget=forms.DateInput
    )
    named = PeopleField(
        label="Is it about other staff?",
        queryset=User.objects.none(),
        required=False,
        help_text="Whoever you name will not see this, nor look at it.",
    )
    told_by_participant = forms.BooleanField(label="A participant told me", required=False)

    def __init__(
        self,
        *args: Any,
        facilitators: QuerySet[Facilitator],
        staff: QuerySet[User],
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("initial", {}).setdefault("key", uuid4())
        super().__init__(*args, **kwargs)
        self.fields["facilitator"].queryset = facilitators  # type: ignore[attr-defined]
        self.fields["named"].queryset = staff  # type: ignore[attr-defined]

    def has_more(self) -> bool:
        """Whether the folded part holds something, so that it opens."""
        return self.is_bound and any(
            self.errors.get(name) or self.data.get(name)
            for name in ("occurred_on", "named", "told_by_participant")
        )


# --- the steps of one concern ---------------------------------------------------------------------
class StepForm(Form):
    """A form on the page of one concern, sent to the address of its step."""

    css: ClassVar[str] = ""

    def __init__(self, *args: Any, action: str = "", people: Any = None, **kwargs: Any) -> None:
        self.action = action
        super().__init__(*args, **kwargs)
        for name in ("reviewer", "second_reviewer"):
            if name in self.fields:
                self.fields[name].queryset = people  # type: ignore[attr-defined]

    @cached_property
    def helper(self) -> FormHelper:
        return helper(
            self.submit, *(self.layout or self.fields), action=self.action, guard=self.guard
        )


class JudgeForm(StepForm):
    """How grave it is, and what kind of thing."""

    concern_class = forms.ChoiceField(label="What is it?", choices=JUDGED, widget=forms.RadioSelect)
    category = forms.ChoiceField(label="What is it about?", choices=BOUNDARY_CATEGORIES)
    severity = forms.TypedChoiceField(
        label="How serious is it?",
        choices=SEVERITIES,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how serious it is."},
    )


class TriageForm(JudgeForm):
    submit = "Give it to the reviewer"
    reviewer = PersonField(
        label="Who reviews it?",
        error_messages={"required": "Choose who reviews it."},
        queryset=User.objects.none(),
        empty_label="Choose a person",
        help_text="People named in it, and those they supervise, are not in the list.",
    )
    second_reviewer = PersonField(
        label="Second reviewer",
        queryset=User.objects.none(),
        required=False,
        empty_label="Nobody yet",
        help_text="Needed for a violation or a serious matter before it can be closed.",
    )
    words = ProseField(label="What you want to add", required=False, rows=2)


class ReassessForm(JudgeForm):
    submit = "Judge it again"
    words = ProseField(
        label="What changed your judgement?",
        rows=2,
        error_messages={"required": "Say what changed your judgement."},
    )


class StartForm(StepForm):
    submit = "Begin the review"
    words = ProseField(label="How you will go about it", required=False, rows=2)


class NoteForm(StepForm):
    submit = "Add"
    words = ProseField(
        label="What was learned or said",
        rows=3,
        error_messages={"required": "Write what you want to add."},
    )


class ActionsForm(StepForm):
    submit = "Agree these actions"
    words = ProseField(
        label="What will be done, by whom, by when",
        rows=4,
        error_messages={"required": "Write what will be done, by whom and by when."},
    )


class SecondForm(StepForm):
    submit = "Ask them"
    second_reviewer = PersonField(
        label="Second reviewer", queryset=User.objects.none(), empty_label="Choose a person"
    )


class OpinionForm(StepForm):
    submit = "Send"
    agrees = forms.TypedChoiceField(
        label="What do you think?",
        choices=(
            ("yes", "I agree: it can be closed"),
            ("no", "Not yet: send it back to review"),
        ),
        coerce=lambda value: value == "yes",
        error_messages={"required": "Choose whether you agree."},
        widget=forms.RadioSelect,
    )
    words = ProseField(label="Why", required=False, rows=2)


class HandOverForm(StepForm):
    submit = "Hand it over"
    reviewer = PersonField(
        label="New reviewer", queryset=User.objects.none(), empty_label="Choose a person"
    )
    words = ProseField(label="Why", required=False, rows=2)


class CloseForm(StepForm):
    submit = "Close the concern"
    words = ProseField(
        label="How it ended",
        rows=3,
        error_messages={"required": "Write how it ended, in a sentence or two."},
    )
    answer = ProseField(
        label="What whoever reported it may read",
        required=False,
        rows=3,
        help_text="An answer to a question, or a word of thanks. They see this and nothing else.",
    )


class ReopenForm(StepForm):
    submit = "Open it again"
    reason = ProseField(
        label="Why it must be looked at again",
        rows=2,
        error_messages={"required": "Say why it must be looked at again."},
    )
