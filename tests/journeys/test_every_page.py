"""Every page of the demo program, in a real browser: on a desk in light, on a phone in dark.

No serious or critical fault of accessibility, no console error, no breach of the content policy, no
sideways scrolling, one heading. What the pages say and do is tested elsewhere.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from facilitators.models import ClearanceOverride, ConflictOfInterest, Leave, Relation
from participants.models import Consent
from phpsupport.access.models import Invitation
from phpsupport.access.roles import Role
from phpsupport.demo import world as demo
from phpsupport.importing import keeping
from phpsupport.importing.report import Report
from phpsupport.lib import clock
from phpsupport.programs.models import Program
from phpsupport.users.models import User
from sessions.actions.safety import raise_concern
from sessions.models import CurriculumItem, HandOver
from tests.access.table import TABLE, Open, Page, Thing

PEOPLE = {
    Role.SCHEDULER: "priya@harbor.example",
    Role.FACILITATOR: "ana@harbor.example",
    Role.SUPERVISOR: "rosa@harbor.example",
    Role.CLINICIAN: "hanna@harbor.example",
    Role.PARTICIPANT: "marisol@mail.example",
    Role.PROGRAM_LEAD: "gloria@harbor.example",
    Role.PRIVACY_OFFICER: "samuel@harbor.example",
    Role.ADMINISTRATOR: "ines@harbor.example",
}
# Not pages: files, parts of a page (seen within it in its journey), addresses that only lead on.
NO_PAGE = {
    "home:today", "health:health", "facilitators:matrix-export", "importing:template-csv",
    "importing:template-xlsx", "importing:sample", "importing:report", "sessions:series-preview", "sessions:series-edit-preview", "sessions:sheet-pdf",
    "sessions:week-events",
}  # fmt: skip
# Signed out, beside those of the table.
ENTRANCE = ("account_login", "account_reset_password")
SECURITY = (
    "mfa_index", "mfa_activate_totp", "mfa_list_webauthn", "account_change_password",
    "account_email", "usersessions_list", "account_reauthenticate",
)  # fmt: skip


# No session begins and no day ends while one looks.
NOON_AT_THE_SITE = datetime(2026, 11, 23, 18, 2, tzinfo=UTC)


def things(program: Program) -> dict[str, Any]:
    """A row of the demo for each kind of the table, each with something true in it."""
    participant = program.episodes.get(participant__record_number="H3001").participant
    ana = program.facilitators.get(user__email=PEOPLE[Role.FACILITATOR])
    rosa = ana.supervisor
    series = program.series.get(group__name="Morning Check-in Circle")
    now = clock.now()
    noted = program.group_sessions.filter(series=series, groupnotes__isnull=False).latest(
        "starts_at"
    )
    waiting = program.waitlist.first()
    invitation = Invitation.objects.create(
        user=User.objects.create_user("new@harbor.example", first_name="Noa"), program=program,
        invited_at=now, expires_at=now + timedelta(days=7),
    )  # fmt: skip
    return {
        "participant": participant.pk,
        "care": participant.episodes.get().care_team.get().pk,
        "facilitator": ana.pk,
        "record": ana.training_records.first().pk,
        "requirement": program.training_requirements.first().pk,
        "certification": ana.certifications.first().pk,
        "leave": Leave.objects.create(
            facilitator=ana, from_on=now.date() + timedelta(days=90), until_on=now.date() + timedelta(days=91)
        ).pk,
        "override": ClearanceOverride.objects.create(
            facilitator=ana, from_on=now.date(), until_on=now.date(), reason="In the post.",
            given_by=rosa, given_at=now,
        ).pk,
        "supervision": ana.supervisions.first().pk,
        "check_in": ana.check_ins.first().pk,
        "concern": ana.boundary_concerns.first().pk,
        "interest": ConflictOfInterest.objects.create(
            program=program, facilitator=ana, participant=waiting.participant,
            relation=Relation.FRIEND, declared_by=ana.user, declared_at=now,
        ).pk,
        "group": series.group_id,
        "step": CurriculumItem.objects.filter(group__program=program).first().pk,
        "room": series.room_id,
        "series": series.pk,
        "session": series.sessions.filter(starts_at__gt=now).earliest("starts_at").pk,
        "past": noted.pk,
        "safety": raise_concern(
            session=noted, participant=noted.progressnotes.first().participant,
            by=noted.assignments.filter(active=True).first().person, at=now,
        ).pk,
        "goal": participant.goals.filter(state="open").first().pk,
        "consent": Consent.objects.filter(program=program, revoked_at=None).first().pk,
        "hand_over": HandOver.objects.create(
            program=program, series=series, author=ana.user, at=now, words="Begin standing."
        ).pk,
        "block": program.text_blocks.create(
            field="own_words", label="Said aloud", words="Said: “…”"
        ).pk,
        "enrollment": series.enrollments.first().pk,
        "waitlist": waiting.pk,
        "group_note": noted.groupnotes.get().pk,
        "progress_note": noted.progressnotes.first().pk,
        "cover": program.cover_requests.get().pk,
        "cover_ask": ana.cover_asks.get().pk,
        "proposal": program.proposals.get().pk,
        "closure": program.closures.first().pk,
        "assignment": program.role_assignments.filter(role=Role.SCHEDULER).first().pk,
        "user": User.objects.get(email=PEOPLE[Role.SCHEDULER]).pk,
        "invitation": invitation.pk,
        "upload": keeping.keep(
            files=(), report=Report(), program=program, at=now,
            user=User.objects.get(email=PEOPLE[Role.SCHEDULER]),
        ),
    }  # fmt: skip


# What each role that may open these finds there is another page.
DIFFERS = {
    "sessions:session",
    "sessions:week",
    "participants:detail",
    "facilitators:detail",
    "facilitators:interest-declare",
}


def stops(known: dict[str, Any]) -> Iterator[tuple[Role | None, str, str]]:
    """Who goes where: each page by one role that may open it, by each where it differs, and the
    landing page by each."""
    for name in ENTRANCE:
        yield None, name, reverse(name)
    for name in SECURITY:
        yield Role.SCHEDULER, name, reverse(name)
    for role in Role:
        yield role, "home:today", reverse("home:today")
    for name, row in TABLE.items():
        if isinstance(row, Open) or "GET" not in row.methods or name in NO_PAGE:
            continue
        may = row.own if isinstance(row, Thing) else row.may
        kwargs: dict[str, Any] = {}
        if isinstance(row, Thing):
            rows = {row.arg: row.kind, **row.also}
            kwargs = {**row.fixed, **{arg: known[kind] for arg, kind in rows.items()}}
        by = [role for role in PEOPLE if role in may]
        for role in by if name in DIFFERS else by[:1]:
            yield role, name, reverse(name, kwargs=kwargs)


def faults_of(page: Any, name: str, url: str, axe: Callable[..., None]) -> list[str]:
    """What is wrong with one page."""
    answer = page.goto(url)
    found = []
    if answer is None or answer.status != 200:
        return [f"{name}: answered {answer and answer.status}"]
    if page.locator("h1").count() != 1:
        found.append(f"{name}: {page.locator('h1').count()} first headings")
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if wide > 0:
        found.append(f"{name}: scrolls sideways by {wide} px")
    try:
        axe(page)
    except AssertionError as fault:
        found.append(f"{name}: {fault}")
    return found


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("scheme", "device"), [("light", "desk"), ("dark", "phone")])
def test_every_page(
    scheme: str, device: str, open_page: Callable[..., Any], sign_in: Callable[..., None], axe: Callable[..., None],
) -> None:  # fmt: skip
    with time_machine.travel(NOON_AT_THE_SITE, tick=True):
        _look_at_every_page(device, open_page, sign_in, axe)


def _look_at_every_page(
    device: str, open_page: Callable[..., Any], sign_in: Callable[..., None], axe: Callable[..., None],
) -> None:  # fmt: skip
    known = things(demo.build(clock.now()))
    size = (
        {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
        if device == "phone"
        else {}
    )
    pages: dict[Role | None, Any] = {None: open_page(**size)}
    for role, email in PEOPLE.items():
        pages[role] = open_page(**size)
        sign_in(pages[role], User.objects.get(email=email))
    found = [
        fault
        for role, name, url in stops(known)
        for fault in faults_of(pages[role], name, url, axe)
    ]
    assert not found, "\n".join(found)


def test_the_table_names_real_pages() -> None:
    assert set(TABLE) >= NO_PAGE
    assert any(isinstance(row, Page) for row in TABLE.values())
