"""Import in the browser: send files, see what each row would do, confirm."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_cache_control

from phpsupport.access.gate import NOT_HERE, allow
from phpsupport.access.roles import Role
from phpsupport.importing import keeping, pages, patterns
from phpsupport.importing.actions import Changed, check_files, import_files
from phpsupport.importing.forms import UploadForm
from phpsupport.importing.keeping import Kept, Settled
from phpsupport.importing.readers import MAX_BYTES, MAX_BYTES_TOGETHER
from phpsupport.importing.report import Report, as_csv
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.lib.uploads import takes_files
from phpsupport.users.models import User

IMPORTERS = (Role.SCHEDULER, Role.PROGRAM_LEAD)
OPEN = "import_open"
OVER = "The hour for confirming those files is over. Send them again to check them anew."
FORGOTTEN = "The files are forgotten. Nothing was saved."


@allow(*IMPORTERS, methods=("GET", "POST"))
@takes_files(each=MAX_BYTES, together=MAX_BYTES_TOGETHER)
def start(request: HttpRequest) -> HttpResponse:
    """Choose the files; they are checked and shown before anything is saved."""
    program = request.program  # type: ignore[attr-defined]
    user = cast(User, request.user)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        now = clock.now()
        files = [(str(f.name), f.read()) for f in form.cleaned_data["uploads"]]
        report = check_files(program=program, files=files, by=user, at=now)
        _forget(request)
        pk = keeping.keep(files=files, report=report, program=program, user=user, at=now)
        request.session[OPEN] = str(pk)
        return redirect("importing:check", pk)
    return render(
        request,
        "importing/start.html",
        {"form": form, "formats": pages.formats()},
        status=422 if form.is_bound else 200,
    )


def _forget(request: HttpRequest) -> None:
    """One check at a time: the files of the one before go."""
    before = request.session.pop(OPEN, None)
    if before:
        keeping.drop(UUID(before))


def _find(request: HttpRequest, pk: UUID, *, lock: bool = False) -> Kept | Settled | None:
    """What is kept under `pk`; None when this person's hour is over; else a 404."""
    found = keeping.find(
        pk=pk,
        program=request.program,  # type: ignore[attr-defined]
        user=request.user,  # type: ignore[arg-type]
        at=clock.now(),
        lock=lock,
    )
    if found is None and str(pk) != request.session.get(OPEN):
        raise Http404(NOT_HERE)
    return found


def _over(request: HttpRequest) -> HttpResponse:
    messages.info(request, OVER)
    return redirect("importing:start")


@allow(*IMPORTERS)
def check(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What each row would do, and what became of it once it was saved or forgotten."""
    kept = _find(request, pk)
    if kept is None:
        return _over(request)
    if isinstance(kept, Settled):
        return render(request, "importing/settled.html", {"settled": kept})
    return render(
        request,
        "importing/check.html",
        {
            "pk": pk,
            "digest": kept.report.digest,
            "can_be_saved": kept.report.can_be_saved,
            **pages.overview(kept.report),
            **pages.rows(
                kept.report,
                file=request.GET.get("file", ""),
                state=request.GET.get("state", ""),
                number=request.GET.get("page", "1"),
            ),
        },
    )


@allow(*IMPORTERS, methods=("POST",))
@transaction.atomic
def confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Save exactly what was shown, all or nothing.

    A second press waits for the first and finds what became of it, however close together they come.
    """
    kept = _find(request, pk, lock=True)
    if kept is None:
        return _over(request)
    if isinstance(kept, Settled):
        return redirect("importing:check", pk)
    program, user, now = request.program, cast(User, request.user), clock.now()  # type: ignore[attr-defined]
    try:
        report = import_files(
            program=program,
            files=kept.files,
            by=user,
            at=now,
            expect=request.POST.get("digest", ""),
        )
    except Changed as no:
        keeping.keep(files=kept.files, report=no.report, program=program, user=user, at=now, pk=pk)
        messages.warning(request, no.sentence)
    except Refused as no:
        messages.error(request, no.sentence)
    else:
        if report.can_be_saved:
            keeping.settle(
                pk=pk,
                sentence=f"Saved: {_told(report)}.",
                saved=True,
                program=program,
                user=user,
                at=now,
            )
        else:
            messages.error(request, "Nothing was saved. Look at the rows below.")
    return redirect("importing:check", pk)


def _told(report: Report) -> str:
    total = report.total
    parts = [
        f"{number:,} {'row' if number == 1 else 'rows'} {word}"
        for number, word in (
            (total.new, "new"), (total.changed, "changed"), (total.same, "as before"),
        )
        if number
    ]  # fmt: skip
    return wording.listing(parts)


@allow(*IMPORTERS, methods=("POST",))
@transaction.atomic
def discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Forget the files; nothing was saved. What was saved already stays so, in words."""
    kept = _find(request, pk, lock=True)
    if kept is None:
        return _over(request)
    if isinstance(kept, Kept):
        keeping.settle(
            pk=pk,
            sentence=FORGOTTEN,
            saved=False,
            program=request.program,  # type: ignore[attr-defined]
            user=cast(User, request.user),
            at=clock.now(),
        )
    return redirect("importing:check", pk)


@allow(*IMPORTERS)
def report(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The whole check as a table to work through."""
    kept = _find(request, pk)
    if kept is None:
        return _over(request)
    if isinstance(kept, Settled):
        return redirect("importing:check", pk)
    return _file("\ufeff" + as_csv(kept.report), "check.csv", "text/csv; charset=utf-8")


@allow(*IMPORTERS)
def template_csv(request: HttpRequest) -> HttpResponse:
    """An empty table for each file, with its header."""
    return _file(patterns.zipped("template", ".csv"), "template.zip", "application/zip")


@allow(*IMPORTERS)
def template_xlsx(request: HttpRequest) -> HttpResponse:
    """One workbook with an empty sheet for each table."""
    return _file(patterns.shipped("template", "program.xlsx"), "program.xlsx", patterns.XLSX)


@allow(*IMPORTERS)
def sample(request: HttpRequest) -> HttpResponse:
    """A small invented program as CSV files."""
    return _file(patterns.zipped("sample", ".csv"), "sample.zip", "application/zip")


def _file(content: str | bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    patch_cache_control(response, private=True, no_store=True)
    return response
