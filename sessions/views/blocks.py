"""Text blocks: the list, one's own and the program's, and changing them."""

from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from phpsupport.access.asked import Asked
from phpsupport.access.gate import allow, load, require
from phpsupport.access.roles import Role
from phpsupport.lib import clock, wording
from phpsupport.users.models import User
from sessions import policies
from sessions.actions import blocks as actions
from sessions.forms.blocks import BlockForm
from sessions.models import TextBlock
from sessions.queries.blocks import blocks_kept
from sessions.views.form_page import form_page

KEEPERS = (Role.FACILITATOR, Role.SUPERVISOR, Role.PROGRAM_LEAD)
EDIT = ("GET", "POST")


def _whose(request: Asked) -> User | None:
    """Whose block is meant: the program's where the address says so, else one's own."""
    return None if request.GET.get("of") == "program" else request.user


def _may(request: Asked, owner: User | None) -> str | None:
    return policies.can_keep_block(request.user, request.program.pk, owner.pk if owner else None)


@allow(*KEEPERS)
def blocks(request: Asked) -> HttpResponse:
    """One's own text blocks and the program's."""
    lines = blocks_kept(request.program, request.user)
    own, programs = not _may(request, request.user), not _may(request, None)

    def part(title: str, of: str, is_own: bool, may: bool, how: str) -> dict[str, object]:
        mine = [b for b in lines if b.own is is_own]
        return {
            "title": title, "of": of, "may": may, "how": how,
            "lines": [b for b in mine if not b.retired],
            "retired": [b for b in mine if b.retired] if may else [],
        }  # fmt: skip

    parts = []
    if own:
        parts.append(part("Yours", "own", True, True, "Only you see them."))
    parts.append(
        part("The program's", "program", False, programs, "Everybody who writes notes has them.")
    )
    return render(request, "sessions/blocks/blocks.html", {"parts": parts})


@allow(*KEEPERS, methods=EDIT)
def block_new(request: Asked) -> HttpResponse:
    """Keep words at hand."""
    owner = _whose(request)
    if owner and _may(request, owner):
        owner = None  # who writes no notes keeps the program's
    require(_may(request, owner))
    every = reverse("sessions:blocks")
    form = BlockForm(request.POST or None, cancel=every)
    add = partial(
        actions.add_block, program=request.program, owner=owner, by=request.user, at=clock.now()
    )
    if _carried_out(form, lambda version, **words: add(**words)):
        messages.success(request, f"“{form.outcome.label}” is at hand now.")
        return redirect(every)
    title = "New text block" if owner else "New text block of the program"
    return form_page(request, form, title, back=("Text blocks", every))


@allow(*KEEPERS, methods=EDIT)
def block_edit(request: Asked, pk: UUID) -> HttpResponse:
    """Word a block otherwise."""
    found = _block(request, pk)
    every = reverse("sessions:blocks")
    version = actions.version_of(found)
    initial = {"field": found.field, "label": found.label, "words": found.words, "version": version}
    form = BlockForm(request.POST or None, initial=initial, cancel=every)
    edit = partial(actions.edit_block, block=found, by=request.user, at=clock.now())
    if _carried_out(form, edit):
        messages.success(request, "The text block is changed. Notes that were written stay.")
        return redirect(every)
    if form.has_error("__all__", "changed"):  # their words are shown; the next save is meant
        form.data = {**form.data.dict(), "version": version}  # type: ignore[attr-defined]
    return form_page(request, form, f"Edit “{found.label}”", back=("Text blocks", every))


def _carried_out(form: BlockForm, action: object) -> bool:
    done = form.carry_out(action)  # type: ignore[arg-type]
    if form.is_bound and form.has_error("words", "name"):
        form.ask_about_name()
    return done


@allow(*KEEPERS, methods=("POST",))
def block_retire(request: Asked, pk: UUID) -> HttpResponse:
    """Take a block out of the menu, or put it back."""
    found = _block(request, pk)
    by, at = request.user, clock.now()
    try:
        if "again" in request.POST:
            actions.use_block_again(block=found, by=by, at=at)
            messages.success(request, f"“{found.label}” is at hand again.")
        else:
            actions.retire_block(block=found, by=by, at=at)
            messages.success(request, f"“{found.label}” is taken out. You can use it again below.")
    except actions.Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect("sessions:blocks")


@allow(*KEEPERS, methods=("POST",))
def blocks_begin(request: Asked) -> HttpResponse:
    """Add the set to begin with, to one's own or to the program's."""
    owner = None if request.POST.get("of") == "program" else request.user
    if owner and _may(request, owner):
        owner = None
    require(_may(request, owner))
    added = actions.add_starters(
        program=request.program, owner=owner, by=request.user, at=clock.now()
    )
    messages.success(request, f"{wording.count(added, 'text block').capitalize()} added.")
    return redirect("sessions:blocks")


def _block(request: Asked, pk: UUID) -> TextBlock:
    found = load(request, TextBlock.objects.select_related("program", "owner"), pk)  # type: ignore[arg-type]
    require(policies.can_keep_block(request.user, found.program_id, found.owner_id))
    return found
