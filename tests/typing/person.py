"""Somebody who types notes, is cut off, goes on, and what of it is lost."""

import contextlib
import random
import time
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Error

from sessions.models import GroupNoteDraft, ProgressNoteDraft
from tests.factories import PASSWORD
from tests.sessions.worlds import World
from tests.typing.cuts import ENDS_THE_PAGE, Database, Server

TYPES_FOR = 7.0  # seconds
PATIENCE = 45.0  # until all is saved once nothing is cut any more
STROKE = (0.12, 0.4)  # seconds between words, as somebody who types fast
PAUSE = (1.2, 2.2)  # thinking

# What stands on the page in one moment: the line, and the words in the fields.
LOOK = """() => {
  const line = document.querySelector("[data-saved]");
  if (!line) return null;
  const words = {};
  for (const field of document.querySelectorAll("[data-part] textarea")) words[field.name] = field.value;
  return {
    state: line.dataset.state, line: line.textContent.trim(), words,
    asks: Boolean(document.querySelector("[data-sign-in]")?.open),
    both: Boolean(document.querySelector("[data-keep-mine]")),
  };
}"""
WRITE = """(name) => {
  const field = document.querySelector(`[name="${name}"]`);
  for (let more = field.closest("details"); more; more = more.parentElement.closest("details")) more.open = true;
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
}"""


@dataclass
class Figures:
    runs: int = 0
    words: int = 0
    looks: int = 0  # how often a "Saved" was held against the database
    false_saved: list[str] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    unsaved: list[str] = field(default_factory=list)
    asked_for_nothing: list[str] = field(default_factory=list)  # both texts, and nobody else there
    cuts: dict[str, int] = field(default_factory=dict)

    @property
    def worst(self) -> float:
        return max(self.losses, default=0.0)

    @property
    def so_far(self) -> str:
        """One line for who waits."""
        return (
            f"{self.runs} runs, {self.worst:.2f} s lost at worst, {len(self.false_saved)} false, "
            f"{len(self.unsaved)} never saved"
        )

    def __str__(self) -> str:
        cuts = ", ".join(f"{kind} {number}" for kind, number in sorted(self.cuts.items()))
        lost = sum(1 for loss in self.losses if loss > 0)
        return (
            f"{self.runs} runs, {self.words} words typed; {lost} runs lost some typing, "
            f'{self.worst:.2f} s at worst; false "saved": {len(self.false_saved)} in {self.looks} '
            f"looks at the database; never saved: {len(self.unsaved)}; asked to choose between "
            f"one's own texts: {self.asked_for_nothing or 0}\ncuts: {cuts}"
        )


class Person:
    """One run: one world, one browser of their own."""

    def __init__(
        self, number: int, seed: int, world: World, context: Any, kinds: tuple[str, ...],
        database: Database, server: Server, figures: Figures,
    ) -> None:  # fmt: skip
        self.name = f"run {number} ({' and '.join(kinds)})"
        self.dice = random.Random(f"{seed}:{number}")
        self.world, self.context, self.kinds = world, context, kinds
        self.database, self.server, self.figures = database, server, figures
        self.address = f"/groups/sessions/{world.session.pk}/note/"
        self.fields = [
            "group-what_was_done",
            *(f"p-{person.pk}-own_words" for person in world.people),
        ]
        self.expected = dict.fromkeys(self.fields, "")
        self.typed: list[tuple[float, str, str]] = []  # when, where, which word
        self.loss = 0.0
        self.page: Any = None
        self.cut_now: set[str] = set()
        self.held: list[Any] = []
        self.done = False
        self.counted = 0

    # --- the plan ---------------------------------------------------------------------------------
    def begin(self) -> None:
        now = time.monotonic()
        self.ends_typing = now + TYPES_FOR
        self.next_word = now + self.dice.uniform(*STROKE)
        first = now + self.dice.uniform(0.4, 4.0)
        self.plan: list[tuple[float, str, str]] = []
        last = first
        for kind in self.kinds:
            self.plan.append((last, "cut", kind))
            if kind not in ENDS_THE_PAGE:
                long = self.dice.uniform(2, 11) if kind == "hanging" else self.dice.uniform(0.5, 6)
                self.plan.append((first + long, "heal", kind))
            last += self.dice.uniform(0.1, 2.5)
        ending = [kind for kind in self.kinds if kind in ENDS_THE_PAGE]
        if ending:
            closes = next(at for at, _, kind in self.plan if kind in ENDS_THE_PAGE)
            # What cuts a page off that ends stays cut until it has ended.
            self.plan = [
                (max(at, closes + self.dice.uniform(0.1, 1.5)) if act == "heal" else at, act, kind)
                for at, act, kind in self.plan
            ]
            back = max(at for at, _, _ in self.plan) + self.dice.uniform(0.2, 1.0)
            self.plan.append((back, "open", ""))
            self.ends_typing = max(self.ends_typing, back + 2.0)
        self.plan.sort(key=lambda step: step[0])
        self.gives_up = max(self.ends_typing, self.plan[-1][0]) + PATIENCE

    def tick(self) -> None:
        """Whatever is due now."""
        if self.done:
            return
        now = time.monotonic()
        if self.plan and now >= self.plan[0][0]:
            _, act, kind = self.plan[0]
            if act == "open" and self.database.down:
                return
            self.plan.pop(0)
            {"cut": self.cut, "heal": self.heal, "open": lambda _: self.open()}[act](kind)
        if self.page is None:
            return
        try:
            self.look_and_type(now)
        except Error as fault:
            self.figures.unsaved.append(f"{self.name}: {str(fault)[:200]}")
            self.end()

    def look_and_type(self, now: float) -> None:
        seen = self.page.evaluate(LOOK)
        if seen is None:
            if now > self.gives_up:
                words = self.page.inner_text("body")[:200]
                self.figures.unsaved.append(f"{self.name}: {self.page.url} {words}")
                self.end()
            else:
                self.sign_in_on_the_page()
            return
        self.check(seen)
        if seen["asks"]:
            self.sign_in_again()
        elif seen["both"]:
            self.figures.asked_for_nothing.append(self.name)
            self.page.locator("[data-keep-mine]").first.click()
        elif now < self.ends_typing:
            if now >= self.next_word:
                self.type()
                pause = PAUSE if self.dice.random() < 0.12 else STROKE
                self.next_word = time.monotonic() + self.dice.uniform(*pause)
        elif not self.plan and seen["state"] == "saved":
            self.compare_at_the_end(seen)
            self.end()
        elif now > self.gives_up:
            self.figures.unsaved.append(f"{self.name}: {seen['line']}")
            self.end()

    def end(self) -> None:
        self.done = True
        while self.cut_now:
            self.heal(next(iter(self.cut_now)))
        self.figures.losses.append(self.loss)
        self.figures.words += len(self.typed)
        self.figures.runs += 1
        self.context.close()

    # --- typing -------------------------------------------------------------------------------------
    def type(self) -> None:
        where = self.fields[(len(self.typed) // 7) % len(self.fields)]
        word = f"w{len(self.typed)} "
        self.page.evaluate(WRITE, where)
        self.page.keyboard.insert_text(word)
        self.typed.append((time.monotonic(), where, word.strip()))
        self.expected[where] += word

    def open(self) -> None:
        """A tab with the notes; when it is not the first, what was lost is counted."""
        self.page = self.context.new_page()
        self.page.goto(self.address)
        if "/accounts/login/" in self.page.url:
            self.sign_in_on_the_page()
        self.page.locator("[data-note][data-ready]").wait_for(state="attached")
        if self.typed:
            self.count_loss(self.page.evaluate(LOOK)["words"])

    def count_loss(self, words: dict[str, str]) -> None:
        """Seconds of typing that came back in no field; from then on what stands there counts."""
        lost = [
            at for at, where, word in self.typed
            if word not in words[where].split() and word in self.expected[where].split()
        ]  # fmt: skip
        if lost:
            self.loss = max(self.loss, self.cut_at - min(lost))
        self.expected = {name: words[name] for name in self.fields}

    def sign_in_on_the_page(self) -> None:
        if self.page.locator("input[name=login]").count():
            self.page.fill("input[name=login]", self.world.leader.email)
            self.page.fill("input[name=password]", PASSWORD)
            self.page.press("input[name=password]", "Enter")
            self.page.wait_for_url(f"**{self.address}*")

    def sign_in_again(self) -> None:
        field_ = self.page.locator("#sign-in-here-password")
        with contextlib.suppress(Error):  # it may go on by itself meanwhile
            if field_.input_value() == "":
                field_.fill(PASSWORD, timeout=2000)
                field_.press("Enter", timeout=2000)

    # --- cutting ------------------------------------------------------------------------------------
    def cut(self, kind: str) -> None:
        self.figures.cuts[kind] = self.figures.cuts.get(kind, 0) + 1
        pk = self.world.session.pk
        self.cut_at = time.monotonic()
        if kind == "cookie":
            self.context.clear_cookies()
            return
        if kind in ENDS_THE_PAGE:
            self.leave(kind)
            return
        self.cut_now.add(kind)
        if kind == "offline":
            self.context.set_offline(True)
        elif kind == "database":
            self.database.cut()
        elif kind == "500":
            self.server.before.add(pk)
        elif kind == "500 after saving":
            self.server.after.add(pk)
        elif kind == "answers lost":
            self.context.route("**/note/save/", self.lose_the_answer)
        elif kind == "hanging":
            self.context.route("**/note/save/", self.hold)

    def heal(self, kind: str) -> None:
        if kind not in self.cut_now:
            return
        self.cut_now.discard(kind)
        pk = self.world.session.pk
        if kind == "offline":
            self.context.set_offline(False)
        elif kind == "database":
            self.database.heal()
        elif kind == "500":
            self.server.before.discard(pk)
        elif kind == "500 after saving":
            self.server.after.discard(pk)
        else:
            self.context.unroute("**/note/save/")
            for route in self.held:
                with contextlib.suppress(Error):
                    route.continue_()
            self.held.clear()

    def hold(self, route: Any) -> None:
        self.held.append(route)

    def lose_the_answer(self, route: Any) -> None:
        with contextlib.suppress(Error):
            route.fetch(max_redirects=0)
        with contextlib.suppress(Error):
            route.abort()

    def leave(self, kind: str) -> None:
        page, self.page = self.page, None
        if kind == "crashed":
            with contextlib.suppress(Error):
                self.context.new_cdp_session(page).send("Page.crash", timeout=300)
        with contextlib.suppress(Error):
            page.close()

    # --- what is true ---------------------------------------------------------------------------------
    def stored(self) -> dict[str, str]:
        found = dict.fromkeys(self.fields, "")
        for draft in GroupNoteDraft.objects.filter(session=self.world.session):
            found["group-what_was_done"] = draft.what_was_done
        for part in ProgressNoteDraft.objects.filter(session=self.world.session):
            found[f"p-{part.participant_id}-own_words"] = part.own_words
        return found

    def check(self, seen: dict[str, Any]) -> None:
        """Where the line says "Saved", the database holds what stands in the fields."""
        if not seen["line"].startswith("Saved"):
            return
        stored = self.stored()
        again = self.page.evaluate(LOOK)
        if again is None or again["words"] != seen["words"]:
            return
        self.figures.looks += 1
        differ = [
            name for name in self.fields if seen["words"][name].strip() != stored[name].strip()
        ]
        if differ:
            name = differ[0]
            self.figures.false_saved.append(
                f"{self.name}: {seen['line']!r} over {seen['words'][name]!r}, stored {stored[name]!r}"
            )

    def compare_at_the_end(self, seen: dict[str, Any]) -> None:
        self.cut_at = time.monotonic()
        self.count_loss(self.stored())
