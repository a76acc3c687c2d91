"""Boundary concerns as people open them."""

from uuid import uuid4

import pytest
from django.urls import reverse

from facilitators.actions import concerns as act
from facilitators.models import BoundaryConcern
from phpsupport.access.roles import STAFF, Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib import clock
from tests.factories import make_facilitator, make_program, make_staff, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    class World:
        program = make_program()
        supervisor = make_staff(program, Role.SUPERVISOR, first_name="Maya")
        other = make_staff(program, Role.SUPERVISOR, first_name="Tom")
        lead = make_staff(program, Role.PROGRAM_LEAD, first_name="Ruth")
        facilitator = make_facilitator(program, supervisor=supervisor, first_name="Ana")

        def report(self, **fields):
            given = {
                "program": self.program,
                "by": self.lead,
                "at": clock.now(),
                "concern_class": "question",
                "category": "gift_received",
                "narrative": "May they keep the knitted scarf?",
                "facilitator": self.facilitator,
            }
            return act.report_concern(**given | fields)

    return World()


def page_of(concern):
    return reverse("facilitators:concern", args=[concern.pk])


def step_of(concern, name):
    return reverse("facilitators:concern-step", args=[concern.pk, name])


def sent(**answers):
    return {
        "key": str(uuid4()),
        "concern_class": "question",
        "category": "transport",
        "narrative": "May I give somebody a lift?",
    } | answers


# --- report ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", sorted(STAFF))
def test_everybody_on_the_staff_can_report(client, world, role):
    client.force_login(make_staff(world.program, role))
    address = reverse("facilitators:concern-report")
    assert "never held against anybody" in client.get(address).content.decode()
    answer = client.post(address, sent(), follow=True)
    assert answer.redirect_chain[-1][0] == address
    assert "we are looking at it" in answer.content.decode()
    assert BoundaryConcern.objects.get().category == "transport"


def test_a_participant_and_a_stranger_cannot(client, world):
    address = reverse("facilitators:concern-report")
    assert client.post(address, sent()).status_code == 302
    for person in (make_staff(world.program, Role.PARTICIPANT), make_user()):
        client.force_login(person)
        assert client.get(address).status_code == 403
        assert client.post(address, sent()).status_code == 403
    assert not BoundaryConcern.objects.exists()


def test_the_form_keeps_what_was_typed_and_says_what_is_missing(client, world):
    client.force_login(world.facilitator.user)
    answer = client.post(reverse("facilitators:concern-report"), sent(category=""))
    assert "May I give somebody a lift?" in answer.content.decode()
    assert "Choose what it is about." in answer.content.decode()
    assert not BoundaryConcern.objects.exists()


def test_a_facilitator_is_offered_themself_and_the_second_click_is_harmless(client, world):
    client.force_login(world.facilitator.user)
    address = reverse("facilitators:concern-report")
    assert client.get(address).context["form"].initial["facilitator"] == world.facilitator
    answers = sent(facilitator=str(world.facilitator.pk))
    for _ in range(2):
        client.post(address, answers)
    assert BoundaryConcern.objects.get().source == "self"


def test_people_of_another_program_cannot_be_chosen(client, world):
    elsewhere = make_facilitator(make_program())
    client.force_login(world.supervisor)
    for wrong in (
        {"facilitator": str(elsewhere.pk)},
        {"named": [str(elsewhere.user.pk)]},
        {"facilitator": "x"},
    ):
        assert client.post(reverse("facilitators:concern-report"), sent(**wrong)).status_code == 200
    assert not BoundaryConcern.objects.exists()


# --- who sees it ----------------------------------------------------------------------------------
def test_who_handles_it_sees_it_whole_and_the_reading_is_noted(client, world):
    concern = world.report()
    client.force_login(world.supervisor)
    assert "knitted scarf" in client.get(page_of(concern)).content.decode()
    assert AuditEvent.objects.filter(
        action="boundaryconcern.read", actor_id=world.supervisor.pk, object_id=concern.pk
    ).exists()


@pytest.mark.parametrize(
    "who", ["named supervisor", "the facilitator", "stranger", "other program", "other supervisor"]
)
def test_for_everybody_else_it_is_not_there(client, world, who):
    concern = world.report(named=[world.supervisor])
    person = {
        "named supervisor": lambda: world.supervisor,
        "the facilitator": lambda: world.facilitator.user,
        "stranger": lambda: make_staff(world.program, Role.SCHEDULER),
        "other program": lambda: make_staff(make_program(), Role.SUPERVISOR, Role.PROGRAM_LEAD),
        "other supervisor": lambda: world.other,
    }[who]()
    client.force_login(person)
    answer = client.get(page_of(concern))
    assert answer.status_code == 404
    unknown = client.get(reverse("facilitators:concern", args=[uuid4()]))
    assert "knitted" not in answer.content.decode()
    assert unknown.status_code == 404
    listed = client.get(reverse("facilitators:concerns"))
    if listed.status_code == 200:
        assert "Gift received" not in listed.content.decode()
    assert client.post(step_of(concern, "note"), {"note-words": "x"}).status_code in (403, 404)
    assert concern.steps.count() == 1


def test_a_reporter_sees_a_few_words_and_none_of_the_review(client, world):
    concern = world.report(by=world.facilitator.user)
    concern = act.triage_concern(
        concern=concern, by=world.supervisor, at=clock.now(), severity=1,
        concern_class="question", category="gift_received", reviewer=world.supervisor,
        words="Between us reviewers.",
    )  # fmt: skip
    client.force_login(world.facilitator.user)
    said = client.get(page_of(concern)).content.decode()
    assert "We are looking at it." in said
    assert "knitted scarf" in said
    assert "Between us" not in said
    assert "Maya" not in said
    assert client.post(step_of(concern, "note"), {"note-words": "x"}).status_code == 403
    act.start_review(concern=concern, by=world.supervisor, at=clock.now())
    act.close_concern(
        concern=concern, by=world.supervisor, at=clock.now(), words="Inside.", answer="Keep it."
    )
    said = client.get(page_of(concern)).content.decode()
    assert "Keep it." in said
    assert "Inside." not in said


# --- steps ----------------------------------------------------------------------------------------
def triage_answers(reviewer, **more):
    return {
        "triage-concern_class": "violation",
        "triage-category": "financial",
        "triage-severity": "4",
        "triage-reviewer": str(reviewer.pk),
    } | more


def test_the_way_through_in_the_browser(client, world):
    concern = world.report()
    client.force_login(world.supervisor)
    client.post(step_of(concern, "triage"), triage_answers(world.supervisor))
    client.post(step_of(concern, "start"), {"start-words": ""})
    client.post(step_of(concern, "agree"), {"agree-words": "A refresher by Friday."})
    answer = client.post(step_of(concern, "close"), {"close-words": "Done."}, follow=True)
    assert (
        "This needs a second reviewer who agrees. Ask one, then close it."
        in answer.content.decode()
    )
    client.post(step_of(concern, "second"), {"second-second_reviewer": str(world.lead.pk)})
    client.force_login(world.lead)
    client.post(step_of(concern, "opinion"), {"opinion-agrees": "yes"})
    client.force_login(world.supervisor)
    client.post(step_of(concern, "close"), {"close-words": "Done."})
    concern.refresh_from_db()
    assert concern.state == "closed"
    client.post(step_of(concern, "reopen"), {"reopen-reason": "News."})
    concern.refresh_from_db()
    assert concern.state == "under_review"


def test_what_was_written_for_a_step_that_is_over_stays_in_sight(client, world):
    concern = world.report()
    client.force_login(world.supervisor)
    client.post(step_of(concern, "triage"), triage_answers(world.supervisor))
    client.post(step_of(concern, "start"), {"start-words": ""})
    act.agree_actions(concern=concern, by=world.supervisor, at=clock.now(), words="A refresher.")
    # Opened before that in another window: the same step, then closing without the second opinion.
    late = client.post(step_of(concern, "agree"), {"agree-words": "Two talks with Maya."})
    assert late.status_code == 422
    said = late.content.decode()
    assert "Not done: agree what will be done" in said
    assert "Two talks with Maya." in said
    closing = client.post(
        step_of(concern, "close"), {"close-words": "How it ended.", "close-answer": "For you."}
    )
    said = closing.content.decode()
    assert "This needs a second reviewer who agrees." in said
    assert "How it ended." in said
    assert "For you." in said
    concern.refresh_from_db()
    assert (concern.state, concern.closed_at) == ("actions", None)


def test_a_named_person_cannot_be_chosen_as_reviewer(client, world):
    concern = world.report(named=[world.other])
    client.force_login(world.lead)
    offered = client.get(page_of(concern)).context["first"][0]["form"].fields["reviewer"].queryset
    assert set(offered) == {world.supervisor, world.lead}
    answer = client.post(step_of(concern, "triage"), triage_answers(world.other))
    assert "Choose one from the list." in answer.content.decode()
    concern.refresh_from_db()
    assert concern.state == "reported"


def test_the_second_click_is_told_in_words(client, world):
    concern = world.report()
    client.force_login(world.lead)
    client.post(step_of(concern, "triage"), triage_answers(world.supervisor))
    answer = client.post(step_of(concern, "triage"), triage_answers(world.supervisor), follow=True)
    assert "Somebody has looked at this concern already." in answer.content.decode()


def test_a_missing_answer_stays_on_the_page_with_what_was_typed(client, world):
    concern = world.report()
    client.force_login(world.supervisor)
    answers = triage_answers(world.supervisor, **{"triage-severity": "", "triage-words": "Typed."})
    said = client.post(step_of(concern, "triage"), answers).content.decode()
    assert "Choose how serious it is." in said
    assert "Typed." in said


def test_get_changes_nothing_and_an_unknown_step_is_not_there(client, world):
    concern = world.report()
    client.force_login(world.supervisor)
    assert client.get(step_of(concern, "triage")).status_code == 405
    assert client.post(step_of(concern, "nonsense")).status_code == 404


# --- the list -------------------------------------------------------------------------------------
def test_the_list_is_empty_in_a_designed_way(client, world):
    client.force_login(world.lead)
    assert (
        "Nothing is waiting for you"
        in client.get(reverse("facilitators:concerns")).content.decode()
    )


@pytest.mark.parametrize("role", [Role.SCHEDULER, Role.FACILITATOR, Role.CLINICIAN])
def test_the_list_is_for_supervisors_and_leads(client, world, role):
    client.force_login(make_staff(world.program, role))
    assert client.get(reverse("facilitators:concerns")).status_code == 403


def test_small_numbers_are_masked_in_the_patterns_also_by_order(client, world):
    for number in range(12):
        world.report(category="transport" if number else "financial")
    client.force_login(world.lead)
    found = client.get(reverse("facilitators:concerns")).context["concerns"]
    assert [(row.category, row.learning, row.breach) for row in found.patterns] == [
        ("Financial", "fewer than 11", "none"),
        ("Transport", "11", "none"),
    ]


@pytest.mark.parametrize("who", ["supervisor", "lead"])
def test_the_list_takes_as_many_queries_for_one_as_for_three(
    client, world, django_assert_max_num_queries, who
):
    client.force_login(getattr(world, who))
    address = reverse("facilitators:concerns")
    world.report()
    client.get(address)
    with django_assert_max_num_queries(12) as one:
        assert len(client.get(address).context["concerns"].open) == 1
    world.report(category="transport", named=[world.other])
    world.report(by=world.supervisor)
    with django_assert_max_num_queries(12) as three:
        assert len(client.get(address).context["concerns"].open) == 3
    assert len(three) == len(one)


def test_one_concern_takes_as_many_queries_with_more_on_it(
    client, world, django_assert_max_num_queries
):
    concern = world.report()
    client.force_login(world.lead)
    client.get(page_of(concern))
    with django_assert_max_num_queries(16) as one:
        client.get(page_of(concern))
    for words in ("a", "b", "c"):
        act.add_to_concern(concern=concern, by=world.supervisor, at=clock.now(), words=words)
    with django_assert_max_num_queries(16) as three:
        client.get(page_of(concern))
    assert len(three) == len(one)
