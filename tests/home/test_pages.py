"""Landing, search, profile, the participant's own page, the bell and the crisis line."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from facilitators.models import BoundaryConcern, CheckIn, Supervision
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.home.views.today import LANDINGS
from phpsupport.home.waiting import waiting
from phpsupport.lib import clock
from phpsupport.programs.models import PolicyProfile, Program
from phpsupport.users.models import User
from sessions.actions.rejudging import rejudge
from sessions.models import SessionState
from tests import factories as make


@pytest.fixture
def program(db: None) -> Program:
    return make.make_program()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def today(program: Program) -> Any:
    return clock.local_date(clock.now(), program.zone)


# --- landing -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("role", "name"), LANDINGS)
def test_everybody_lands_on_a_page_that_opens(program: Program, role: Role, name: str) -> None:
    if role == Role.FACILITATOR:
        user = make.make_facilitator(program).user
    else:
        user = make.make_staff(program, role)
    client = signed_in(user)
    assert client.get("/")["Location"] == reverse(name)
    page = client.get(reverse(name))
    assert page.status_code == 200
    for item in page.context["frame"].nav:
        assert client.get(item.url).status_code == 200, item.label


def test_somebody_without_a_role_is_told_what_to_do(db: None) -> None:
    page = signed_in(make.make_user(first_name="Noa")).get("/").content.decode()
    assert "Nothing is open to you today" in page


# --- profile ------------------------------------------------------------------------------------------
def test_a_profile_is_changed_and_noted_without_its_words(program: Program) -> None:
    user = make.make_staff(program, Role.SCHEDULER)
    client = signed_in(user)
    form = {"first_name": "Robin", "last_name": "Vale", "preferred_name": "Rob", "theme": "dark"}
    assert client.post("/accounts/profile/", form).status_code == 302
    user.refresh_from_db()
    assert (user.name, user.theme, user.wants_reminders) == ("Rob Vale", "dark", False)
    entry = AuditEvent.objects.get(action="profile.changed")
    assert "Vale" not in str(entry.detail)


def test_a_refused_profile_changes_nothing_not_even_the_frame(program: Program) -> None:
    user = make.make_staff(program, Role.SCHEDULER, first_name="Robin", last_name="Vale")
    form = {"first_name": "Someone", "time_zone": "Mars/Olympus", "theme": ""}
    page = signed_in(user).post("/accounts/profile/", form)
    assert page.context["form"].errors["time_zone"]
    assert 'value="Mars/Olympus"' in page.content.decode()
    assert page.context["frame"].user_name == "Robin Vale"
    user.refresh_from_db()
    assert user.first_name == "Robin"


@pytest.mark.parametrize(("sent", "kept"), [("dark", "dark"), ("", ""), ("x' onload", "")])
def test_the_theme(program: Program, sent: str, kept: str) -> None:
    user = make.make_staff(program, Role.SCHEDULER)
    client = signed_in(user)
    assert client.post("/accounts/theme/", {"theme": sent}).status_code == 204
    assert client.get("/accounts/theme/").status_code == 405
    user.refresh_from_db()
    assert user.theme == kept


# --- search --------------------------------------------------------------------------------------------
def test_search_finds_what_one_may_see_and_notes_no_words(program: Program) -> None:
    user = make.make_staff(program, Role.SCHEDULER)
    seen = make.make_participant(program, first_name="Ismene", last_name="Alder")
    make.make_participant(make.make_program(), first_name="Ismene", last_name="Faraway")
    make.make_group(program, "Ismene's circle")
    page = signed_in(user).post("/search/", {"q": "ismene"}).content.decode()
    assert reverse("participants:detail", args=[seen.pk]) in page
    assert "circle" in page
    assert "Faraway" not in page
    entry = AuditEvent.objects.get(action="search")
    assert entry.detail == {"found": 2}


@pytest.mark.parametrize("words", ["", "a", "\u202e", "%", "a" * 5000, "' OR 1=1"])
def test_odd_words_find_nothing(program: Program, words: str) -> None:
    make.make_participant(program)
    page = signed_in(make.make_staff(program, Role.SCHEDULER)).post("/search/", {"q": words})
    assert page.status_code == 200
    assert page.context["found"] == []


# --- the participant's page --------------------------------------------------------------------------------
@pytest.fixture
def ana(program: Program) -> User:
    user = make.make_staff(program, Role.PARTICIPANT, first_name="Ana")
    make.make_participant(program, user=user)
    return user


def test_the_portal_leads_to_ones_own_things_and_names_nobody_else(
    program: Program, ana: User
) -> None:
    series = make.make_series(program, group=make.make_group(program, "Morning circle"))
    make.enroll(series, ana.participant)
    make.enroll(series, make.make_participant(program, first_name="Zebedee", last_name="Other"))
    day = today(program) + timedelta(days=2)
    make.make_session(series, day)
    client = signed_in(ana)
    page = client.get("/me/").content.decode()
    assert "Morning circle" in page
    assert "Zebedee" not in page
    for url in (
        reverse("participants:my-preferences"),
        reverse("sessions:participant-record", args=[ana.participant.pk]),
    ):
        assert url in page
        assert client.get(url).status_code == 200
    assert page.count("data-quick-exit") == 1


def test_the_crisis_line_is_the_programs_own_with_the_sites_number_first(
    program: Program, ana: User
) -> None:
    client = signed_in(ana)
    assert "call or text 988" in client.get("/me/").content.decode()
    program.site.phone = "(207) 555-0100"
    program.site.save()
    PolicyProfile.objects.create(
        program=program, effective_from=today(program), set_at=clock.now(),
        rules={"safety_line": "Or text 988 at any hour."},
    )  # fmt: skip
    page = client.get("/me/").content.decode()
    assert "Call us at (207) 555-0100. Or text 988 at any hour." in page
    assert "Call us at" in client.get("/accounts/profile/").content.decode(), "on every page"


def test_staff_pages_do_not_ask_for_the_crisis_line(
    program: Program, django_assert_num_queries: Any
) -> None:
    client = signed_in(make.make_staff(program, Role.SCHEDULER))
    client.get("/accounts/profile/")
    with django_assert_num_queries(3) as asked:
        client.get("/accounts/profile/")
    assert not [q for q in asked.captured_queries if "policyprofile" in q["sql"]]


# --- the bell ----------------------------------------------------------------------------------------------
def words(user: User, program: Program) -> list[str]:
    user.__dict__.pop("_scope", None)
    parts = waiting(user=user, program=program, at=clock.now())
    return [line.words for part in parts for line in part.lines]


def test_what_waits_for_a_facilitator(program: Program) -> None:
    supervisor = make.make_staff(program, Role.SUPERVISOR)
    sam = make.make_facilitator(program, supervisor=supervisor)
    assert words(sam.user, program) == []
    series = make.make_series(program, facilitator=sam)
    make.enroll(series, make.make_participant(program))
    make.make_session(series, today(program) - timedelta(days=3), state=SessionState.SCHEDULED)
    CheckIn.objects.create(facilitator=sam, due_on=today(program), asked_at=clock.now())
    Supervision.objects.create(
        facilitator=sam, supervisor=supervisor, starts_at=clock.now() - timedelta(days=1), held=True
    )
    told = words(sam.user, program)
    assert "1 session to finish: attendance, notes or whether it was held; 1 late" in told
    assert "A check-in asks how it goes" in told
    assert "1 supervision to read and sign" in told
    another = make.make_facilitator(program)
    assert words(another.user, program) == []


def test_what_waits_for_a_supervisor_and_not_for_another(program: Program) -> None:
    mine, other = (make.make_staff(program, Role.SUPERVISOR) for _ in range(2))
    sam = make.make_facilitator(program, supervisor=mine)
    BoundaryConcern.objects.create(
        program=program, facilitator=sam, reported_by=make.make_user(), reported_at=clock.now(),
        concern_class="question", category="other", source="staff", narrative="Words.",
        due_at=clock.now() - timedelta(hours=1),
    )  # fmt: skip
    assert "1 boundary concern to look at; 1 late" in words(mine, program)
    assert not [w for w in words(other, program) if "concern" in w]
    assert "1 boundary concern to look at; 1 late" in words(
        make.make_staff(program, Role.PROGRAM_LEAD), program
    )
    assert not [w for w in words(sam.user, program) if "concern" in w]


def test_what_waits_for_a_scheduler(program: Program) -> None:
    scheduler = make.make_staff(program, Role.SCHEDULER)
    series = make.make_series(program)
    make.make_session(series, today(program) + timedelta(days=2))
    assert "1 session without a facilitator in the coming seven days" in words(scheduler, program)


@pytest.mark.parametrize(
    "roles", [(Role.FACILITATOR,), (Role.SUPERVISOR,), (Role.SCHEDULER,), (Role.PROGRAM_LEAD,)]
)
def test_the_bells_page_asks_a_fixed_number_of_questions(
    program: Program, roles: tuple[Role, ...], django_assert_max_num_queries: Any
) -> None:
    sam = make.make_facilitator(program)
    user = sam.user if Role.FACILITATOR in roles else make.make_staff(program, *roles)
    client, numbers = signed_in(user), []
    for n in range(3):
        one = sam if Role.FACILITATOR in roles else make.make_facilitator(program, supervisor=user)
        series = make.make_series(program, facilitator=one, group=make.make_group(program))
        make.enroll(series, make.make_participant(program))
        make.make_session(series, today(program) - timedelta(days=3 + n))
        make.make_session(series, today(program) + timedelta(days=2 + n))
        client.get("/waiting/")
        with django_assert_max_num_queries(12) as asked:
            assert client.get("/waiting/").status_code == 200
        numbers.append(len(asked))
    assert len(set(numbers)) == 1, numbers


def test_no_page_but_the_bells_own_counts_what_waits(program: Program) -> None:
    page = signed_in(make.make_staff(program, Role.SCHEDULER)).get("/accounts/profile/")
    assert reverse("home:waiting") in page.content.decode()
    assert page.context["frame"].waiting == 0


def test_participants_see_no_bell(ana: User) -> None:
    assert reverse("home:waiting") not in signed_in(ana).get("/me/").content.decode()


def test_a_supervisor_hears_of_coming_sessions_without_clearance(program: Program) -> None:
    rosa = make.make_staff(program, Role.SUPERVISOR)
    sam = make.make_facilitator(program, supervisor=rosa)
    other = make.make_staff(program, Role.SUPERVISOR)
    series = make.make_series(program, facilitator=sam)
    make.make_session(series, today(program) + timedelta(days=2))
    sam.certifications.update(expires_on=today(program))
    rejudge(program=program, at=clock.now())
    assert "1 session to come with somebody not cleared" in words(rosa, program)
    assert not [w for w in words(other, program) if "not cleared" in w]
