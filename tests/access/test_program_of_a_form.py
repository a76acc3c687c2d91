"""What was typed on a page of one program is never saved in another."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from phpsupport.access.roles import Role
from phpsupport.lib import clock
from phpsupport.programs.models import Closure, Program
from phpsupport.users.models import User
from tests import factories as make

PAGE = "/office/closed-days/"


@pytest.fixture
def harbor(db: None) -> Program:
    return make.make_program("Harbor Day Program")


@pytest.fixture
def lakeside(db: None) -> Program:
    return make.make_program("Lakeside Day Program")


@pytest.fixture
def user(harbor: Program, lakeside: Program) -> User:
    user = make.make_staff(harbor, Role.SCHEDULER)
    make.give_role(user, lakeside, Role.SCHEDULER)
    return user


@pytest.fixture
def browser(user: User) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    return client


def opened(browser: Client) -> dict[str, str]:
    """The page in a tab, filled in."""
    (token,) = set(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get(PAGE).text))
    day = clock.now().date() + timedelta(days=9)
    return {"csrfmiddlewaretoken": token, "date": day.isoformat(), "reason": "Fair"}


def test_a_form_that_lay_open_while_another_tab_changed_the_program(
    browser: Client, harbor: Program, lakeside: Program
) -> None:
    typed = opened(browser)
    switch = {"csrfmiddlewaretoken": typed["csrfmiddlewaretoken"], "program": str(lakeside.pk)}
    assert browser.post("/accounts/program/", switch).status_code == 302
    answer = browser.post(PAGE, typed)
    assert answer.status_code == 403
    assert "another program" in answer.text
    assert not Closure.objects.exists()
    browser.post(PAGE, opened(browser))
    assert Closure.objects.get().program == lakeside


def test_a_form_of_a_program_in_which_the_role_ended_meanwhile(
    browser: Client, user: User, harbor: Program
) -> None:
    typed = opened(browser)
    user.role_assignments.filter(program=harbor).delete()
    assert browser.post(PAGE, typed).status_code == 403
    assert not Closure.objects.exists()


def test_a_form_that_lay_open_while_a_role_elsewhere_was_given(
    browser: Client, user: User, harbor: Program
) -> None:
    typed = opened(browser)
    make.give_role(user, make.make_program("A first program by name"), Role.SCHEDULER)
    assert browser.post(PAGE, typed).status_code == 302
    assert Closure.objects.get().program == harbor


def test_changing_to_the_program_one_is_in_leaves_forms_alone(
    browser: Client, harbor: Program
) -> None:
    typed = opened(browser)
    switch = {"csrfmiddlewaretoken": typed["csrfmiddlewaretoken"], "program": str(harbor.pk)}
    browser.post("/accounts/program/", switch)
    assert browser.post(PAGE, typed).status_code == 302
