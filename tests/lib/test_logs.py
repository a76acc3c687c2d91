"""What stands in the log names nobody and opens nothing."""

import logging
import sys
from logging.config import DictConfigurator

import pytest
from celery.app.log import Logging
from django.conf import settings
from django.db import IntegrityError, transaction
from django.test import Client

from phpsupport.celery import app
from phpsupport.users.models import User


@pytest.fixture
def line() -> logging.Formatter:
    """The formatter that the settings give to every handler."""
    (handler,) = settings.LOGGING["handlers"].values()
    made = dict(settings.LOGGING["formatters"][handler["formatter"]])
    found: logging.Formatter = DictConfigurator(settings.LOGGING).configure_formatter(made)
    return found


def written(line: logging.Formatter, message: str, *args: object) -> str:
    fault = sys.exc_info()
    return line.format(
        logging.LogRecord("x", logging.ERROR, "", 1, message, args, fault if fault[0] else None)
    )


@pytest.mark.django_db
def test_a_fault_of_the_database_is_told_without_the_row(line: logging.Formatter) -> None:
    # Apart, because a traceback quotes the lines of the program.
    row = {"email": "marisol@mail.example", "first_name": "Marisol"}
    User.objects.create(**row)
    try:
        with transaction.atomic():
            User.objects.create(**row)
    except IntegrityError as fault:
        try:
            raise RuntimeError("the page failed") from fault
        except RuntimeError:
            said = written(line, "raised unexpected: %r", fault)
    assert "marisol" not in said.lower()
    assert said.count("duplicate key value violates unique constraint") >= 2
    assert "RuntimeError: the page failed" in said


@pytest.mark.django_db
def test_a_row_that_a_check_refuses_is_not_told_over_several_lines(line: logging.Formatter) -> None:
    row = {"email": "A@mail.example", "first_name": "Mari\n\nsol", "last_name": "Reyes"}
    try:
        with transaction.atomic():
            User.objects.create(**row)
    except IntegrityError:
        said = written(line, "the page failed")
    assert "email_in_lower_case" in said
    assert not any(word in said for word in ("Mari", "sol", "Reyes", "mail.example"))


@pytest.mark.parametrize(
    "path",
    [
        "/calendar/SECRET.ics",
        "/accounts/invitation/SECRET:x:y/",
        "/accounts/password/reset/key/1-SECRET/",
        "/accounts/confirm-email/SECRET:x/",
    ],
)
def test_an_address_that_opens_something_is_not_told(line: logging.Formatter, path: str) -> None:
    said = written(line, "%s: %s", "Internal Server Error", path)
    assert "SECRET" not in said
    assert path.partition("SECRET")[0].removesuffix("1-") in said
    assert "/groups/today/" in written(line, "%s: %s", "Internal Server Error", "/groups/today/")


@pytest.mark.django_db
def test_the_log_of_a_calendar_that_fails_hides_its_address(
    line: logging.Formatter, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise ConnectionError("the cache is away")

    monkeypatch.setattr("sessions.views.feed._too_often", fails)
    answer = Client(raise_request_exception=False).get("/calendar/SECRET.ics")
    assert answer.status_code == 500
    told = [line.format(record) for record in caplog.records if record.name == "django.request"]
    assert told
    assert not any("SECRET" in one for one in told)


def test_a_worker_leaves_the_log_as_the_settings_made_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Logging, "_setup", False)
    loggers = [logging.getLogger(name) for name in ("", "celery", "celery.task")]
    before = [(each.level, list(each.handlers), each.propagate) for each in loggers]
    app.log.setup(loglevel="ERROR")
    assert [(each.level, list(each.handlers), each.propagate) for each in loggers] == before
