"""Words that judge or diagnose, with plainer ones in their place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.screening import terms_in
from sessions.screening.terms import CLINICAL, JUDGING, TABLES
from sessions.screening.words import composed


def said(text: str, **more: bool) -> list[str]:
    return [term.said for term in terms_in(text, **more)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Was non-compliant with the plan.", ["non-compliant"]),
        ("Noncompliance, non compliant, NON-COMPLIANT.", ["Noncompliance", "non compliant", "NON-COMPLIANT"]),
        ("Manipulative and attention-seeking.", ["Manipulative", "attention-seeking"]),
        ("He manipulated staff.", ["manipulated"]),
        ("Has been clean for three days.", ["been clean"]),
        ("Tested dirty on Monday.", ["Tested dirty"]),
        ("She suffers from anxiety.", ["suffers from"]),
        ("Two addicts spoke.", ["addicts"]),
        ("A relapse last week.", ["relapse"]),
        ("Denies SI.", ["Denies", "SI"]),
        ("BPD and PTSD.", ["BPD", "PTSD"]),
        ("Diagnosed with bipolar disorder.", ["Diagnosed", "bipolar disorder"]),
        ("Es un adicto y no coopera.", ["adicto", "no coopera"]),
        ("Lleva tres meses limpia.", ["meses limpia"]),
        ("Busca la atención del grupo.", ["Busca la atención"]),
        ("La sesión fue sobre el diagnóstico.", ["diagnóstico"]),
    ],
)  # fmt: skip
def test_words_that_judge_or_diagnose(text: str, words: list[str]) -> None:
    assert said(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "We cleaned the kitchen and kept clean up short; the clean cups are on the shelf.",
        "An additional seat was added. Addison spoke of compliments.",
        "The silk is SIlver. Was HIgh up on the hill.",
        "SI, SE PUEDE, DIJO EL GRUPO AL FINAL DE LA MAÑANA ENTERA",
        "Dijo que SI a la caminata y que le gusta.",
        "Went to Alcoholics Anonymous.",
        "Was denied the apartment.",
        "He said “I am an addict and I am crazy” and laughed.",
        "Dijo «soy adicta» y sonrió.",
        "",
    ],
)
def test_plain_words_and_what_somebody_says_are_left_alone(text: str) -> None:
    assert said(text) == []


def test_in_their_own_words_people_call_themselves_what_they_like() -> None:
    assert said("I am an addict. Soy adicta.", own_words=True) == []
    assert said("Was manipulative today. I am an addict.", own_words=True) == ["manipulative"]
    assert said("I am an addict.") == ["addict"]


def test_a_plainer_word_is_offered() -> None:
    term, other = terms_in("Was non-compliant; psychotic at times.")
    assert (term.kind, other.kind) == (JUDGING, CLINICAL)
    assert "chose not to" in term.instead


def test_every_language_has_the_same_kinds() -> None:
    assert {language: {kind for kind, _, _ in table} for language, table in TABLES.items()} == {
        "en": {JUDGING, CLINICAL}, "es": {JUDGING, CLINICAL}
    }  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=200) | st.text(alphabet='clean dirtySIHIis “”"\n', max_size=200), st.booleans()
)
def test_any_text_is_looked_through(text: str, own_words: bool) -> None:
    end = 0
    for term in terms_in(text, own_words=own_words):
        assert composed(text)[term.start : term.end] == term.said
        assert end <= term.start < term.end
        end = term.end
