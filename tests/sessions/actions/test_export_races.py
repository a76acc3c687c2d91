"""A file under a consent, and the consent taken back, at one moment: made before, or not at all."""

import random
import time
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from participants.actions.consents import revoke_consent, take_consent
from participants.models import Consent, Disclosure, RecordPart
from phpsupport.access.roles import Role
from phpsupport.audit.models import AuditEvent
from phpsupport.lib import clock
from phpsupport.lib.clock import local_date
from sessions.actions.export import export_record
from tests.factories import make_staff
from tests.racing import race
from tests.sessions.worlds import make_world

HANDS, ROUNDS = 4, 12
REVOKES = 0
LONGEST = 0.12  # seconds that a request is under way before it asks for the consent
PARTS = list(RecordPart.values)


@pytest.mark.django_db(transaction=True)
def test_under_a_consent_taken_back_nothing_is_made() -> None:
    world = make_world(2)
    world.signed()
    lead = make_staff(world.program, Role.PROGRAM_LEAD)
    person, program, begun = world.people[0], world.program, clock.now()
    given = [
        take_consent(
            participant=person, program=program, recipient=f"Clinic {turn}", covers=PARTS,
            purpose="Care", signed_on=local_date(begun, program.zone), expires_when="the end",
            by=lead, at=begun,
        )
        for turn in range(ROUNDS)
    ]  # fmt: skip
    keys = {(turn, hand): uuid4() for turn in range(ROUNDS) for hand in range(1, HANDS)}

    def act(hand: int, turn: int) -> str:
        consent, at = given[turn], clock.now()
        # In some rounds the consent is taken back first, in some last, in most in between.
        first_or_last = {0: 0.0, 1: 4 * LONGEST}.get(turn % 4) if hand == REVOKES else None
        chance = random.Random(f"{turn} {hand}").uniform(0, LONGEST)
        time.sleep(chance if first_or_last is None else first_or_last)
        with transaction.atomic():
            if hand == REVOKES:
                assert revoke_consent(consent=consent, by=lead, at=at)
                return f"{Disclosure.objects.filter(consent=consent).count()} before"
            # Not as PDF: the threads that typeset do not come along into a forked process.
            export_record(
                key=keys[turn, hand], participant=person, program=program, parts=PARTS,
                kind="json", consent=consent, by=lead, at=at,
            )  # fmt: skip
            stood = Consent.objects.filter(pk=consent.pk, revoked_at=None).exists()
            return "made" if stood else "made of what was taken back"

    outcomes = race(HANDS, ROUNDS, act)
    faults = [o for o in outcomes if o.said.startswith("fault")]
    assert not faults, faults[0].sentence
    exports = [o for o in outcomes if o.hand != REVOKES]
    # Both took place, or the rounds prove nothing.
    assert {o.said for o in exports} == {"made", "refused: consent"}
    made: set[UUID] = {keys[o.round, o.hand] for o in exports if o.said == "made"}
    assert set(Disclosure.objects.values_list("pk", flat=True)) == made
    trail = AuditEvent.objects.filter(action="record.exported")
    assert set(trail.values_list("object_id", flat=True)) == made
    for turn, consent in enumerate(given):
        consent.refresh_from_db()
        assert consent.revoked_at is not None
        went_out = Disclosure.objects.filter(consent=consent)
        told = next(o.said for o in outcomes if (o.round, o.hand) == (turn, REVOKES))
        assert told == f"{went_out.count()} before"
        assert not went_out.filter(at__gt=consent.revoked_at)
