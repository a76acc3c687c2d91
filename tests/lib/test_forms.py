"""Forms: bounded input, sentences that say what to do, the markup of our look."""

from django import forms
from django.http import QueryDict
from django.template import Context, Template

from phpsupport.lib.errors import Refused
from phpsupport.lib.forms import (
    LARGEST,
    FilterForm,
    Form,
    LineField,
    ProseField,
    Row,
    Section,
    ZoneField,
)


class Meeting(Form):
    submit = "Book it"
    layout = (Section("When", Row("on", "starts")), "title", "note", "seats", "days", "zone")
    title = LineField(max_length=20)
    note = ProseField(required=False)
    on = forms.DateField()
    starts = forms.TimeField()
    seats = forms.IntegerField(required=False)
    days = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, choices=[("mon", "Mon"), ("tue", "Tue")]
    )
    zone = ZoneField(required=False)


GOOD = "title=Check-in&on=2027-03-04&starts=14:30&days=mon&zone=America/New_York"


def markup(form: Form) -> str:
    return Template("{% load crispy_forms_tags %}{% crispy form %}").render(Context({"form": form}))


def test_a_good_answer_is_taken() -> None:
    form = Meeting(QueryDict(GOOD))
    assert form.is_valid(), form.errors
    assert form.cleaned_data["zone"] == "America/New_York"


def test_nul_bytes_never_reach_the_database() -> None:
    form = Meeting(QueryDict(GOOD + "&note=a%00b&days=t%00ue"))
    assert form.is_valid(), form.errors
    assert form.cleaned_data["note"] == "ab"
    assert form.cleaned_data["days"] == ["mon", "tue"]
    plain = Meeting({"title": "a\0b"})
    assert plain["title"].value() == "ab"


def test_a_line_is_one_line_and_prose_keeps_its_own() -> None:
    form = Meeting(QueryDict(GOOD.replace("Check-in", "Check%0D%0A++in") + "&note=a%0D%0Ab"))
    assert form.is_valid(), form.errors
    assert form.cleaned_data["title"] == "Check in"
    assert form.cleaned_data["note"] == "a\nb"


def test_numbers_are_bounded() -> None:
    for answer, fits in (
        (LARGEST, True),
        (LARGEST + 1, False),
        (-(2**40), False),
        ("9" * 400, False),
    ):
        form = Meeting(QueryDict(f"{GOOD}&seats={answer}"))
        assert form.is_valid() is fits, answer


def test_text_is_bounded() -> None:
    class Loose(Form):
        line = forms.CharField()
        prose = forms.CharField(widget=forms.Textarea)

    assert Loose({"line": "x" * 200, "prose": "x" * 20_000}).is_valid()
    form = Loose({"line": "x" * 201, "prose": "x" * 20_001})
    assert form.errors["line"] == ["Keep this to 200 characters or fewer; it has 201."]
    assert "prose" in form.errors


def test_errors_say_what_to_do() -> None:
    form = Meeting(QueryDict("on=2027-02-30&starts=25:00&zone=Nowhere&seats=1.5"))
    assert form.errors == {
        "title": ["Fill this in."],
        "on": ["Enter a day that exists, for example 2027-03-04."],
        "starts": ["Enter a time of day, for example 14:30."],
        "seats": ["Enter a whole number."],
        "days": ["Choose at least one."],
        "zone": ["Choose a time zone from the list, for example America/New_York."],
    }


def test_a_fields_own_sentence_wins() -> None:
    class Own(Form):
        name = forms.CharField(error_messages={"required": "Say who it is."})

    assert Own({}).errors["name"] == ["Say who it is."]


def test_a_refusal_stands_beside_its_field_or_on_top() -> None:
    form = Meeting(QueryDict(GOOD))
    form.is_valid()
    form.refuse(Refused("The room is taken until 10:50.", field="starts"))
    form.refuse(Refused("This group is full."))
    assert form.errors["starts"] == ["The room is taken until 10:50."]
    assert form.non_field_errors() == ["This group is full."]
    out = markup(form)
    assert "This group is full." in out
    assert 'id="id_starts_error"' in out


def test_what_was_typed_stays() -> None:
    out = markup(Meeting(QueryDict("title=Check-in&seats=many&days=tue")))
    assert 'value="Check-in"' in out
    assert 'value="many"' in out
    assert out.count(" checked") == 1


def test_the_optional_is_marked_and_the_required_is_not() -> None:
    out = markup(Meeting())
    assert out.count("(optional)") == 3
    assert "asteriskField" not in out


def test_days_and_times_use_the_browsers_own_controls() -> None:
    out = markup(Meeting(initial={"on": "2027-03-04"}))
    assert 'type="date" name="on" value="2027-03-04"' in out
    assert 'type="time" name="starts"' in out


def test_errors_are_tied_to_their_control() -> None:
    out = markup(Meeting(QueryDict("")))
    assert 'aria-describedby="id_title_error"' in out
    assert 'id="id_title_error"' in out
    assert 'href="#id_title"' in out, "the summary on top leads to the field"


def test_several_choices_are_chips_in_one_row() -> None:
    out = markup(Meeting())
    assert out.count('class="chips"') == 1
    assert out.count('class="chip"') == 2


def test_the_browser_does_not_fill_in_the_writers_own_address() -> None:
    class Contact(Form):
        autofill = {"email": "email"}
        email = forms.EmailField()
        street = forms.CharField()

    out = markup(Contact())
    assert out.count('autocomplete="off"') == 1
    assert 'autocomplete="email"' in out


def test_the_way_back_stands_beside_the_button() -> None:
    out = markup(Meeting(cancel="/groups/?a=1&b=2"))
    assert ">Book it</button>" in out
    assert 'href="/groups/?a=1&amp;b=2"' in out


def test_a_filter_requires_nothing_and_is_sent_by_get() -> None:
    class Who(FilterForm):
        name = forms.CharField()

    assert Who(QueryDict("")).is_valid()
    out = markup(Who())
    assert 'method="get"' in out
    assert "csrf" not in out
    assert "(optional)" not in out


def test_a_form_with_a_file_is_sent_whole() -> None:
    class Certificate(Form):
        scan = forms.FileField(required=False)

    assert 'enctype="multipart/form-data"' in markup(Certificate())


def test_an_action_is_carried_out_only_for_a_valid_form_and_its_refusal_is_shown() -> None:
    asked: list[dict[str, object]] = []

    def book(**given: object) -> str:
        asked.append(given)
        if len(asked) > 1:
            raise Refused("The room is taken.", field="starts")
        return "booked"

    assert not Meeting(None).carry_out(book)
    assert not Meeting(QueryDict("title=x")).carry_out(book)
    assert not asked
    form = Meeting(QueryDict(GOOD))
    assert form.carry_out(book)
    assert form.outcome == "booked"
    assert asked[0]["title"] == "Check-in"
    again = Meeting(QueryDict(GOOD))
    assert not again.carry_out(book)
    assert again.errors["starts"] == ["The room is taken."]


def test_every_form_with_fields_warns_before_they_are_left_and_a_filter_does_not() -> None:
    class Who(FilterForm):
        name = LineField()

    class Passing(Form):
        guard = False
        name = LineField()

    assert "data-guard" in markup(Meeting())
    assert "data-guard" not in markup(Who())
    assert "data-guard" not in markup(Passing())
