"""The census: who is here, who is expected, who has left."""

from dataclasses import replace

from django.http import HttpResponse
from django.shortcuts import render

from participants.forms.census import CensusForm, words_of
from participants.policies import PLANNERS, WHOLE_PAGE
from participants.queries import census as census_query
from participants.views.form_page import PLACE
from phpsupport.access.asked import Asked, now_and_today
from phpsupport.access.gate import allow
from phpsupport.access.scope import scope_of
from phpsupport.audit.trail import record
from phpsupport.lib.wording import count, day


@allow(*WHOLE_PAGE, methods=("GET", "POST"))
def census(request: Asked) -> HttpResponse:
    """Filters stand in the address, to pass on; a name that is looked for is sent and does not."""
    at, today = now_and_today(request)
    program = request.program
    form = CensusForm(request.GET)
    filters = replace(form.filters(), words=words_of(request.POST.get("q", "")))
    found = census_query.census(
        program, filters, today, seen_by=request.user, page=request.GET.get("page", 1)
    )
    form.offer(tracks=found.tracks, languages=found.languages)
    record(
        "census.read", by=request.user, at=at, obj=program, program_id=program.pk,
        status=filters.status, people=[str(row.participant_id) for row in found.rows],
    )  # fmt: skip
    here = found.counts["in"]
    return render(
        request,
        PLACE + "census.html",
        {
            "census": found,
            "form": form,
            "filters": filters,
            "without_words": _with(request),
            "statuses": [
                {
                    "label": f"{words} {found.counts[key]}",
                    "url": _with(request, status=key),
                    "current": filters.status == key,
                }
                for key, words in census_query.STATUSES
            ],
            "sorts": {
                name: _sorting(request, filters.sort, name)
                for name in ("name", "admitted", "leaving")
            },
            "subtitle": f"{count(here, 'person', 'people')} here today, {day(today, year=True)}",
            "may_admit": scope_of(request.user).has(program.pk, *PLANNERS),
        },
    )


def _with(request: Asked, **changes: str) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    for key, value in changes.items():
        query[key] = value
    return f"?{query.urlencode()}"


def _sorting(request: Asked, sort: str, name: str) -> dict[str, str]:
    up, down = sort == name, sort == f"-{name}"
    return {
        "url": _with(request, sort=f"-{name}" if up else name),
        "aria": "ascending" if up else "descending" if down else "",
        "icon": "chevron-up" if up else "chevron-down" if down else "",
    }
