"""Import in the browser: send files, see what each row would do, confirm."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_cache_control

from phpsupport.access.gate import NOT_HERE, allow
from phpsupport.access.roles import Role
from phpsupport.importing import keeping, pages, patterns
from phpsupport.importing.actions import Changed, check_files, import_files
from phpsupport.importing.forms import UploadForm
from phpsupport.importing.keeping import Kept
from phpsupport.importing.readers import MAX_BYTES, MAX_BYTES_TOGETHER
from phpsupport.importing.report import Report, as_csv
from phpsupport.lib import clock, wording
from phpsupport.lib.errors import Refused
from phpsupport.lib.uploads import takes_files
from phpsupport.users.models import User

IMPORTERS = (Role.SCHEDULER, Role.PROGRAM_LEAD)
LAST = "import_saved"
OPEN = "import_open"
OVER = "Those files were saved already, or the hour for confirming them is over."


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


def _kept(request: HttpRequest, pk: UUID) -> Kept | None:
    """The files under `pk`; None when this person just saved or discarded them; else a 404."""
    found = keeping.find(pk=pk, program=request.program, user=request.user, at=clock.now())  # type: ignore[attr-defined, arg-type]
    if found is None and str(pk) not in (request.session.get(LAST), request.session.get(OPEN)):
        raise Http404(NOT_HERE)
    return found


@allow(*IMPORTERS)
def check(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What each row would do."""
    kept = _kept(request, pk)
    if kept is None:
        messages.info(request, f"{OVER} Send them again to check them anew.")
        return redirect("importing:start")
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
def confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Save exactly what was shown, all or nothing. A second click changes nothing."""
    kept = _kept(request, pk)
    if kept is None:
        messages.info(request, OVER)
        return redirect("importing:start")
    program, user, now = request.program, request.user, clock.now()  # type: ignore[attr-defined]
    try:
        report = import_files(
            program=program,
            files=kept.files,
            by=user,  # type: ignore[arg-type]
            at=now,
            expect=request.POST.get("digest", ""),
        )
    except Changed as no:
        keeping.keep(files=kept.files, report=no.report, program=program, user=user, at=now, pk=pk)  # type: ignore[arg-type]
        messages.warning(request, no.sentence)
        return redirect("importing:check", pk)
    except Refused as no:
        messages.error(request, no.sentence)
        return redirect("importing:check", pk)
    if not report.can_be_saved:
        messages.error(request, "Nothing was saved. Look at the rows below.")
        return redirect("importing:check", pk)
    keeping.drop(pk)
    request.session.pop(OPEN, None)
    request.session[LAST] = str(pk)
    messages.success(request, f"Saved: {_told(report)}.")
    return redirect("importing:start")


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
def discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Forget the files; nothing was saved."""
    if _kept(request, pk) is not None:
        keeping.drop(pk)
        request.session.pop(OPEN, None)
        request.session[LAST] = str(pk)
    messages.info(request, "The files are forgotten. Nothing was saved.")
    return redirect("importing:start")


@allow(*IMPORTERS)
def report(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The whole check as a table to work through."""
    kept = _kept(request, pk)
    if kept is None:
        messages.info(request, OVER)
        return redirect("importing:start")
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
