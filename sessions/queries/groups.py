"""The catalogue of groups as its pages show it."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Count, Q

from phpsupport.lib import wording
from phpsupport.programs.models import Program
from sessions.models import GroupSeries, SupportGroup
from sessions.queries.series import SeriesLine, series_lines


@dataclass(frozen=True)
class GroupLine:
    """One group of the catalogue."""

    id: UUID
    name: str
    kind: str
    language: str
    places: int
    running: int
    retired: str
    series: tuple[SeriesLine, ...]


def catalogue(program: Program, *, today: date) -> list[GroupLine]:
    """All groups with the series that run or come, retired ones last. Four queries."""
    groups = list(
        SupportGroup.objects.filter(program=program)
        .annotate(running=Count("series", Q(series__until_on__gte=today)))
        .order_by("name")
    )
    by_group: dict[UUID, list[SeriesLine]] = {}
    current = GroupSeries.objects.filter(program=program, until_on__gte=today)
    owner = dict(current.values_list("pk", "group_id"))
    for line in series_lines(current, today=today):
        by_group.setdefault(owner[line.id], []).append(line)
    lines = [
        GroupLine(
            g.pk,
            g.name,
            g.get_kind_display(),
            g.language,
            g.capacity,
            g.running,  # type: ignore[attr-defined]
            wording.date_in_full(g.retired_on) if g.retired_on else "",
            tuple(by_group.get(g.pk, ())),
        )
        for g in groups
    ]
    return sorted(lines, key=lambda line: bool(line.retired))
