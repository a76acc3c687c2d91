"""Further times of a series: as many as wanted, each with its own days."""

import re
from typing import Any, Final

from crispy_forms.layout import HTML, Div
from django import forms
from django.forms.utils import ErrorDict

from phpsupport.lib.errors import Refused
from phpsupport.lib.forms import Row, helper
from phpsupport.lib.ranges import Weekday
from sessions.forms.parts import PartForm
from sessions.recurrence import MOST_TIMES, Times

ADD_TIME: Final = "add-time"  # the act that asks for one more
PARTS: Final = ("weekdays", "starts", "ends")
_NAME: Final = re.compile(r"more_([1-9]\d?)_(?:weekdays|starts|ends)")
_BUTTON: Final = (
    '<button type="submit" class="btn quiet" name="act" value="add-time" hx-post="" '
    'hx-target="#more-times" hx-swap="outerHTML">Add another time</button>'
)


class Fold(Div):
    """Fields that few need, behind a line that opens them; open when one of them is used."""

    template = "components/fold.html"

    def __init__(self, summary: str, *fields: Any, unfolded: bool = False) -> None:
        super().__init__(*fields)
        self.summary, self.unfolded = summary, unfolded


class TimesForm(PartForm):
    """The part of a form that asks for further times in the same weeks.

    The page always has one more than none; `another` asks for one more than it had. Whoever leaves
    days, begin and end of a time empty takes it out.
    """

    def __init__(self, *args: Any, another: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Somebody may have given a time more while the page was open.
        names = [*self.data, *(self.initial if "stood" in self.data else ())]
        known = (_NAME.fullmatch(name) for name in (names if self.is_bound else self.initial))
        told = [n for m in known if m and (n := int(m[1])) <= MOST_TIMES]
        self.another = another
        self.more = [
            f"more_{n}" for n in range(1, min(max(told, default=1) + another, MOST_TIMES) + 1)
        ]
        for n, prefix in enumerate(self.more, start=2):
            self._add(
                f"{prefix}_weekdays",
                forms.TypedMultipleChoiceField(
                    label=f"Days of the {_nth(n)} time", choices=Weekday, coerce=int,
                    required=False, widget=forms.CheckboxSelectMultiple,
                ),
            )  # fmt: skip
            for part, end in (("starts", "begins"), ("ends", "is over")):
                label = f"The {_nth(n)} time {end}"
                self._add(f"{prefix}_{part}", forms.TimeField(label=label, required=False))

    def _add(self, name: str, field: forms.Field) -> None:
        self.fields[name] = field
        self._shape(name, field)

    def as_typed(self) -> None:
        """Show what was typed without judging it: nobody has said yet that this is all."""
        self._errors = ErrorDict()

    # --- on the page ------------------------------------------------------------------------------
    def more_times(self) -> Fold:
        """The questions, for a layout."""
        return Fold("Other times in the same weeks", self._blocks(), unfolded=self._uses_more())

    @property
    def times_part(self) -> Any:
        """The questions by themselves, as a part of the page."""
        made = helper("", self._blocks())
        made.form_tag, made.disable_csrf = False, True
        return made

    def _blocks(self) -> Div:
        blocks: list[Any] = []
        for n, prefix in enumerate(self.more, start=2):
            new = self.another and prefix == self.more[-1]
            focus = {"tabindex": "-1", "autofocus": True} if new else {}
            blocks.append(
                Div(
                    f"{prefix}_weekdays", Row(f"{prefix}_starts", f"{prefix}_ends"),
                    css_class="another-time", role="group", aria_label=f"{_nth(n)} time", **focus,
                )
            )  # fmt: skip
        told = '<p class="soft small">Leave all of a time empty to do without it.</p>'
        button = [HTML(_BUTTON)] if len(self.more) < MOST_TIMES else []
        return Div(*blocks, HTML(told), *button, css_id="more-times")

    def _uses_more(self) -> bool:
        names = [f"{prefix}_{part}" for prefix in self.more for part in PARTS]
        return (
            self.another
            or any(self[name].value() for name in names)
            or any(n in self.errors for n in names)
        )

    # --- what was typed ---------------------------------------------------------------------------
    @staticmethod
    def typed_times(times: list[Times]) -> dict[str, Any]:
        """Further times as the form's first values."""
        said: dict[str, Any] = {}
        for n, one in enumerate(times, start=1):
            said |= {
                f"more_{n}_weekdays": sorted(one.weekdays),
                f"more_{n}_starts": one.starts,
                f"more_{n}_ends": one.ends,
            }
        return said

    def half_filled(self, data: dict[str, Any]) -> list[tuple[str, str]]:
        """The questions of times that are begun, with what to say where one is empty."""
        needed = []
        for prefix in self.more:
            names = [f"{prefix}_{part}" for part in PARTS]
            if any(data.get(name) for name in names):
                needed += [
                    (name, "Fill in days, begin and end, or none of them.") for name in names
                ]
        return needed

    def further(self, data: dict[str, Any]) -> list[Times]:
        """The further times of clean values."""
        return [
            Times(
                frozenset(data[f"{prefix}_weekdays"]),
                data[f"{prefix}_starts"],
                data[f"{prefix}_ends"],
            )
            for prefix in self.more
            if data[f"{prefix}_weekdays"]
        ]

    def refuse(self, refusal: Refused) -> None:
        """What is wrong with a further time stands beside the first that is used."""
        if refusal.field == "more_times":
            used = [p for p in self.more if self[f"{p}_weekdays"].value()] or self.more
            refusal = Refused(refusal.sentence, field=f"{used[0]}_weekdays", code="more_times")
        super().refuse(refusal)


def _nth(n: int) -> str:
    """ "2nd", "11th", "21st"."""
    end = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{end}"
