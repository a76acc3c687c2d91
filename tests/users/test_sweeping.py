"""What was kept for a sign-in or between check and confirmation goes when its time is over."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client

from phpsupport.celery import app
from phpsupport.importing import keeping
from phpsupport.importing.actions import check_files
from phpsupport.lib import clock
from phpsupport.users.sweeping import sweep_sessions
from tests import factories as make

pytestmark = pytest.mark.django_db


def test_sign_ins_and_uploads_that_are_over_are_swept_away() -> None:
    program, user, at = make.make_program(), make.make_user(), clock.now()
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": make.PASSWORD})
    assert UserSession.objects.count() == 1
    report = check_files(program=program, files=[], by=user, at=at)
    keeping.keep(files=[], report=report, program=program, user=user, at=at)
    assert sweep_sessions(at=at + timedelta(minutes=59)) == 0
    assert sweep_sessions(at=at + timedelta(minutes=61)) == 1, "the upload"
    assert client.get("/accounts/profile/").status_code == 200
    assert UserSession.objects.count() == 1
    assert sweep_sessions(at=at + timedelta(hours=13)) == 1
    assert not Session.objects.exists()
    assert not UserSession.objects.exists()


def test_beat_sweeps_every_few_minutes() -> None:
    every = [
        entry["schedule"]
        for entry in app.conf.beat_schedule.values()
        if entry["task"] == "phpsupport.users.tasks.sweep_sessions"
    ]
    assert every
    assert every[0] <= 600
