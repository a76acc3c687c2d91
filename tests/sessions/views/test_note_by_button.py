"""Notes saved by their button, without script: "saved" is said only of what is kept, what is not kept
stays in sight, and nobody's words are overwritten that were not seen."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import time_machine
from django.urls import reverse

from phpsupport.users.models import User
from sessions.actions.attendance import Mark, mark_attendance
from sessions.actions.drafts import Typed, save_drafts
from sessions.actions.signing import sign_notes
from sessions.models import (
    CurriculumItem,
    GroupNoteDraft,
    GroupSession,
    ProgressNote,
    ProgressNoteDraft,
    SessionState,
    Status,
)
from tests.factories import make_facilitator, make_goal, make_participant, make_program
from tests.sessions.note_page import NotePage
from tests.sessions.worlds import AFTER, DURING, World, make_world

pytestmark = pytest.mark.django_db
LONG = "too long " * 600


@pytest.fixture(autouse=True)
def _that_tuesday() -> Iterator[None]:
    with time_machine.travel(AFTER, tick=False):
        yield


@dataclass
class Two:
    """A group that two people lead, both with its notes open."""

    world: World
    linh: User

    def open(self, user: User | None = None) -> NotePage:
        return NotePage(user or self.world.leader, self.world.session)

    def key(self, number: int) -> str:
        return f"p-{self.world.people[number].pk}"

    def words(self, number: int) -> str:
        return f"{self.key(number)}-own_words"

    def writes(self, number: int, words: str, version: int = 0) -> None:
        """What Linh saves meanwhile."""
        save_drafts(
            session=self.world.session, by=self.linh, at=AFTER,
            parts={self.world.people[number].pk: Typed({"own_words": words}, version)},
        )  # fmt: skip

    def signs(self, number: int, version: int = 1) -> ProgressNote:
        """What she signs meanwhile."""
        seen = {self.world.people[number].pk: version}
        signed = sign_notes(session=self.world.session, seen=seen, by=self.linh, at=AFTER)
        return signed.parts[0]

    def guest(self) -> int:
        """Somebody who walked in: their number among the people."""
        world = self.world
        world.people.append(make_participant(world.program, first_name="Gil", last_name="Ortega"))
        self.marks_guest()
        return len(world.people) - 1

    def marks_guest(self, *, off: bool = False) -> None:
        session = GroupSession.objects.get(pk=self.world.session.pk)
        mark = Mark(self.world.people[-1].pk, "present", walk_in=True, take_off=off, why="Mistake")
        mark_attendance(
            session=session, marks=[mark], version=session.attendance_version, by=self.linh,
            at=DURING,
        )  # fmt: skip

    def cancelled(self, *, again: bool = False) -> None:
        state = SessionState.HELD if again else SessionState.CANCELLED
        GroupSession.objects.filter(pk=self.world.session.pk).update(state=state)


@pytest.fixture
def two() -> Two:
    program = make_program()
    co = make_facilitator(program, first_name="Linh", last_name="Tran")
    world = make_world(3, program=program, co=co)
    world.mark(*[Status.PRESENT] * 3)
    return Two(world, co.user)


def stored(two: Two) -> dict[str, str]:
    """The words that are kept, by field: drafts and signed notes."""
    found = {}
    for draft in GroupNoteDraft.objects.all():
        found["group-what_was_done"] = draft.what_was_done
    for model in (ProgressNoteDraft, ProgressNote):
        for row in model.objects.all():
            found[f"p-{row.participant_id}-own_words"] = row.own_words
    return {name: words for name, words in found.items() if words}


# --- signed meanwhile ---------------------------------------------------------------------------------
def test_words_about_a_part_signed_meanwhile_stay_in_sight(two: Two) -> None:
    page = two.open()
    page.fields |= {two.words(0): "Mine about her", "group-what_was_done": "We sang."}
    two.writes(0, "Linh's about her")
    two.signs(0)
    assert page.save() == 409
    assert not page.says_saved
    assert page.state == "lost"
    assert "Linh T. signed this part meanwhile. What you typed is not in it." in page.body
    assert "Linh T. can add them beside it, as an addendum." in page.body
    assert page.fields[two.words(0)] == "Mine about her"
    assert two.words(0) in page.readonly
    assert page.unsaved == {two.key(0): "0"}
    # All else is kept.
    assert stored(two) == {two.words(0): "Linh's about her", "group-what_was_done": "We sang."}


def test_they_stay_until_somebody_lets_them_go(two: Two) -> None:
    page = two.open()
    page.fields[two.words(0)] = "Mine about her"
    two.writes(0, "Linh's about her")
    two.signs(0)
    page.save()
    page.fields["group-what_was_done"] = "We sang."
    assert page.save(sign="1") == 409, "they keep from signing, too, what was not looked at"
    assert page.fields[two.words(0)] == "Mine about her"
    assert page.offered["without"] == [two.key(0)]
    assert page.save(without=two.key(0)) == 302
    assert page.says_saved
    assert "Mine about her" not in page.body
    assert stored(two)["group-what_was_done"] == "We sang."


def test_who_signed_it_elsewhere_is_led_to_an_addendum(two: Two) -> None:
    page = two.open()
    page.fields[two.words(0)] = "One more thing"
    two.linh = two.world.leader
    two.writes(0, "Signed on the phone")
    note = two.signs(0)
    assert page.save() == 409
    assert reverse("sessions:addendum", args=["progress", note.pk]) in page.body
    assert "Write an addendum" in page.body


def test_a_group_note_signed_meanwhile_keeps_the_words_too(two: Two) -> None:
    page = two.open()
    page.fields["group-what_was_done"] = "We also cooked."
    two.world.write(group="We sang.", by=two.linh)
    two.world.sign(seen={None: 1}, by=two.linh)
    assert page.save() == 409
    assert page.fields["group-what_was_done"] == "We also cooked."
    assert "group-what_was_done" in page.readonly
    assert page.state == "lost"


def test_too_long_a_text_about_a_signed_part_is_not_swallowed(two: Two) -> None:
    page = two.open()
    page.fields[two.words(0)] = LONG
    two.writes(0, "Linh's about her")
    two.signs(0)
    assert page.save() == 422
    assert page.fields[two.words(0)] == LONG


def test_who_typed_nothing_there_is_not_told_of_it(two: Two) -> None:
    page = two.open()
    page.fields["group-what_was_done"] = "We sang."
    two.writes(0, "Linh's about her")
    two.signs(0)
    assert page.save() == 302
    assert page.says_saved


def test_an_untouched_part_is_not_saved_over_what_somebody_began(two: Two) -> None:
    CurriculumItem.objects.create(group=two.world.series.group, position=1, title="Sleep")
    GroupSession.objects.filter(pk=two.world.session.pk).update(item=CurriculumItem.objects.get())
    page = two.open()
    assert page.fields["group-topic"] == "Sleep"
    page.fields[two.words(1)] = "Only about him"
    two.world.write("Linh's about her", group="We sang.", by=two.linh)
    assert page.save() == 302
    assert (page.fields["group-what_was_done"], page.fields[two.words(0)]) == (
        "We sang.", "Linh's about her",
    )  # fmt: skip
    assert stored(two)[two.words(1)] == "Only about him"


# --- no longer on the roster ----------------------------------------------------------------------------
def test_words_about_somebody_taken_off_are_not_called_saved(two: Two) -> None:
    gil = two.guest()
    page = two.open()
    page.fields |= {two.words(gil): "About Gil", two.words(0): "About her"}
    two.marks_guest(off=True)
    assert page.save() == 409
    assert not page.says_saved
    assert page.state == "lost"
    assert "Not saved: they are no longer on the roster." in page.body
    assert page.fields[two.words(gil)] == "About Gil"
    assert "<b>Gil O.</b>" in page.body
    assert stored(two) == {two.words(0): "About her"}
    # Added again, they are somebody's part again.
    two.marks_guest()
    assert page.save() == 302
    assert stored(two)[two.words(gil)] == "About Gil"


def test_somebody_of_another_program_has_no_name_there(two: Two) -> None:
    stranger = make_participant(make_program(), first_name="Zelda", last_name="Hidden")
    page = two.open()
    page.fields |= {f"p-{stranger.pk}-version": "0", f"p-{stranger.pk}-own_words": "Who?"}
    assert page.save() == 409
    assert page.fields[f"p-{stranger.pk}-own_words"] == "Who?"
    assert "Zelda" not in page.body


def test_a_draft_about_somebody_taken_off_is_listed_and_let_go_on_purpose(two: Two) -> None:
    gil = two.guest()
    two.writes(gil, "Meant for somebody else")
    page = two.open()
    two.marks_guest(off=True)
    page.fields["group-what_was_done"] = "We sang."
    assert page.save() == 302, "what stands in a draft is not lost"
    assert "No longer on the roster" in page.body
    assert "Meant for somebody else" in page.body
    assert two.words(gil) not in page.fields
    value = page.offered["let_go"][0]
    assert page.save() == 302
    assert "Meant for somebody else" in page.body, "a save alone takes nothing away"
    page.fields["group-what_was_done"] = LONG * 5
    assert page.save(let_go=value) == 422
    assert "Meant for somebody else" in page.body, "nothing goes while something is not saved"
    page.fields["group-what_was_done"] = "We sang and cooked."
    assert page.save(let_go=value) == 302
    assert "Meant for somebody else" not in page.body
    assert stored(two) == {"group-what_was_done": "We sang and cooked."}


@pytest.mark.parametrize("value", ["", "x", "p-x:1", "p-{pk}:x", "p-{pk}:2", "{pk}:1"])
def test_nothing_goes_by_a_value_that_is_none(two: Two, value: str) -> None:
    gil = two.guest()
    two.writes(gil, "Meant for somebody else")
    two.marks_guest(off=True)
    page = two.open()
    assert page.save(let_go=value.format(pk=two.world.people[gil].pk)) == 302
    assert "Meant for somebody else" in page.body


# --- faults and refusals --------------------------------------------------------------------------------
def test_the_line_says_that_a_faulty_part_is_not_saved(two: Two) -> None:
    two.world.write(group="We sang.")
    page = two.open()
    assert page.state == "saved"
    page.fields[two.words(0)] = LONG
    assert page.save() == 422
    assert page.state == "lost"
    assert page.unsaved == {two.key(0): "0"}
    page.fields[two.words(0)] = "Short"
    assert page.save() == 302
    assert (page.state, page.unsaved) == ("saved", {})


def test_the_line_says_that_a_refused_save_is_not_saved(two: Two) -> None:
    two.world.write(group="We sang.")
    page = two.open()
    page.fields[two.words(0)] = "About her"
    two.cancelled()
    assert page.save() == 422
    assert page.state == "lost"
    assert page.fields[two.words(0)] == "About her"
    assert page.unsaved == {two.key(0): "0"}


def test_a_choice_is_kept_as_it_was_made(two: Two) -> None:
    goal = make_goal(two.world.people[0], two.world.leader)
    page = two.open()
    page.fields |= {f"{two.key(0)}-goal_id": str(goal.pk), two.words(0): LONG}
    assert page.save() == 422
    assert page.fields[f"{two.key(0)}-goal_id"] == str(goal.pk)


@pytest.mark.parametrize("what", ["a fault", "a refusal"])
def test_a_part_that_could_not_be_saved_is_not_lifted_over_newer_words(two: Two, what: str) -> None:
    page = two.open()
    page.fields[two.words(0)] = LONG if what == "a fault" else "Mine"
    two.writes(0, "Linh's about her")
    if what == "a refusal":
        two.cancelled()
    assert page.save() == 422
    assert page.fields[f"{two.key(0)}-version"] == "0"
    two.cancelled(again=True)
    page.fields[two.words(0)] = "Mine"
    assert page.save() == 409
    assert stored(two)[two.words(0)] == "Linh's about her"
    # Both were seen now: the next save is a decision.
    assert "Linh&#x27;s about her" in page.body
    assert page.save() == 302
    assert stored(two)[two.words(0)] == "Mine"


def test_a_fault_elsewhere_lifts_no_other_part_unseen(two: Two) -> None:
    page = two.open()
    page.fields |= {two.words(0): "Mine about her", two.words(1): LONG}
    two.writes(0, "Linh's about her")
    assert page.save() == 422
    assert "Linh&#x27;s about her" in page.body
    assert page.fields[f"{two.key(0)}-version"] == "1"
    assert page.fields[f"{two.key(1)}-version"] == "0"


def test_a_choice_of_somebody_else_is_shown_before_it_is_overwritten(two: Two) -> None:
    page = two.open()
    page.fields[two.words(0)] = "Mine"
    save_drafts(
        session=two.world.session, by=two.linh, at=AFTER,
        parts={two.world.people[0].pk: Typed({"written_together": True})},
    )  # fmt: skip
    assert page.save() == 409
    assert "<dt>Written together</dt><dd>Yes</dd>" in page.body


# --- any order ------------------------------------------------------------------------------------------
class Run:
    """Two people who type, save, sign, take off and add in any order."""

    def __init__(self, two: Two, seed: int) -> None:
        self.two, self.dice = two, random.Random(seed)
        self.gil = two.guest()
        self.here = True
        self.cancelled = False
        self.pages = {"dana": two.open(), "linh": two.open(two.linh)}
        self.seen = {who: page.body for who, page in self.pages.items()}
        self.number = 0
        self.saves = 0

    def step(self) -> None:
        acts = {
            self.types: 8, self.saves_page: 6, self.signs: 1, self.guest: 1, self.cancels: 1,
            self.reloads: 1,
        }  # fmt: skip
        self.dice.choices(list(acts), weights=list(acts.values()))[0]()

    @property
    def who(self) -> str:
        return self.dice.choice(["dana", "linh"])

    def types(self) -> None:
        page = self.pages[self.who]
        fields = [
            name for name in page.fields
            if name.endswith(("own_words", "what_was_done")) and name not in page.readonly
        ]  # fmt: skip
        if not fields:
            return
        name = self.dice.choice(fields)
        self.number += 1
        words = f"w{self.number}."
        kind = self.dice.random()
        if kind < 0.15:
            page.fields[name] = LONG * 5 + words
        elif kind < 0.3:
            page.fields[name] = words
        else:
            before = page.fields[name]
            page.fields[name] = f"{before if len(before) < 900 else ''} {words}".strip()

    def saves_page(self) -> None:
        who = self.who
        page = self.pages[who]
        sent, seen = dict(page.fields), self.seen[who]
        before = stored(self.two)
        status = page.save()
        after = stored(self.two)
        self.saves += 1
        typed = {
            name: words for name, words in sent.items()
            if words and name.endswith(("own_words", "what_was_done"))
        }  # fmt: skip
        for name, words in typed.items():
            kept = after.get(name) == words
            assert kept or (not page.says_saved and page.fields.get(name) == words), (who, name)
        assert page.says_saved == (status == 302)
        assert page.state != "saved" or all(after.get(n) == w for n, w in typed.items())
        if status != 302:
            assert page.state == "lost"
        for name, words in before.items():
            if after.get(name) != words:
                assert words in seen, f"{who} overwrote {name} unseen"
        self.seen[who] += page.body

    def signs(self) -> None:
        rows = list(ProgressNoteDraft.objects.exclude(participant=self.two.world.people[-1]))
        rows = sorted((row for row in rows if row.own_words), key=lambda row: row.own_words)
        if rows and not self.cancelled:
            row = self.dice.choice(rows)
            seen = {row.participant_id: row.version}
            sign_notes(session=self.two.world.session, seen=seen, by=self.two.linh, at=AFTER)

    def guest(self) -> None:
        if not self.cancelled:
            self.two.marks_guest(off=self.here)
            self.here = not self.here

    def cancels(self) -> None:
        self.two.cancelled(again=self.cancelled)
        self.cancelled = not self.cancelled

    def reloads(self) -> None:
        """Somebody starts anew, with what is kept."""
        who = self.who
        self.pages[who].open()
        self.seen[who] += self.pages[who].body


@pytest.mark.parametrize("seed", range(3))
def test_in_any_order_what_is_not_kept_stays_and_nothing_is_overwritten_unseen(
    two: Two, seed: int
) -> None:
    run = Run(two, seed)
    for _ in range(50):
        run.step()
    assert run.saves > 10
