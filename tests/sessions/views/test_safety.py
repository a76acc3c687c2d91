"""The pages of safety concerns: one tap, one button, the trail; who sees what."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from participants.models import Participant
from phpsupport.access.roles import Role
from phpsupport.access.scope import scope_of
from phpsupport.audit.models import AuditEvent
from phpsupport.lib import clock
from phpsupport.outbox.models import OutboxMessage
from phpsupport.users.models import User
from sessions.actions.drafts import Typed, save_drafts
from sessions.actions.safety import acknowledge, add_words, close_concern, take_back, tend_safety
from sessions.models import SafetyConcern
from sessions.queries.desk import desk
from sessions.queries.safety import of_session, urgent_for
from sessions.queries.safety_on_record import concerns_on_record
from tests.factories import give_role, make_facilitator, make_program, make_staff
from tests.journeys.people import meets_now
from tests.sessions.safety import AFTER, MINUTES, Safety

pytestmark = pytest.mark.django_db
IN_PLACE = {"Accept": "application/json"}


@pytest.fixture
def world(db: None) -> Safety:
    made = Safety()
    made.program.site.phone = "(503) 555-0142"
    made.program.site.save()
    meets_now(made.session, began=timedelta(minutes=20))
    return made


def window(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User, concern: SafetyConcern) -> str:
    return window(user).get(reverse("sessions:safety-concern", args=[concern.pk])).text


def tap(world: Safety, participant: Any = "", *, user: User | None = None, **headers: Any) -> Any:
    address = reverse("sessions:safety-raise", args=[world.session.pk])
    return window(user or world.dana).post(address, {"participant": participant}, headers=headers)


def now_raised(world: Safety, about: Any = "marisol", *, ago: int = 0) -> SafetyConcern:
    return world.raised(about, at=clock.now() - ago * MINUTES)


# --- raised ---------------------------------------------------------------------------------------
def test_one_tap_without_script_opens_the_page_with_nothing_to_fill_in(world):
    answer = tap(world, world.marisol.pk)
    concern = SafetyConcern.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == reverse("sessions:safety-concern", args=[concern.pk])
    text = page(world.dana, concern)
    assert f"{world.hanna.name} and {world.pat.name} were told." in text
    assert "Add what you saw" in text
    assert "That was a mistake" in text
    assert "I know and I am acting" not in text  # never the raiser


def test_one_tap_with_script_answers_in_place(world):
    answer = tap(world, world.marisol.pk, **IN_PLACE)
    concern = SafetyConcern.objects.get()
    html = answer.json()["html"]
    assert f"Told: {world.hanna.name} and {world.pat.name}." in html
    assert reverse("sessions:safety-add", args=[concern.pk]) in html
    assert "<form" not in html  # it stands inside the form of the page
    again = tap(world, world.marisol.pk, **IN_PLACE)
    assert str(concern.pk) in again.json()["html"]
    assert SafetyConcern.objects.count() == 1


def test_whoever_covers_one_session_can_raise_it_about_anybody_on_its_roster(world):
    """Before anything is marked, its people are in nothing else that they see."""
    ana = world.another()
    assert not Participant.objects.visible_to(ana).exists()
    html = tap(world, world.marisol.pk, user=ana, **IN_PLACE).json()["html"]
    assert "Told: " in html
    concern = SafetyConcern.objects.get()
    assert (concern.participant, concern.raised_by) == (world.marisol, ana)
    assert "Marisol R." in page(ana, concern)


def test_for_the_group(world):
    tap(world)
    assert SafetyConcern.objects.get().participant is None


def test_words_are_added_and_a_mistake_taken_back_in_place(world):
    tap(world, world.marisol.pk)
    concern = SafetyConcern.objects.get()
    client = window(world.dana)
    add = reverse("sessions:safety-add", args=[concern.pk])
    none = client.post(add, {"words": " "}, headers=IN_PLACE)
    assert (none.status_code, none.json()) == (
        422, {"refused": "Write in a few words what you saw or did."},
    )  # fmt: skip
    html = client.post(add, {"words": "She cried."}, headers=IN_PLACE).json()["html"]
    assert "Added " in html
    mistake = reverse("sessions:safety-mistake", args=[concern.pk])
    html = client.post(mistake, headers=IN_PLACE).json()["html"]
    assert "Closed: it was a mistake." in html
    concern.refresh_from_db()
    assert concern.closed_as == "mistake"
    refused = client.post(reverse("sessions:safety-know", args=[concern.pk]), headers=IN_PLACE)
    assert refused.status_code == 422


def test_nobody_to_tell_says_what_to_do(world):
    for person in (world.hanna, world.pat, world.rosa):
        person.is_active = False
        person.save()
    html = tap(world, world.marisol.pk, **IN_PLACE).json()["html"]
    assert "Nobody could be told." in html
    for words in ("(503) 555-0142", "988"):
        assert words in html
        assert words in page(world.dana, SafetyConcern.objects.get())


def test_when_everybody_was_told_the_page_says_that_it_goes_on(world):
    meets_now(world.session, began=timedelta(hours=2))
    at = clock.now()
    concern = world.raised(at=at - 95 * MINUTES)
    for ago in (80, 65):
        tend_safety(at=at - ago * MINUTES)
    text = page(world.rosa, concern)
    assert "Nobody is left to pass it on to. It is tried again at" in text
    assert "Everybody was reminded" not in text
    tend_safety(at=at)
    world.raised(world.tuan, at=at)
    lists = window(world.rosa).get(reverse("sessions:safety")).context["concerns"]
    left, passing = sorted(line.next_step for line in lists.open)
    assert left.startswith("Nobody is left to pass it on to. It is tried again at")
    assert passing.startswith("Passed on at")
    for user in (world.rosa, world.dana):
        text = page(user, concern)
        assert text.count("<b>Nobody is left to pass it on to</b>") == 1
        assert "Everybody was reminded 1 more time, the last" in text
        assert text.count("call or text 988") == 1
    client = window(world.dana)
    said = client.get(
        reverse("sessions:safety-concern", args=[concern.pk]), headers=IN_PLACE
    ).json()
    assert "Nobody has answered yet." in said["html"]
    assert "(503) 555-0142" in said["html"]
    acknowledge(concern=concern, by=world.pat, at=at)
    assert "It is tried again" not in page(world.rosa, concern)


def test_what_two_raised_cannot_be_taken_back_by_one(world):
    ana = world.another()
    mistake = "That was a mistake"
    assert mistake in tap(world, world.marisol.pk, **IN_PLACE).json()["html"]
    concern = SafetyConcern.objects.get()
    assert mistake not in tap(world, world.marisol.pk, user=ana, **IN_PLACE).json()["html"]
    assert mistake not in page(world.dana, concern)
    assert mistake not in tap(world, world.marisol.pk, **IN_PLACE).json()["html"]
    address = reverse("sessions:safety-mistake", args=[concern.pk])
    answer = window(world.dana).post(address, headers=IN_PLACE)  # from a page of before
    assert answer.status_code == 422
    assert "raised it as well" in answer.json()["refused"]
    assert "raised it as well" in window(world.dana).post(address, follow=True).text
    concern.refresh_from_db()
    assert concern.closed_at is None


@pytest.mark.parametrize(
    ("what", "status"), [("stranger", 403), ("unknown", 404), ("other", 404), ("no key", 404)]
)
def test_refusals(world, what, status):
    if what == "stranger":
        other = make_facilitator(world.program).user
        assert tap(world, user=other).status_code == status
    else:
        elsewhere = Safety().marisol
        named = {"unknown": world.session.pk, "other": elsewhere.pk, "no key": "x"}[what]
        assert tap(world, named).status_code == status
    assert not SafetyConcern.objects.exists()


def test_what_is_refused_is_a_sentence_in_place_and_on_the_page(world):
    world.session.state = "cancelled"
    world.session.save()
    answer = tap(world, **IN_PLACE)
    assert answer.status_code == 422
    assert "call (503) 555-0142 now" in answer.json()["refused"]
    assert tap(world).status_code == 302


# --- answered -------------------------------------------------------------------------------------
def test_one_button_says_that_somebody_acts_and_the_page_says_who(world):
    concern = now_raised(world)
    client = window(world.hanna)
    assert "Nobody has said yet that they know." in page(world.hanna, concern)
    assert "I know and I am acting" in page(world.hanna, concern)
    client.post(reverse("sessions:safety-know", args=[concern.pk]))
    for user in (world.hanna, world.dana, world.rosa):
        assert f"{world.hanna.name} knows and is acting." in page(user, concern)
    assert "I know and I am acting" not in page(world.hanna, concern)
    close = reverse("sessions:safety-close", args=[concern.pk])
    assert client.post(close, {"words": ""}).status_code == 422
    assert client.post(close, {"words": "She is safe."}).status_code == 302
    assert "She is safe." in page(world.dana, concern)


def test_who_may_not_close_it_is_told_who_can(world):
    concern = now_raised(world)
    client = window(world.pat)
    answer = client.post(
        reverse("sessions:safety-close", args=[concern.pk]), {"words": "x"}, follow=True
    )
    assert "closed by who acts on it, a clinician or the program lead" in answer.text
    concern.refresh_from_db()
    assert concern.closed_at is None


def test_the_trail_has_every_step_with_people_and_times(world):
    at = clock.now()
    concern = world.raised(at=at - 20 * MINUTES)
    add_words(concern=concern, words="She cried.", by=world.dana, at=at - 18 * MINUTES)
    OutboxMessage.objects.filter(recipient_id=world.hanna.pk).update(
        state="sent", sent_at=at - 20 * MINUTES
    )
    tend_safety(at=at - 5 * MINUTES)
    acknowledge(concern=concern, by=world.rosa, at=at - 4 * MINUTES)
    close_concern(concern=concern, words="Her sister came.", by=world.rosa, at=at)
    text = page(world.pat, concern)
    places = [
        text.index(words)
        for words in (
            f"Raised</b> <span>by {world.dana.name}",
            f"Told: {world.hanna.name} and {world.pat.name}", f"{world.hanna.name}: message sent",
            "She cried.", "Nobody answered in time: passed on", f"Told: {world.rosa.name}",
            f"Knows and is acting</b> <span>by {world.rosa.name}", "Her sister came.",
        )
    ]  # fmt: skip
    assert places == sorted(places)


# --- who sees it ----------------------------------------------------------------------------------
def test_who_sees_a_concern(world):
    concern, group = now_raised(world), now_raised(world, None)
    ana = world.another()
    other_supervisor = make_staff(world.program, Role.SUPERVISOR)

    def seen(user: User) -> set[Any]:
        user.__dict__.pop("_scope", None)
        return set(SafetyConcern.objects.visible_to(user).values_list("pk", flat=True))

    both = {concern.pk, group.pk}
    for user in (world.dana, ana, world.pat, world.hanna, world.rosa):
        assert seen(user) == both, user.first_name
    assert seen(world.omar) == {group.pk}  # a clinician who does not treat her
    for user in (
        world.sami, other_supervisor, make_facilitator(world.program).user,
        make_staff(make_program(), Role.PROGRAM_LEAD), make_staff(world.program, Role.PARTICIPANT),
        make_staff(world.program, Role.PRIVACY_OFFICER),
    ):  # fmt: skip
        assert seen(user) == set(), user.first_name
    world.marisol.sealed_at = clock.now()
    world.marisol.save()
    for user in (world.dana, world.pat, world.hanna, world.rosa):
        assert seen(user) == {group.pk}


def test_a_scheduler_who_is_told_acts_without_reading_what_was_written(world):
    world.set(safety_tell=["scheduler"])
    concern = now_raised(world)
    add_words(concern=concern, words="She cried.", by=world.dana, at=clock.now())
    text = page(world.sami, concern)
    assert "I know and I am acting" in text
    assert "She cried." not in text
    assert "What was written stays with those who lead, supervise and treat." in text
    window(world.sami).post(reverse("sessions:safety-know", args=[concern.pk]))
    add_words(concern=concern, words="I fetched Hanna.", by=world.sami, at=clock.now())
    text = page(world.sami, concern)
    assert "I fetched Hanna." in text
    assert "She cried." not in text
    assert "She cried." in page(world.pat, concern)


def test_readings_are_noted(world):
    concern = now_raised(world)
    page(world.hanna, concern)
    read = AuditEvent.objects.filter(action="safetyconcern.read", object_id=concern.pk)
    assert [e.actor_id for e in read] == [world.hanna.pk]


def test_the_page_that_asks_how_far_it_is_reads_nothing(world):
    concern = now_raised(world)
    add_words(concern=concern, words="She cried.", by=world.dana, at=clock.now())
    client = window(world.dana)
    address = reverse("sessions:safety-concern", args=[concern.pk])
    said = client.get(address, headers=IN_PLACE).json()
    assert said["answered"] is False
    assert "She cried." not in said["html"]
    acknowledge(concern=concern, by=world.hanna, at=clock.now())
    said = client.get(address, headers=IN_PLACE).json()
    assert said["answered"] is True
    assert f"{world.hanna.name} knows and is acting." in said["html"]
    assert not AuditEvent.objects.filter(action="safetyconcern.read").exists()
    assert window(world.omar).get(address, headers=IN_PLACE).status_code == 404


def test_full_names_are_for_those_who_see_them_elsewhere(world):
    concern = now_raised(world)
    for user in (world.hanna, world.rosa):
        assert "Marisol Rivera" in page(user, concern)
    for user in (world.dana, world.pat):
        assert "Rivera" not in page(user, concern)
        assert "Marisol R." in page(user, concern)


# --- lists ----------------------------------------------------------------------------------------
def test_the_list_has_the_longest_unanswered_first(world):
    answered, newer, older = (
        now_raised(world, about, ago=ago)
        for about, ago in ((world.tuan, 9), ("marisol", 3), (None, 6))
    )
    acknowledge(concern=answered, by=world.pat, at=clock.now())
    take_back(concern=now_raised(world, world.world.people[2]), by=world.dana, at=clock.now())
    context = window(world.rosa).get(reverse("sessions:safety")).context
    lists = context["concerns"]
    assert [line.id for line in lists.open] == [older.pk, newer.pk, answered.pk]
    assert lists.unanswered == 2
    assert [line.state for line in lists.closed] == ["a mistake"]


def test_an_empty_list_says_how_one_is_raised(world):
    assert "No open safety concern" in window(world.rosa).get(reverse("sessions:safety")).text


@pytest.mark.parametrize("who", ["dana", "pat", "hanna", "rosa", "sami"])
def test_a_card_stands_on_the_landing_page_of_whoever_is_told_or_raised_it(world, who):
    world.set(safety_tell=["care_team", "supervisor", "scheduler", "program_lead"])
    concern = now_raised(world, ago=5)
    client = window(getattr(world, who))
    landing = client.get("/", follow=True)
    assert reverse("sessions:safety-concern", args=[concern.pk]) in landing.text
    assert "Unanswered for 5 min" in landing.text
    bell = client.get(reverse("home:waiting")).text
    assert (reverse("sessions:safety-concern", args=[concern.pk]) in bell) == (who != "dana")
    acknowledge(concern=concern, by=world.hanna, at=clock.now())
    words = "You are acting on it." if who == "hanna" else f"{world.hanna.name} is acting"
    assert words in client.get("/", follow=True).text
    close_concern(concern=concern, words="Done.", by=world.hanna, at=clock.now())
    assert str(concern.pk) not in client.get("/", follow=True).text


def test_who_works_in_two_programs_is_told_in_the_other_one_as_well(world):
    other = make_program("Elsewhere")
    give_role(world.hanna, other, Role.SUPERVISOR)
    now_raised(world)
    (found,) = urgent_for(world.hanna, other, clock.now())
    assert found.words.startswith(f"{world.program.name} · ")


def test_what_was_raised_stands_on_the_sessions_page_for_those_who_may(world):
    concern = now_raised(world)
    address = reverse("sessions:session", args=[world.session.pk])
    link = reverse("sessions:safety-concern", args=[concern.pk])
    for user in (world.dana, world.pat, world.hanna, world.rosa):
        assert link in window(user).get(address).text
    for user in (world.sami, world.omar):
        assert link not in window(user).get(address).text
        assert of_session(world.session, user, clock.now()) == []


# --- on the record --------------------------------------------------------------------------------
def test_the_record_holds_what_was_raised_and_done(world):
    at = clock.now()
    concern = now_raised(world, ago=5)
    add_words(concern=concern, words="She cried.", by=world.dana, at=at)
    now_raised(world, world.tuan)
    now_raised(world, None)
    (for_staff,) = concerns_on_record(world.marisol, world.hanna, at=at)
    assert for_staff.state.startswith("unanswered")
    assert [s.words for s in for_staff.steps if s.words] == ["She cried."]
    world.marisol.user = make_staff(world.program, Role.PARTICIPANT)
    world.marisol.save()
    # The participant and an export have what is settled, not what is being acted on.
    assert concerns_on_record(world.marisol, world.marisol.user, at=at) == []
    assert concerns_on_record(world.marisol) == []
    close_concern(concern=concern, words="Her sister came.", by=world.hanna, at=at)
    for reader in (None, world.marisol.user):
        (own,) = concerns_on_record(world.marisol, reader, at=at)
        assert [s.words for s in own.steps if s.words] == ["She cried.", "Her sister came."]
        assert own.url == ""
        assert "Tuấn" not in str(own)
    assert concerns_on_record(world.marisol, world.omar, at=at) == []


def test_the_record_page_shows_it_and_notes_the_reading(world):
    concern = now_raised(world)
    add_words(concern=concern, words="She cried.", by=world.dana, at=clock.now())
    close_concern(concern=concern, words="Her sister came.", by=world.hanna, at=clock.now())
    world.marisol.user = make_staff(world.program, Role.PARTICIPANT)
    world.marisol.save()
    address = reverse("sessions:participant-record", args=[world.marisol.pk])
    link = reverse("sessions:safety-concern", args=[concern.pk])
    for user in (world.hanna, world.dana, world.marisol.user):
        text = window(user).get(address).text
        assert "Her sister came." in text
        assert (link in text) == (user != world.marisol.user)
    read = AuditEvent.objects.filter(action__endswith=".read", object_id=concern.pk)
    assert read.count() == 3


def test_a_tap_by_mistake_is_no_part_of_what_the_participant_reads(world):
    take_back(concern=now_raised(world), by=world.dana, at=clock.now())
    assert concerns_on_record(world.marisol) == []
    assert len(concerns_on_record(world.marisol, world.hanna)) == 1


# --- what it costs --------------------------------------------------------------------------------
@pytest.mark.parametrize("number", [1, 3])
def test_what_a_page_costs_does_not_grow(world, number, django_assert_num_queries):
    people = [*world.world.people][:number]
    raised = [now_raised(world, person) for person in people]
    for n in range(number):
        add_words(concern=raised[0], words=f"Words {n}.", by=world.dana, at=clock.now())
    client = window(world.rosa)
    one = reverse("sessions:safety-concern", args=[raised[0].pk])
    for address, cost in ((reverse("sessions:safety"), 5), (one, 9)):
        client.get(address)
        with django_assert_num_queries(cost):
            assert client.get(address).status_code == 200
    scope_of(world.hanna), scope_of(world.dana)
    with django_assert_num_queries(1):
        concerns_on_record(world.marisol, world.hanna)
    with django_assert_num_queries(1):
        of_session(world.session, world.dana, clock.now())


# --- the group note -------------------------------------------------------------------------------
def test_the_group_note_says_that_one_was_raised(db):
    world = Safety()
    world.raised(world.tuan)
    assert desk(world.session).group.words["safety_concern"] is True
    assert world.world.signed().group.safety_concern is True


def test_a_mistake_is_none_for_the_group_note_and_what_is_typed_is_not_disturbed(db):
    world = Safety()
    first = world.world.write("“I rang my sister.”", "“A good day.”")
    concern = world.raised()
    typed = {None: Typed({"what_was_done": "We breathed."}, version=first.versions[None])}
    again = save_drafts(session=world.session, parts=typed, by=world.dana, at=AFTER)
    assert again.whole  # raising one changes no draft under the hands of who writes it
    take_back(concern=concern, by=world.dana, at=AFTER)
    world.world.mark("present", "late")
    seen = {None: 2, **{person.pk: 1 for person in world.world.people[:2]}}
    assert world.world.sign(seen=seen).group.safety_concern is False
