"""The page of notes as somebody without script has it: fields that are filled in and sent."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.urls import reverse

from phpsupport.users.models import User
from sessions.models import GroupSession


class _Form(HTMLParser):
    """What the form of the notes would send, and what the page says above it."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.readonly: set[str] = set()
        self.offered: dict[str, list[str]] = {}  # boxes to tick
        self.unsaved: dict[str, str] = {}
        self.state = ""
        self._inside = False
        self._text = ""  # the name of the textarea whose words come next

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = "data-note" in has
        if not self._inside:
            return
        if "data-saved" in has:
            self.state = has["data-state"]
        if "data-unsaved" in has:
            self.unsaved[has["data-part"]] = has["data-unsaved"]
        name = has.get("name", "")
        if tag == "textarea":
            self._text, self.fields[name] = name, ""
            if "readonly" in has:
                self.readonly.add(name)
        elif tag == "input" and has.get("form", "") == "":
            if has.get("type") in ("checkbox", "radio") and "checked" not in has:
                self.offered.setdefault(name, []).append(has.get("value", "on"))
            else:
                self.fields[name] = has.get("value", "on" if has.get("type") == "checkbox" else "")

    def handle_data(self, data: str) -> None:
        if self._text:
            self.fields[self._text] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            # A browser takes away the line break that begins a textarea.
            self.fields[self._text] = self.fields[self._text].removeprefix("\n")
            self._text = ""
        elif tag == "form":
            self._inside = False


class NotePage:
    """One person's page of notes, opened, typed in and sent by its button."""

    def __init__(self, user: User, session: GroupSession) -> None:
        self.client = Client()
        self.client.force_login(user)
        self.address = reverse("sessions:note", args=[session.pk])
        self.open()

    def open(self) -> None:
        self.take(self.client.get(self.address))

    def take(self, answer: Any) -> None:
        self.answer, self.body = answer, answer.content.decode()
        form = _Form()
        form.feed(self.body)
        self.fields, self.readonly, self.offered = form.fields, form.readonly, form.offered
        self.state, self.unsaved = form.state, form.unsaved

    def save(self, **more: Any) -> int:
        """Press "Save": the status of the answer; after a success the page is opened anew."""
        answer = self.client.post(self.address, self.fields | more)
        status: int = answer.status_code
        if status == 302:
            answer = self.client.get(answer.headers["Location"])
        self.take(answer)
        return status

    @property
    def says_saved(self) -> bool:
        return "Your notes are saved." in self.body
