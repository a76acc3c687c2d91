"""What the pages about a facilitator's record share."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import models
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from facilitators.models import Facilitator
from phpsupport.access.asked import Asked
from phpsupport.access.gate import NOT_HERE, load
from phpsupport.access.roles import Role
from phpsupport.lib.errors import Refused

EDIT = ("GET", "POST")
PLANNERS = (Role.SCHEDULER, Role.PROGRAM_LEAD)
RECORD = (Role.SCHEDULER, Role.PROGRAM_LEAD, Role.SUPERVISOR, Role.FACILITATOR)
JUDGES = (Role.SUPERVISOR, Role.PROGRAM_LEAD)


def facilitator_of(request: Asked, pk: UUID) -> Facilitator:
    """The facilitator if this person may see the row, with program, site and account."""
    rows = Facilitator.objects.select_related("program__site", "user", "supervisor")
    return load(request, rows, pk)


def belonging(model: type[models.Model], facilitator: Facilitator, pk: UUID) -> Any:
    """A row of this facilitator, else the constant 404."""
    found = model._default_manager.filter(facilitator=facilitator, pk=pk).first()
    if found is None:
        raise Http404(NOT_HERE)
    return found


def back_to(facilitator: Facilitator, part: str = "") -> str:
    return reverse("facilitators:detail", args=[facilitator.pk]) + part


def act(request: Asked, done: str, action: Callable[[], Any]) -> None:
    """Run an action that has no form; say what happened, or why not."""
    try:
        action()
    except Refused as refusal:
        messages.warning(request, refusal.sentence)
    else:
        messages.success(request, done)


def form_page(
    request: Asked, facilitator: Facilitator | None, form: Any, **words: Any
) -> HttpResponse:
    """A page with one form; what was typed stays, an invalid one answers 422."""
    return render(
        request,
        "facilitators/records/form.html",
        {"facilitator": facilitator, "form": form, **words},
        status=422 if form.is_bound else 200,
    )


def confirm_page(request: Asked, facilitator: Facilitator, **words: Any) -> HttpResponse:
    """A page that says what will happen before it does."""
    return render(
        request, "facilitators/records/confirm.html", {"facilitator": facilitator, **words}
    )
