"""What people send is held in memory, within limits, and nothing of it is written to the disk."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from phpsupport.access.roles import Role
from phpsupport.importing import patterns
from phpsupport.importing.readers import MAX_BYTES, MAX_BYTES_TOGETHER
from phpsupport.lib.uploads import InMemory, Limits, TooLarge
from tests.factories import make_program, make_staff

MB = 1024 * 1024
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_noting: list[list[str]] = []


def _note(event: str, about: tuple[Any, ...]) -> None:
    if event == "open" and _noting and about[2] & WRITES:
        path = str(about[0])
        if "__pycache__" not in path and not path.startswith("/dev/"):
            _noting[-1].append(path)


sys.addaudithook(_note)


@contextmanager
def nothing_is_written() -> Iterator[None]:
    """No file is opened for writing, by whichever library."""
    _noting.append([])
    try:
        yield
    finally:
        written = _noting.pop()
    assert written == []


def test_the_watch_sees_a_temporary_file() -> None:
    import tempfile

    with pytest.raises(AssertionError), nothing_is_written(), tempfile.TemporaryFile():
        pass


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ([1, 2 * MB], ""),
        ([MAX_BYTES, MAX_BYTES - 100, 0], ""),
        ([MAX_BYTES + 1], "rows0.csv is larger than 5 MB. Split it"),
        ([100, 26 * MB, 100], "rows1.csv is larger than 5 MB. Split it"),
        ([4 * MB] * 4, "The files together are larger than 10 MB. Send them in parts."),
    ],
)
def test_an_upload_of_any_size_stays_in_memory(
    db: None, client: Client, sizes: list[int], said: str
) -> None:
    client.force_login(make_staff(make_program(), Role.SCHEDULER))
    files = [SimpleUploadedFile(f"rows{n}.csv", b"x" * size) for n, size in enumerate(sizes)]
    with nothing_is_written():
        # The words of the form come after the files: they are read all the same.
        answer = client.post(reverse("importing:start"), {"uploads": files, "note": "after"})
    assert answer.status_code == (422 if said else 302)
    if said:
        assert said in answer.content.decode()
        assert answer.wsgi_request.POST["note"] == "after"
        sent = answer.wsgi_request.FILES.getlist("uploads")
        kept = sum(f.size for f in sent if not isinstance(f, TooLarge))
        assert kept <= MAX_BYTES_TOGETHER
        assert [f.size for f in sent] == sizes


def test_neither_does_reading_a_workbook_nor_keeping_it_for_the_answer(
    db: None, client: Client
) -> None:
    client.force_login(make_staff(make_program(), Role.SCHEDULER))
    book = SimpleUploadedFile("program.xlsx", patterns.shipped("template", "program.xlsx"))
    with nothing_is_written():
        answer = client.post(reverse("importing:start"), {"uploads": [book]}, follow=True)
    assert "program.xlsx" in answer.content.decode()
    with nothing_is_written():
        digest = answer.context["digest"]
        pk = answer.context["pk"]
        client.post(reverse("importing:confirm", args=[pk]), {"digest": digest})


def test_elsewhere_a_file_is_let_go(db: None, client: Client) -> None:
    sent = {"login": "a@b.example", "file": SimpleUploadedFile("a.csv", b"x" * 13 * MB)}
    with nothing_is_written():
        answer = client.post(reverse("account_login"), sent)
    assert answer.wsgi_request.POST["login"] == "a@b.example"
    assert not answer.wsgi_request.FILES


def test_a_file_that_was_let_go_cannot_be_taken_for_an_empty_one() -> None:
    handler = InMemory()
    handler.limits = Limits(each=4, together=9)

    def send(*chunks: bytes) -> Any:
        handler.new_file("uploads", "a.csv", "text/csv", None)
        at = 0
        for chunk in chunks:
            handler.receive_data_chunk(chunk, at)
            at += len(chunk)
        return handler.file_complete(at)

    too_large = send(b"1234", b"5")
    assert isinstance(too_large, TooLarge)
    assert (too_large.size, too_large.name) == (5, "a.csv")
    for act in (too_large.read, too_large.open, too_large.chunks):
        with pytest.raises(ValueError, match="let go"):
            act()
    # What was let go takes no room from the next.
    assert [send(b"12", b"34").read(), send(b"5678").read()] == [b"1234", b"5678"]
    assert isinstance(send(b"90"), TooLarge)
    assert send(b"0").read() == b"0"
