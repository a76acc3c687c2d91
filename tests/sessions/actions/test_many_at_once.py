"""Everything that touches the schedule and the rosters, by many hands in a random order."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier

import pytest
from django.db import connection

from participants.actions.stays import discharge_participant, reopen_stay
from participants.models import EpisodeOfCare, Participant
from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused
from phpsupport.lib.periods import Period
from sessions.actions.batches import undo_batch
from sessions.actions.enrollment import enroll, enroll_in_several
from sessions.actions.leaving import leave_series, leave_waitlist
from sessions.actions.offers import promote_waiting
from sessions.actions.schedule import cancel_session, move_session, staff_session
from sessions.actions.series import (
    create_series,
    edit_series,
    end_series,
    replace_facilitator,
)
from sessions.conflicts import first_date_over_capacity
from sessions.models import (
    Enrollment,
    GroupSeries,
    GroupSession,
    ScheduleBatch,
    SessionState,
    WaitlistEntry,
)
from sessions.queries.editing import Edit
from tests.factories import (
    make_facilitator,
    make_group,
    make_participant,
    make_program,
    make_room,
    make_series,
    make_session,
    make_staff,
)

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
TODAY = date(2026, 9, 1)
MONDAYS = [date(2026, 9, 7) + timedelta(weeks=n) for n in range(4)]
ACTS = 40
HANDS = 8

pytestmark = pytest.mark.django_db(transaction=True)


class Town:
    """A small program in which everybody wants the same rooms, people and places."""

    def __init__(self) -> None:
        self.program = make_program()
        self.by = make_staff(self.program, Role.SCHEDULER)
        self.rooms = [make_room(self.program) for _ in range(2)]
        self.leads = [make_facilitator(self.program) for _ in range(3)]
        self.groups = [make_group(self.program) for _ in range(3)]
        self.people = [make_participant(self.program) for _ in range(10)]
        for n, hour in enumerate((9, 10, 11)):
            series = make_series(
                self.program, group=self.groups[n], room=self.rooms[n % 2], starts=time(hour),
                ends=time(hour, 50), facilitator=self.leads[n], capacity=2, from_on=TODAY,
            )  # fmt: skip
            for day in MONDAYS:
                make_session(series, day)

    def acts(self, chance: random.Random):  # type: ignore[no-untyped-def]
        """What a hand may do next, each with what it is done to."""
        own = {"by": self.by, "at": AT}

        def some(rows):  # type: ignore[no-untyped-def]
            return chance.choice(list(rows))

        def series():  # type: ignore[no-untyped-def]
            return some(GroupSeries.objects.all())

        def session():  # type: ignore[no-untyped-def]
            return some(GroupSession.objects.filter(state=SessionState.SCHEDULED))

        def soon() -> date:
            return TODAY + timedelta(days=chance.randrange(0, 20))

        def plan() -> object:
            hour = chance.choice((9, 10, 11, 12, 13))
            lead, co = chance.sample(self.leads, 2)
            return create_series(
                group=some(self.groups), room=some(self.rooms), weekdays=[0], starts=time(hour),
                ends=time(hour, 50), zone=self.program.zone, from_on=MONDAYS[0],
                until_on=MONDAYS[-1], capacity=2, lead=lead, co=[co], **own,
            )  # fmt: skip

        def move() -> object:
            hour = chance.choice((9, 10, 11, 12, 13))
            return move_session(
                session=session(), on=some(MONDAYS), starts=time(hour, 20),
                ends=time(hour + 1, 10), room=some(self.rooms), **own,
            )  # fmt: skip

        def staff() -> object:
            lead, co = chance.sample(self.leads, 2)
            return staff_session(session=session(), lead=lead, co=[co], **own)

        def hand_over() -> object:
            old, new = chance.sample(self.leads, 2)
            return replace_facilitator(series=series(), old=old, new=new, from_on=soon(), **own)

        def several() -> object:
            chosen = chance.sample(list(GroupSeries.objects.all()), 2)
            return enroll_in_several(series=chosen, participant=some(here()), from_on=soon(), **own)

        def again() -> object:
            left = EpisodeOfCare.objects.exclude(discharged_on=None)
            return reopen_stay(episode=some(left), **own)

        def place() -> object:
            return enroll(series=series(), participant=some(here()), from_on=soon(), **own)

        def here() -> list[Participant]:
            return list(Participant.objects.filter(episodes__discharged_on=None))

        def give_up() -> object:
            open_ended = Enrollment.objects.filter(until_on=None)
            return leave_series(enrollment=some(open_ended), last_on=soon(), **own)

        def edit() -> object:
            hour = chance.choice((9, 10, 11))
            changed = Edit(
                weekdays=[chance.choice((0, 0, 2))], starts=time(hour, 5), ends=time(hour, 55),
                room=some([None, *self.rooms]),
            )  # fmt: skip
            return edit_series(series=series(), edit=changed, scope="all", accept=True, **own)

        def undo() -> object:
            batches = ScheduleBatch.objects.filter(undone_at=None).exclude(kind="created")
            return undo_batch(batch=some(batches), **own)

        rarely = [
            lambda: end_series(series=series(), last_on=MONDAYS[2], **own),
            lambda: cancel_session(session=session(), reason="Snow", **own),
        ]
        often = [
            plan, move, staff, hand_over, several, give_up, edit, undo,
            lambda: promote_waiting(series=series(), **own),
            lambda: leave_waitlist(
                entry=some(WaitlistEntry.objects.filter(outcome="waiting")), **own
            ),
            lambda: discharge_participant(
                episode=some(EpisodeOfCare.objects.filter(discharged_on=None)), on=TODAY, **own
            ),
        ]  # fmt: skip
        return [*rarely, *often * 3, *[place, again] * 8]


def test_many_hands_never_deadlock_and_leave_order():
    town = Town()
    ready = Barrier(HANDS)

    def hand(seed: int) -> list[object]:
        chance = random.Random(seed)
        acts, found = town.acts(chance), []
        try:
            connection.ensure_connection()
            ready.wait(60)
            for _ in range(ACTS):
                try:
                    chance.choice(acts)()
                    found.append("done")
                except Refused as refusal:
                    found.append("busy" if refusal.code == "busy" else "refused")
                except IndexError:  # nothing of that kind is left
                    found.append("nothing")
                except (GroupSession.DoesNotExist, WaitlistEntry.DoesNotExist):
                    found.append("gone")
                except Exception as fault:
                    found.append(fault)
            return found
        finally:
            connection.close()

    with ThreadPoolExecutor(HANDS) as pool:
        found = [one for hands in pool.map(hand, range(HANDS)) for one in hands]
    faults = [repr(one) for one in found if isinstance(one, Exception)]
    assert not faults, faults[:5]
    told = Counter(found)
    assert told["done"] > 20, told
    assert not told["busy"], told
    for series in GroupSeries.objects.all():
        taken = [
            Period.days(first, last)
            for first, last in series.enrollments.values_list("from_on", "until_on")
        ]
        whole = Period.days(series.from_on, series.until_on)
        # One place more would not fit, perhaps; as many as there are always do.
        assert first_date_over_capacity(taken, series.capacity + 1, whole) is None
    for place in Enrollment.objects.select_related("episode"):
        ended = place.episode.discharged_on
        assert ended is None or (place.until_on and place.until_on <= ended)
    for entry in WaitlistEntry.objects.filter(outcome="waiting").select_related("episode"):
        assert entry.episode.discharged_on is None
