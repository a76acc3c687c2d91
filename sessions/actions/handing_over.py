"""A hand-over: what who led a series tells whoever leads it next. Written once."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from phpsupport.audit.trail import record
from phpsupport.lib.clock import local_date
from phpsupport.lib.errors import Refused
from phpsupport.users.models import User
from sessions import policies
from sessions.actions.naming import doubts_in, settled, with_reasons
from sessions.models import GroupSeries, HandOver, HandOverPart
from sessions.queries.handing_over import roster_now
from sessions.queries.leavers import Leaver, asked, missing
from sessions.queries.nearby import nearby_series
from sessions.screening import Doubt, Roster


@transaction.atomic
def write_hand_over(
    *,
    series: GroupSeries,
    words: str,
    parts: Mapping[UUID, str],
    by: User,
    at: datetime,
    explained: Mapping[str, str] | None = None,
) -> HandOver:
    """About the group, in which nobody can be recognized, and a part for each person on the roster
    of whom there is something to say. A name that stays is explained (`explained` by the finding's
    key); the reasons stand at the end of the part that it is in. Who only covers a session reads
    what is about the group: a reason there names nobody else. The same words twice are one
    hand-over."""
    series = _held(series)
    if why := policies.can_hand_over(by, series, at):
        raise Refused(why, code="not-theirs")
    words = words.strip()
    if not words:
        raise Refused("Write what the next facilitator should know.", field="words")
    today = local_date(at, series.program.zone)
    roster = roster_now(series, today)
    people = {person.participant_id: person for person in roster}
    said = {pk: text.strip() for pk, text in parts.items() if text.strip()}
    if said.keys() - people.keys():
        raise Refused("Somebody has left the roster meanwhile. Look at the page again.")
    reasons: dict[UUID | None, list[str]] = {}
    among = nearby_series(series, roster, on=today, author=by)
    for doubt in doubts_in(words, said, among):
        about = people[doubt.part].name if doubt.part else ""
        where = f"in the part about {about}" if about else "about the group"
        field = f"p-{doubt.part}" if doubt.part else "words"
        given = settled([doubt], explained, field=field, where=where)
        if not doubt.part and _names_others(given, doubt, among):
            raise Refused(
                f"Say why “{doubt.found}” stays without naming anybody: whoever covers a session "
                "reads what is about the group.",
                field="words",
                code="named",
            )
        reasons.setdefault(doubt.part, []).extend(given)
    words = with_reasons(words, reasons.get(None, []))
    said = {pk: with_reasons(text, reasons.get(pk, [])) for pk, text in said.items()}
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


@transaction.atomic
def nothing_to_hand_over(*, series: GroupSeries, by: User, at: datetime) -> HandOver | None:
    """Whoever stops leading a series says so of themselves; their supervisor and the program lead
    of those who stopped and wrote nothing. It is a hand-over without words. None where nothing is
    asked any more, so that saying it twice is saying it once."""
    series = _held(series)
    open_: list[Leaver] = []
    why = policies.can_hand_over(by, series, at)
    if why is None:
        open_ += asked(user=by, series=series, at=at)
    if policies.can_do_without_hand_over(by, series) is None:
        open_ += missing(user=by, program=series.program, at=at, series_id=series.pk)
    elif why:
        raise Refused(why, code="not-theirs")
    if not open_:
        return None
    made = HandOver.objects.create(
        program=series.program, series=series, author=by, at=at, words=""
    )
    people = sorted({str(one.person_id) for one in open_})
    record("hand_over.not_needed", by=by, at=at, obj=made, series=str(series.pk), people=people)
    return made


def _names_others(reasons: Iterable[str], doubt: Doubt, among: Roster) -> bool:
    """Whether a reason names somebody beyond the word that it is about."""
    found = doubts_in(" ".join(reasons), {}, among)
    return any(other.found.casefold() != doubt.found.casefold() for other in found)


def _held(series: GroupSeries) -> GroupSeries:
    return (
        GroupSeries.objects.select_for_update(no_key=True, of=("self",))
        .select_related("group", "program__site")
        .get(pk=series.pk)
    )
