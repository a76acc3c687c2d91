"""Fixtures for tests in a real browser.

    def test_week(site, desk, sign_in, axe):
        sign_in(desk, scheduler)
        desk.goto("/groups/week/")
        expect(desk.get_by_role("heading", name="This week")).to_be_visible()
        axe(desk)

`desk` is 1440 × 900 with a mouse, `phone` 390 × 844 with a finger; `open_page(...)` opens others.
With `@pytest.mark.parametrize("scheme", ["light", "dark"])` both follow the colour scheme.
A test fails on a console error, a script error, a breach of the content policy, a request to
another host or an answer of 500 and above on any of its pages; an expected one is named with
`page_faults(page).expect("part of its text")`. After a failure test-results/ has a screenshot.
Wait for states with `expect(...)`, never sleep.
"""

import contextlib
import functools
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from phpsupport.devservices import PROJECT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

RESULTS = PROJECT / "test-results"
# How long one waits for what must come; who passes waits no longer than it takes.
PATIENCE_MS = 60_000
# After these a page may be going to another one, whose scripts are there once it is loaded.
ACTS = ("click", "dblclick", "tap", "press")
SENT, SENDING_MS = "form[data-sent]", 10_000
WATCH_POLICY = """
document.addEventListener('securitypolicyviolation', (event) => {
  console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`);
});
"""
# What is in order needs no account of it, and none is carried over.
VIOLATIONS = """async (context) =>
  (await axe.run(context ?? document, {resultTypes: ['violations']})).violations"""
_failed = pytest.StashKey[bool]()


@dataclass
class Faults:
    """What went wrong on one page."""

    host: str
    found: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    documents: set[str] = field(default_factory=set)
    refused: list[tuple[str, str]] = field(default_factory=list)

    def expect(self, *parts: str) -> None:
        """A fault whose text contains one of `parts` is part of the test."""
        self.expected += parts

    def unexpected(self) -> list[str]:
        # Which addresses were documents may be known only after the browser told of them.
        theirs = [told for told, url in self.refused if url in self.documents]
        left = list(self.found)
        for told in theirs:
            left.remove(told)
        return [f for f in left if not any(part in f for part in self.expected)]

    def watch(self, page: "Page") -> None:
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.found.append(f"script error: {error}"))
        page.on("response", self._on_response)
        page.on("request", lambda request: self._on_request(request.url))

    def _on_console(self, message: "ConsoleMessage") -> None:
        # A page that answers 403 or 404 is the test's business; the browser notes it all the same.
        refused = re.search(r"status of 4\d\d", message.text)
        if message.type == "error":
            self.found.append(f"console: {message.text}")
            if refused:
                self.refused.append((self.found[-1], str(message.location.get("url"))))

    def _on_response(self, response: "Response") -> None:
        if response.request.is_navigation_request():
            self.documents.add(response.url)
        if response.status >= 500:
            self.found.append(f"{response.status} from {response.url}")

    def _on_request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"} and parts.netloc != self.host:
            self.found.append(f"asks another host: {url}")


def page_faults(page: "Page") -> Faults:
    """The faults noted on a page, to name expected ones."""
    faults: Faults = page.context._faults  # type: ignore[attr-defined]
    return faults


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[None]:
    report = yield
    if report.when in {"setup", "call"} and report.failed:
        item.stash[_failed] = True
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.journey)


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """One Chromium for the whole run; missing one is a failure, never a skip."""
    from playwright.sync_api import expect, sync_playwright

    from tests import chromium

    expect.set_options(timeout=PATIENCE_MS)
    _wait_for_what_comes()
    _keep_what_stays()

    # Playwright keeps an event loop in this thread; Django would refuse the ORM beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "yes"
    found = chromium.find()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found.path,
            args=chromium.ARGUMENTS,
            env={**os.environ, **found.environment},
        )
        yield started
        started.close()


def _wait_for_what_comes() -> None:
    """Nobody touches a page, or looks at it, while a form of it is being sent or its scripts are
    still on their way: a page asks whose it is before it sends what was entered."""
    from playwright.sync_api import Error, Locator, expect

    def then_loaded(act: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(act)
        def acted(self: Locator, *args: Any, **more: Any) -> Any:
            done = act(self, *args, **more)
            page = self.page
            with contextlib.suppress(Error):  # the page may have been closed by it
                if page.locator(SENT).count():
                    with contextlib.suppress(AssertionError):  # what comes may be a file
                        expect(page.locator(SENT)).to_have_count(0, timeout=SENDING_MS)
                page.wait_for_load_state("load")
            return done

        return acted

    for name in ACTS:
        act = getattr(Locator, name)
        if not hasattr(act, "__wrapped__"):
            setattr(Locator, name, then_loaded(act))


def _keep_what_stays() -> None:
    """A browser keeps the styles and scripts of a page it has seen, as it does in production."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler

    serve = StaticFilesHandler.serve

    def kept(self: StaticFilesHandler, request: Any) -> Any:
        answer = serve(self, request)
        answer["Cache-Control"] = "max-age=31536000, immutable"
        return answer

    StaticFilesHandler.serve = kept


@pytest.fixture
def site(live_server: Any) -> str:
    """The running application's address, by the name localhost as passkeys need it."""
    return str(live_server.url).replace("127.0.0.1", "localhost")


@pytest.fixture
def scheme() -> str:
    """The colour scheme of the pages: light unless a test says otherwise."""
    return "light"


@pytest.fixture
def open_page(
    request: pytest.FixtureRequest, browser: "Browser", site: str, scheme: str
) -> "Iterator[Callable[..., Page]]":
    """Open a page of any size: `open_page(width=768, height=1024)`; each is a person of its own."""
    opened: list[tuple[BrowserContext, Page, Faults]] = []

    def open_one(*, width: int = 1440, height: int = 900, **more: Any) -> "Page":
        more.setdefault("color_scheme", scheme)
        more.setdefault("locale", "en-US")
        more.setdefault("reduced_motion", "reduce")
        context = browser.new_context(
            base_url=site, viewport={"width": width, "height": height}, **more
        )
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(WATCH_POLICY)
        faults = Faults(host=urlsplit(site).netloc)
        context._faults = faults  # type: ignore[attr-defined]
        context.on("page", faults.watch)
        page = context.new_page()
        opened.append((context, page, faults))
        return page

    yield open_one
    faults = [fault for _, _, noted in opened for fault in noted.unexpected()]
    if request.node.stash.get(_failed, False) or faults:
        _photograph(request.node.nodeid, [page for _, page, _ in opened])
    for context, _, _ in opened:
        context.close()
    assert not faults, "the pages reported: " + "; ".join(faults)


def _photograph(name: str, pages: "list[Page]") -> None:
    RESULTS.mkdir(exist_ok=True)
    for number, page in enumerate(pages):
        file = RESULTS / f"{re.sub(r'[^A-Za-z0-9]+', '-', name)}-{number}.png"
        try:
            page.screenshot(path=file, full_page=True)
        except Exception as fault:
            print(f"no screenshot: {fault}")  # noqa: T201 - beside the failure it explains


@pytest.fixture
def desk(open_page: "Callable[..., Page]") -> "Page":
    """A page on a desk's screen."""
    return open_page(width=1440, height=900)


@pytest.fixture
def phone(open_page: "Callable[..., Page]") -> "Page":
    """A page on a phone, touched with a finger."""
    return open_page(width=390, height=844, has_touch=True, is_mobile=True, device_scale_factor=2)


@pytest.fixture
def sign_in(site: str) -> "Callable[[Page, Any], None]":
    """Sign a person in to a page by a session of the server's own making; the form has its test."""
    from django.conf import settings
    from django.test import Client

    def put_in(page: "Page", user: Any) -> None:
        client = Client()
        client.force_login(user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site}]
        )

    return put_in


@pytest.fixture
def axe() -> "Callable[..., None]":
    """Assert that axe finds no serious or critical fault: `axe(page)`, `axe(page, without=".ec")`.

    What is left out needs its reason beside the call.
    """
    from axe_playwright_python.base import AXE_SCRIPT
    from playwright.sync_api import Error

    def violations(page: "Page", context: Any) -> list[dict[str, Any]]:
        """Of the page that is there once nothing leads on any more."""
        for last in (False, False, True):
            page.wait_for_load_state("load")
            try:
                page.evaluate("document.fonts.ready.then(() => 0)")
                page.evaluate(AXE_SCRIPT)
                return page.evaluate(VIOLATIONS, context)  # type: ignore[no-any-return]
            except Error as fault:
                if last or "navigation" not in str(fault):
                    raise
        raise AssertionError("unreachable")

    def look(page: "Page", *, without: str | None = None) -> None:
        context = {"exclude": [[without]]} if without else None
        found = violations(page, context)
        grave = [v for v in found if v["impact"] in {"serious", "critical"}]
        told = [
            f"{v['id']} ({v['impact']}): {v['help']}\n"
            + "\n".join(f"    {node['html'][:200]}" for node in v["nodes"][:5])
            for v in grave
        ]
        assert not grave, f"{page.url}\n" + "\n".join(told)

    return look
