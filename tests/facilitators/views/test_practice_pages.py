"""My practice and the check-in form, as a facilitator opens them."""

from datetime import timedelta

import pytest
from django.urls import reverse

from facilitators.models import BoundaryConcern, CheckIn, Leave, Supervision
from phpsupport.access.roles import Role
from phpsupport.lib import clock
from tests.factories import make_facilitator, make_program, make_staff

pytestmark = pytest.mark.django_db
MINE = "facilitators:my-practice"


@pytest.fixture
def world():
    class World:
        program = make_program()
        supervisor = make_staff(program, Role.SUPERVISOR, first_name="Maya")
        facilitator = make_facilitator(program, supervisor=supervisor)

        def asked(self, facilitator=None):
            return CheckIn.objects.create(
                facilitator=facilitator or self.facilitator,
                due_on=clock.now().date(),
                asked_at=clock.now(),
            )

    return World()


def form_of(check_in):
    return reverse("facilitators:check-in", args=[check_in.pk])


ANSWER = {"workload": "2", "hard": "A long day."}


def test_it_says_whether_one_may_lead_today_and_why_not(client, world):
    client.force_login(world.facilitator.user)
    assert "You may lead groups today." in client.get(reverse(MINE)).content.decode()
    bare = make_facilitator(world.program, cleared=False)
    client.force_login(bare.user)
    said = client.get(reverse(MINE)).content.decode()
    assert "You may not lead a group today." in said
    assert "Active listening is missing." in said


def test_it_takes_as_many_queries_with_more_on_it(client, world, django_assert_max_num_queries):
    client.force_login(world.facilitator.user)
    client.get(reverse(MINE))
    with django_assert_max_num_queries(12) as one:
        client.get(reverse(MINE))
    now = clock.now()
    world.asked()
    for days in (3, 5, 7):
        Supervision.objects.create(
            facilitator=world.facilitator,
            supervisor=world.supervisor,
            starts_at=now + timedelta(days=days),
        )
        day = now.date() + timedelta(days=days * 10)
        Leave.objects.create(facilitator=world.facilitator, from_on=day, until_on=day)
    with django_assert_max_num_queries(12) as more:
        client.get(reverse(MINE))
    assert len(more) == len(one)


def test_it_shows_what_waits(client, world):
    check_in = world.asked()
    client.force_login(world.facilitator.user)
    assert form_of(check_in) in client.get(reverse(MINE)).content.decode()


def test_without_a_record_it_says_how_one_begins(client, world):
    client.force_login(make_staff(world.program, Role.FACILITATOR))
    assert "No record of your practice here yet" in client.get(reverse(MINE)).content.decode()
    assert client.post(reverse("facilitators:non-peer-work")).status_code == 404


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.SCHEDULER, Role.PROGRAM_LEAD])
def test_it_is_for_facilitators(client, world, role):
    client.force_login(make_staff(world.program, role))
    assert client.get(reverse(MINE)).status_code == 403


# --- non-peer work in two clicks ------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "category"), [("office", "clerical_drift"), ("clinical", "clinical_drift")]
)
def test_the_second_click_makes_a_question_of_ones_own(client, world, kind, category):
    client.force_login(world.facilitator.user)
    key = client.get(reverse(MINE)).context["drift"]["key"].value()
    for _ in range(2):
        client.post(reverse("facilitators:non-peer-work"), {"kind": kind, "key": str(key)})
    concern = BoundaryConcern.objects.get()
    assert (concern.concern_class, concern.category, concern.source) == (
        "question", category, "self",
    )  # fmt: skip


def test_nonsense_is_told_in_words_and_get_is_refused(client, world):
    client.force_login(world.facilitator.user)
    answer = client.post(reverse("facilitators:non-peer-work"), {"kind": "x"}, follow=True)
    assert "Choose again" in answer.content.decode()
    assert client.get(reverse("facilitators:non-peer-work")).status_code == 405
    assert not BoundaryConcern.objects.exists()


# --- the check-in form ----------------------------------------------------------------------------
def test_answering_and_reading_it_again(client, world):
    check_in = world.asked()
    client.force_login(world.facilitator.user)
    answer = client.post(form_of(check_in), ANSWER, follow=True)
    assert "Thank you." in answer.content.decode()
    said = client.get(form_of(check_in)).content.decode()
    assert "A long day." in said
    assert "<textarea" not in said


def test_the_second_answer_is_refused_in_words(client, world):
    check_in = world.asked()
    client.force_login(world.facilitator.user)
    client.post(form_of(check_in), ANSWER)
    answer = client.post(form_of(check_in), ANSWER | {"hard": "Other."}, follow=True)
    assert "answered this check-in already" in answer.content.decode()
    check_in.refresh_from_db()
    assert check_in.hard == "A long day."


def test_a_missing_answer_is_told_and_what_was_typed_stays(client, world):
    check_in = world.asked()
    client.force_login(world.facilitator.user)
    said = client.post(form_of(check_in), {"hard": "A long day."}).content.decode()
    assert "Choose how the workload is." in said
    assert "A long day." in said


def test_somebody_elses_check_in_is_not_there(client, world):
    theirs = world.asked(make_facilitator(world.program))
    client.force_login(world.facilitator.user)
    assert client.get(form_of(theirs)).status_code == 404
    assert client.post(form_of(theirs), ANSWER).status_code == 404
    both = make_facilitator(world.program, user=world.supervisor)
    theirs.facilitator.supervisor = world.supervisor
    theirs.facilitator.save()
    client.force_login(both.user)
    assert client.get(form_of(theirs)).status_code == 403
