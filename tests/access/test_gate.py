"""The gate: which page, which row, in which program; and the way to sign in and back."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404
from django.test import Client
from django.urls import reverse

from phpsupport.access import grants
from phpsupport.access.gate import load
from phpsupport.access.roles import Role
from phpsupport.access.scope import Scope, scope_of
from phpsupport.lib import clock
from phpsupport.programs.models import Closure, Program
from phpsupport.users.models import User
from sessions.models import SupportGroup
from tests import factories as make

HTMX = {"HX-Request": "true"}


@pytest.fixture
def harbor(db: None) -> Program:
    return make.make_program("Harbor Day Program")


@pytest.fixture
def lakeside(db: None) -> Program:
    return make.make_program("Lakeside Day Program", zone="America/Chicago")


def roles_at(user: User, at: datetime) -> dict[Any, Any]:
    user.__dict__.pop("_scope", None)
    with time_machine.travel(at, tick=False):
        return scope_of(user).roles


# --- scope -------------------------------------------------------------------------------------------
def test_a_roles_last_day_lasts_until_midnight_at_the_site(harbor: Program) -> None:
    user = make.make_user()
    make.give_role(user, harbor, Role.SCHEDULER, ends_on=date(2026, 3, 4))
    midnight = datetime(2026, 3, 5, 5, tzinfo=UTC)  # in New York
    assert roles_at(user, midnight - timedelta(minutes=1)) == {harbor.pk: {Role.SCHEDULER}}
    assert roles_at(user, midnight) == {}


def test_a_role_begins_with_the_sites_own_day(harbor: Program) -> None:
    user = make.make_user()
    make.give_role(user, harbor, Role.SCHEDULER, starts_on=date(2026, 3, 4))
    midnight = datetime(2026, 3, 4, 5, tzinfo=UTC)
    assert roles_at(user, midnight - timedelta(minutes=1)) == {}
    assert roles_at(user, midnight) == {harbor.pk: {Role.SCHEDULER}}


def test_two_sites_may_be_on_two_days(harbor: Program, lakeside: Program) -> None:
    user = make.make_user()
    for program in (harbor, lakeside):
        make.give_role(user, program, Role.CLINICIAN, ends_on=date(2026, 3, 4))
    assert set(roles_at(user, datetime(2026, 3, 5, 5, 30, tzinfo=UTC))) == {lakeside.pk}


def test_programs_stand_by_name_and_the_scope_is_read_once(
    lakeside: Program, harbor: Program, django_assert_num_queries: Any
) -> None:
    user = make.make_user()
    make.give_role(user, lakeside, Role.SCHEDULER)
    make.give_role(user, harbor, Role.SCHEDULER)
    user.__dict__.pop("_scope", None)
    with django_assert_num_queries(1):
        assert [p.name for p in scope_of(user).places] == [harbor.name, lakeside.name]
        scope_of(user).places[0].zone  # noqa: B018 - the site came along


def test_an_ended_role_closes_at_once(harbor: Program, client: Client) -> None:
    user = make.make_user()
    held = make.give_role(user, harbor, Role.SCHEDULER)
    client.force_login(user)
    assert client.get("/office/closed-days/").status_code == 200
    held.ends_on = clock.local_date(clock.now(), harbor.zone) - timedelta(days=1)
    held.save()
    assert client.get("/office/closed-days/").status_code == 403


def test_a_closed_account_is_signed_off_at_once(harbor: Program, client: Client) -> None:
    user = make.make_staff(harbor, Role.SCHEDULER)
    client.force_login(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get("/office/closed-days/")["Location"].startswith("/accounts/login/")
    user.refresh_from_db()
    user.__dict__.pop("_scope", None)
    assert scope_of(user).programs() == []


# --- grants ------------------------------------------------------------------------------------------
@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model whose rules a test makes itself."""
    monkeypatch.setitem(grants._rules, SupportGroup, [])
    monkeypatch.setitem(grants._limits, SupportGroup, [])


def names(user: User) -> set[str]:
    return set(SupportGroup.objects.visible_to(user).values_list("name", flat=True))


def test_nothing_registered_shows_nothing(harbor: Program, rules: None) -> None:
    make.make_group(harbor)
    assert names(make.make_staff(harbor, *Role)) == set()


def test_grants_add_up_and_no_grant_passes_a_limit(harbor: Program, rules: None) -> None:
    for name in ("a", "b", "c"):
        make.make_group(harbor, name)
    user = make.make_staff(harbor, Role.SCHEDULER)
    grants.grant(SupportGroup)(lambda scope: Q(name="a"))
    grants.grant(SupportGroup)(lambda scope: None)
    assert names(user) == {"a"}
    grants.grant(SupportGroup)(lambda scope: Q(name__in=["b", "c"]))
    assert names(user) == {"a", "b", "c"}
    grants.limit(SupportGroup)(lambda scope: ~Q(name="b"))
    grants.limit(SupportGroup)(lambda scope: None)
    assert names(user) == {"a", "c"}
    grants.limit(SupportGroup)(lambda scope: ~Q(name="c"))
    assert names(user) == {"a"}


def test_a_limit_alone_opens_nothing(harbor: Program, rules: None) -> None:
    make.make_group(harbor)
    grants.limit(SupportGroup)(lambda scope: Q())
    assert names(make.make_staff(harbor, Role.SCHEDULER)) == set()


def test_an_empty_scope_reaches_no_model(harbor: Program) -> None:
    nobody = Scope(make.make_user(), clock.now())
    for model in grants._rules:
        opened = grants.visible(model, nobody)
        assert opened is None or not model._default_manager.filter(opened).exists(), model


# --- loading -----------------------------------------------------------------------------------------
def ask(user: User, *allowed: Role, program: Program | None = None) -> Any:
    places = scope_of(user).places
    return SimpleNamespace(
        user=user, allowed_roles=frozenset(allowed), programs=places, program=program or places[0]
    )


def test_a_row_brings_its_program_along(harbor: Program, lakeside: Program) -> None:
    user = make.make_staff(harbor, Role.SCHEDULER)
    make.give_role(user, lakeside, Role.SCHEDULER)
    request = ask(user, Role.SCHEDULER, program=harbor)
    found = load(request, SupportGroup, make.make_group(lakeside).pk)
    assert request.program == found.program == lakeside


def test_a_row_seen_by_a_role_the_page_is_not_for_is_refused(
    harbor: Program, lakeside: Program
) -> None:
    """Facilitator here, scheduler there: what schedulers do is not open here."""
    user = make.make_staff(harbor, Role.FACILITATOR)
    make.give_role(user, lakeside, Role.SCHEDULER)
    group = make.make_group(harbor)
    with pytest.raises(PermissionDenied, match="for the scheduler of the program"):
        load(ask(user, Role.SCHEDULER), SupportGroup, group.pk)
    assert load(ask(user, Role.FACILITATOR), SupportGroup, group.pk) == group


@pytest.mark.parametrize("key", [UUID(int=7), "not-a-key", "", "\x00", 7, "9" * 400])
def test_what_is_not_there_and_what_is_no_key_is_404(harbor: Program, key: Any) -> None:
    user = make.make_staff(harbor, Role.SCHEDULER)
    with pytest.raises(Http404):
        load(ask(user, Role.SCHEDULER), SupportGroup, key)


def test_a_page_opens_in_the_program_where_one_holds_its_role(
    harbor: Program, lakeside: Program, client: Client
) -> None:
    user = make.make_staff(harbor, Role.FACILITATOR)
    make.give_role(user, lakeside, Role.SCHEDULER)
    client.force_login(user)
    answer = client.get("/office/closed-days/")
    assert answer.status_code == 200
    assert answer.wsgi_request.program == lakeside  # type: ignore[attr-defined]
    assert client.get("/office/people/").status_code == 403


def test_a_link_to_a_row_works_after_switching_programs(
    harbor: Program, lakeside: Program, client: Client
) -> None:
    user = make.make_staff(harbor, Role.SCHEDULER)
    make.give_role(user, lakeside, Role.SCHEDULER)
    client.force_login(user)
    day = clock.local_date(clock.now(), lakeside.zone) + timedelta(days=9)
    closed = Closure.objects.create(program=lakeside, date=day, reason="Fair")
    assert client.post(reverse("office:reopen", args=[closed.pk])).status_code == 302
    assert not Closure.objects.exists()


# --- the program one is in ---------------------------------------------------------------------------
def test_switching(harbor: Program, lakeside: Program, client: Client) -> None:
    user = make.make_staff(harbor, Role.SCHEDULER)
    make.give_role(user, lakeside, Role.SCHEDULER)
    client.force_login(user)
    for chosen in (lakeside, harbor):
        answer = client.post("/accounts/program/", {"program": str(chosen.pk)})
        assert answer["Location"] == "/"
        page = client.get("/office/closed-days/")
        assert page.wsgi_request.program == chosen  # type: ignore[attr-defined]


@pytest.mark.parametrize("chosen", ["", "x", "\x00", str(UUID(int=7)), "0" * 5000, "foreign"])
def test_a_program_that_is_not_ones_own_is_not_there(
    harbor: Program, lakeside: Program, client: Client, chosen: str
) -> None:
    user = make.make_staff(harbor, Role.SCHEDULER)
    client.force_login(user)
    chosen = str(lakeside.pk) if chosen == "foreign" else chosen
    assert client.post("/accounts/program/", {"program": chosen}).status_code == 404
    assert client.get("/office/closed-days/").wsgi_request.program == harbor  # type: ignore[attr-defined]


# --- to sign in and back -----------------------------------------------------------------------------
def test_signing_in_leads_back_to_the_page(harbor: Program, client: Client) -> None:
    user = make.make_staff(harbor, Role.SCHEDULER)
    answer = client.get("/office/closed-days/?page=2")
    assert answer["Location"] == "/accounts/login/?next=/office/closed-days/%3Fpage%3D2"
    form = {"login": user.email, "password": make.PASSWORD}
    back = client.post(answer["Location"], form | {"next": "/office/closed-days/?page=2"})
    assert back["Location"] == "/office/closed-days/?page=2"


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/office/people/?x=1", "/office/people/%3Fx%3D1"),
        ("http://elsewhere.example/office/", "/"),
        ("", "/"),
    ],
)
def test_a_form_sent_while_signed_off_leads_back_to_the_form(
    db: None, client: Client, referer: str, back: str
) -> None:
    answer = client.post("/accounts/theme/", headers={"Referer": referer})
    assert answer["Location"] == f"/accounts/login/?next={back}"


def test_a_part_of_a_page_leaves_the_page_where_it_is(db: None, client: Client) -> None:
    answer = client.get("/office/trail/", headers=HTMX)
    assert answer.status_code == 401
    told = answer.content.decode()
    assert "You were signed off. Sign in on a new tab, then try again." in told
    assert "<html" not in told
