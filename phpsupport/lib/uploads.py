"""Files that people send are held in memory alone: nothing of them touches the disk as it came.

Only a view that says so takes files, and says how much:

    @allow(Role.SCHEDULER, methods=("GET", "POST"))
    @takes_files(each=5 * MB, together=10 * MB)
    def start(request): ...

Anywhere else a file is let go while it arrives. What is larger than a view takes is counted to its
end and let go: the form gets a file with its name and size and no content, and refuses it in words.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

V = TypeVar("V", bound=Callable[..., Any])


@dataclass(frozen=True)
class Limits:
    """How many bytes of files a view takes."""

    each: int
    together: int


def takes_files(*, each: int, together: int) -> Callable[[V], V]:
    """Mark a view that takes files, of these many bytes at most."""

    def mark(view: V) -> V:
        view.takes_files = Limits(each, together)  # type: ignore[attr-defined]
        return view

    return mark


class TooLarge(UploadedFile):
    """A file that was not kept. Its name and size are true; there is nothing in it to read."""

    def read(self, *args: Any) -> NoReturn:
        raise ValueError("a file larger than the view takes was let go; its form has to refuse it")

    chunks = open = read  # type: ignore[assignment]


class InMemory(FileUploadHandler):
    """The only handler of files that are sent."""

    limits: Limits | None = None
    held = 0

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        match = getattr(self.request, "resolver_match", None)
        self.limits = getattr(match.func, "takes_files", None) if match else None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.limits is None:
            raise SkipFile
        self.content: io.BytesIO | None = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.content is None or self.limits is None:
            return
        self.held += len(raw_data)
        if self.held <= self.limits.together and start + len(raw_data) <= self.limits.each:
            self.content.write(raw_data)
        else:
            self.held -= start + len(raw_data)
            self.content = None

    def file_complete(self, file_size: int) -> UploadedFile:
        about = (self.file_name, self.content_type, file_size, self.charset)
        if self.content is None:
            return TooLarge(io.BytesIO(), *about, self.content_type_extra)
        self.content.seek(0)
        return InMemoryUploadedFile(self.content, self.field_name, *about, self.content_type_extra)
