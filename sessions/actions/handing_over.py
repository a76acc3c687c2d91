"""A hand-over: what who led a series tells whoever leads it next. Written once."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from phpsupport.audit.trail import record
from phpsupport.lib import wording
from phpsupport.lib.clock import local_date
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions import policies
from sessions.models import GroupSeries, HandOver, HandOverPart
from sessions.queries.handing_over import roster_now
from sessions.screening import How, names_in


@transaction.atomic
def write_hand_over(
    *, series: GroupSeries, words: str, parts: Mapping[UUID, str], by: User, at: datetime
) -> HandOver:
    """About the group, in which nobody can be recognized, and a part for each person on the roster
    of whom there is something to say. The same words twice are one hand-over."""
    series = (
        GroupSeries.objects.select_for_update(no_key=True, of=("self",))
        .select_related("program__site")
        .get(pk=series.pk)
    )
    if why := policies.can_hand_over(by, series, at):
        raise Refused(why, code="not-theirs")
    words = words.strip()
    if not words:
        raise Refused("Write what the next facilitator should know.", field="words")
    people = {p.participant_id: p for p in roster_now(series, local_date(at, series.program.zone))}
    said = {pk: text.strip() for pk, text in parts.items() if text.strip()}
    if said.keys() - people.keys():
        raise Refused("Somebody has left the roster meanwhile. Look at the page again.")
    named = [person.named for person in people.values()]
    for about, text in [(None, words), *said.items()]:
        found = [f for f in names_in(text, named, part=about) if f.how != How.LIKE]
        if found:
            who = wording.listing(sorted({f"“{f.found}”" for f in found}))
            where = f"in the part about {people[about].name}" if about else "about the group"
            raise Refused(
                f"Another participant is named {where}: {who}. Write it so that nobody else can "
                "be recognized.",
                field=f"p-{about}" if about else "words",
                code="named",
            )
    for earlier in HandOver.objects.filter(series=series, author=by).prefetch_related("parts")[:1]:
        if earlier.words == words and said == {
            p.participant_id: p.words for p in earlier.parts.all()
        }:
            return earlier
    made = HandOver.objects.create(
        program=series.program, series=series, author=by, at=at, words=words
    )
    HandOverPart.objects.bulk_create(
        HandOverPart(hand_over=made, participant_id=pk, words=text) for pk, text in said.items()
    )
    record("hand_over.written", by=by, at=at, obj=made, series=str(series.pk), parts=len(said))
    return made
