"""What a browser does with a page that shows first what an act comes to: look, then say yes."""

import re
from html import unescape
from typing import Any

from django.http import HttpResponse
from django.test import Client

HIDDEN = re.compile(r'<input type="hidden" name="(seen|stood|leave_out)" value="([^"]*)">')


def kept(page: HttpResponse) -> dict[str, list[str]]:
    """What the page sends back by itself: how it stood, what was shown, what was left out."""
    found: dict[str, list[str]] = {}
    for name, value in HIDDEN.findall(page.content.decode()):
        found.setdefault(name, []).append(unescape(value))
    return found


def look(client: Client, url: str, data: dict[str, Any], **more: Any) -> Any:
    """The page that says what it comes to, opened anew."""
    opened = kept(client.get(url))
    return client.post(url, opened | data | {"see": "1"} | more)


def say_yes(client: Client, url: str, data: dict[str, Any], page: HttpResponse, **more: Any) -> Any:
    """The answer to the yes on a page that was shown."""
    return client.post(url, kept(page) | data | {"confirm": "1"} | more)


def look_and_do(client: Client, url: str, data: dict[str, Any], **more: Any) -> Any:
    """Both in a row; `more` are answers to what stands in the way."""
    return say_yes(client, url, data, look(client, url, data), **more)
