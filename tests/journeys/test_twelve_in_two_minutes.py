"""Twelve people documented and signed for on a phone, at the speed of a person, in two minutes.

The hand is slow on purpose: a pause before each tap, a moment to read each new page, and words typed
at 36 words a minute, the mean of phone typists (Palin and others, 2019). All of it is done in real
time; what is asserted is the hand's own time, so that a busy machine fails nothing.
"""

import time
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from sessions.models import Attendance, GroupNote, ProgressNote
from tests.factories import PASSWORD
from tests.journeys.test_attendance_and_notes import address, yesterday

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]

A_TAP = 600  # milliseconds to find the next thing and touch it
TO_READ = 1000
A_LETTER = 1000 * 60 / (36 * 5)  # 36 words of five letters a minute
TWO_MINUTES = 120

DONE = "A round of one word, then sleep."
WORDS = (
    "“Slept well.”", "Asked for help", "“Mornings hurt.”", "Told her story", "Only listened",
    "“I am proud.”", "Made us laugh", "“Back to work.”", "Tried saying no", "“Called home.”",
    "Drew a map", "“New here.”",
)  # fmt: skip
WAYS = ("Actively", "Now and then", "By listening")


class Hand:
    """One thumb on one phone. It counts its taps, and how long all of it took."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.taps = 0
        self.letters = 0
        self.pages = 0
        self.began = time.monotonic()

    def read(self) -> None:
        """A moment with a new page."""
        self.page.wait_for_timeout(TO_READ)
        self.pages += 1

    def tap(self, what: Locator) -> None:
        """Find it, touch it."""
        self.page.wait_for_timeout(A_TAP)
        what.tap()
        self.taps += 1

    def type(self, where: Locator, words: str) -> None:
        """Touch a field, type letter by letter."""
        self.tap(where)
        self.page.keyboard.type(words, delay=A_LETTER)
        self.letters += len(words)

    @property
    def seconds(self) -> float:
        """Its own time, without the machine's."""
        return (self.taps * A_TAP + self.letters * A_LETTER + self.pages * TO_READ) / 1000

    @property
    def by_the_clock(self) -> float:
        return time.monotonic() - self.began


def test_a_group_of_twelve_in_under_two_minutes(phone: Page, sign_in: Any) -> None:
    world = yesterday(12)
    sign_in(phone, world.leader)
    hand = Hand(phone)

    phone.goto(address(world, "attendance"))
    hand.read()
    hand.tap(phone.get_by_role("button", name="All present"))
    for person, mark in ((world.people[3], "Absent"), (world.people[7], "Late")):
        hand.tap(phone.locator(f"#p-{person.pk}").get_by_label(mark, exact=True))
    marking = hand.taps
    hand.tap(phone.get_by_role("button", name="Save, then notes"))
    expect(phone.get_by_text("Attendance saved.")).to_be_visible()
    assert marking <= 2 * len(world.people), "at most two taps a person"
    assert marking == 3, "one for all, one for each exception"

    hand.read()
    hand.type(phone.get_by_label("What the group did"), DONE)
    hand.tap(phone.get_by_label("I gave the confidentiality reminder"))
    wanted = {}
    others = [person for person in world.people if person != world.people[3]]
    for number, (person, words) in enumerate(zip(others, WORDS, strict=False)):
        part = phone.locator(f"#p-{person.pk}")
        hand.tap(part.get_by_label(WAYS[number % 3], exact=True))
        hand.type(part.get_by_label("In their own words"), words)
        wanted[person.pk] = words
    away = phone.locator(f"#p-{world.people[3].pk}")
    hand.tap(phone.get_by_text("Did not come (1)"))
    hand.type(away.get_by_label("In their own words"), WORDS[11])
    wanted[world.people[3].pk] = WORDS[11]
    expect(phone.locator("[data-saved]")).to_have_attribute("data-state", "saved")

    hand.tap(phone.get_by_role("button", name="Check and sign"))
    expect(phone.get_by_label("These notes say truly")).to_be_visible()
    hand.read()
    hand.tap(phone.get_by_label("These notes say truly"))
    hand.type(phone.get_by_label("Your password"), PASSWORD)
    hand.tap(phone.get_by_role("button", name="Sign", exact=True))
    expect(phone.get_by_text("13 notes are signed.")).to_be_visible()
    print(  # noqa: T201 - the figure that this test is about
        f"\n12 people in {hand.seconds:.0f} s, {hand.by_the_clock:.0f} s by the clock: {hand.taps} taps, "
        f"of which {marking} for attendance, and {hand.letters} letters"
    )
    assert dict(ProgressNote.objects.values_list("participant_id", "own_words")) == wanted
    assert GroupNote.objects.get().what_was_done == DONE
    assert Attendance.objects.filter(session=world.session).count() == 12
    assert hand.seconds < TWO_MINUTES
