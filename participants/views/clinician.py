"""A clinician's own people."""

from django.http import HttpResponse
from django.shortcuts import render

from participants.queries.my_people import my_people as own_people
from phpsupport.access.asked import Asked, now_and_today
from phpsupport.access.gate import allow
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record
from phpsupport.lib.wording import day


@allow(Role.CLINICIAN)
def my_people(request: Asked) -> HttpResponse:
    at, today = now_and_today(request)
    program = request.program
    people = own_people(program, request.user, today)
    record(
        "my_people.read", by=request.user, at=at, obj=program, program_id=program.pk,
        people=[str(person.participant_id) for person in people],
    )  # fmt: skip
    pressing = [
        {
            "kind": "now" if step.kind == "stop" else "soon",
            "words": f"{person.called}: {step.words[0].lower()}{step.words[1:]}",
            "id": person.participant_id,
        }
        for person in people
        for step in person.steps
        if step.kind in ("stop", "wait")
    ]
    return render(
        request,
        "participants/clinician/my_people.html",
        {"people": people, "pressing": pressing, "subtitle": day(today, year=True)},
    )
