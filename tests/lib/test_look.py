"""The look holds together: tokens, content policy, icons, week places, tags, frames."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.paginator import Paginator
from django.template import Context, Template, TemplateSyntaxError
from django.template.loader import render_to_string
from django.test import RequestFactory

from phpsupport.lib.templatetags.look import icon_names, initials, slot_classes

ROOT = Path(__file__).resolve().parents[2]
CSS = ROOT / "static" / "css"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
OWN_CSS = sorted(CSS.rglob("*.css"))
OWN_JS = sorted((ROOT / "static" / "js").glob("*.js"))


def render(source: str, **context: object) -> str:
    return Template("{% load look %}" + source).render(Context(context))


# --- tokens ---------------------------------------------------------------------------------------
def blocks() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Light, dark by the device, dark by choice: name → value."""
    text = (CSS / "tokens.css").read_text()
    found = re.findall(r"(:root[^{]*)\{([^}]*)\}", text)
    assert len(found) == 3
    parsed = [dict(re.findall(r"(--[\w-]+):\s*([^;]+);", body)) for _, body in found]
    return parsed[0], parsed[1], parsed[2]


def test_both_ways_into_the_dark_give_the_same_colours() -> None:
    light, by_device, by_choice = blocks()
    assert by_device == by_choice
    assert set(by_device) < set(light)
    colours = {name for name, value in light.items() if value.startswith("#")}
    assert colours <= set(by_device)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


TEXT_PAIRS = [
    *((ink, ground) for ink in ("ink", "ink-soft") for ground in ("paper", "surface", "sunken")),
    *((kind, f"{kind}-soft") for kind in ("good", "wait", "stop", "calm", "accent")),
    *((kind, "surface") for kind in ("good", "wait", "stop", "calm", "accent", "accent-strong")),
    *(("ink", f"{kind}-soft") for kind in ("good", "wait", "stop", "calm", "accent")),
    ("accent", "paper"),
    ("accent-ink", "accent"),
    ("accent-ink", "accent-strong"),
]
EDGE_PAIRS = [
    *(("line-strong", ground) for ground in ("paper", "surface")),
    *(("focus", ground) for ground in ("paper", "surface", "sunken", "accent-soft")),
]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "ground", "least"),
    [(*p, 4.5) for p in TEXT_PAIRS] + [(*p, 3.0) for p in EDGE_PAIRS],
)
def test_contrast_is_enough(theme: int, front: str, ground: str, least: float) -> None:
    tokens = blocks()[theme]
    assert contrast(tokens[f"--{front}"], tokens[f"--{ground}"]) >= least


def test_every_name_a_stylesheet_uses_is_defined() -> None:
    text = "\n".join(path.read_text() for path in OWN_CSS)
    defined = set(re.findall(r"(--[\w-]+)\s*:", text))
    used = set(re.findall(r"var\((--[\w-]+)", text))
    assert {name for name in used if not name.startswith("--bs-")} <= defined


def test_colours_are_written_in_the_tokens_only() -> None:
    allowed = {"tokens.css", "print.css"}
    for path in OWN_CSS:
        if path.name in allowed:
            continue
        bare = re.sub(r'url\("data:[^"]*"\)', "", path.read_text())
        # White behind a picture to scan is the one exception: it must stay light in the dark.
        assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", bare)) <= {"#fff"}, path.name


# --- content policy -------------------------------------------------------------------------------
@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT / "templates")))
def test_a_template_keeps_to_the_content_policy(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}|\{% comment.*?endcomment %\}", "", path.read_text(), flags=re.S)
    if path.is_relative_to(ROOT / "templates" / "email"):
        pytest.skip("letters are read by mail programs, which know no stylesheets")
    assert not re.search(r"\sstyle\s*=", text), "no style attributes"
    assert "<style" not in text, "no style elements"
    assert not re.search(r"<[^>{%]*\son[a-z]+\s*=", text), "no event attributes"
    assert "javascript:" not in text
    for opening in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in opening or "application/json" in opening, opening
    for address in re.findall(r'(?:src|action|<link[^>]*href)="(https?:[^"]*)"', text):
        pytest.fail(f"another host: {address}")


@pytest.mark.parametrize("path", OWN_CSS + OWN_JS, ids=lambda p: p.name)
def test_styles_and_scripts_ask_no_other_host_and_write_no_styles(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"@import|url\(['\"]?(https?:)?//", text)
    assert not re.search(r"\beval\(|new Function|\.style\.|setAttribute\(['\"]style", text)


def test_htmx_is_told_to_keep_to_the_policy() -> None:
    head = render_to_string("components/head.html")
    assert '"includeIndicatorStyles": false' in head
    assert '"allowEval": false' in head


def test_what_is_vendored_carries_its_licence() -> None:
    for folder in (ROOT / "static" / "vendor").iterdir():
        if folder.is_dir():
            assert (folder / "LICENSE").is_file(), folder.name
    assert "SIL Open Font License" in (ROOT / "static" / "fonts" / "OFL.txt").read_text()
    for path in (ROOT / "static" / "vendor").rglob("*.*s"):
        assert "sourceMappingURL" not in path.read_text(), f"{path.name} names a map we do not ship"


# --- icons ----------------------------------------------------------------------------------------
def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    named = {
        (match, path.name)
        for path in TEMPLATES
        for match in re.findall(r'{% icon "([^"]+)"', path.read_text())
    }
    assert named
    assert {(name, page) for name, page in named if name not in icon_names()} == set()


def test_an_icon_is_silent_or_speaks() -> None:
    assert 'aria-hidden="true"' in render('{% icon "bell" %}')
    spoken = render('{% icon "lock" "Locked" %}')
    assert 'role="img"' in spoken
    assert 'aria-label="Locked"' in spoken


@pytest.mark.parametrize(
    "source",
    ['{% icon "no-such-thing" %}', '{% tag "red" "late" %}', '{% ask "later" "x" %}{% endask %}'],
)
def test_an_unknown_name_is_refused(source: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        render(source)


# --- the week's places ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("start", "end", "first", "column", "of", "expected"),
    [
        (600, 650, 9, 1, 1, "row-12 span-10"),
        (600, 660, 10, 1, 1, "row-0 span-12 tall"),
        (790, 820, 10, 1, 1, "row-38 span-6 short"),
        (600, 650, 9, 2, 2, "row-12 span-10 of-2 at-2"),
        (600, 602, 9, 1, 1, "row-12 span-4 short"),  # never too small to tap
        (1430, 1450, 0, 1, 1, "row-284 span-4 short"),  # past midnight stays in the day
        (540, 600, 10, 1, 1, "row-0 span-12 tall"),  # before the grid begins
        (600, 650, 9, 9, 9, "row-12 span-10 of-9 at-9"),
    ],
)
def test_a_slot_finds_its_place(
    start: int, end: int, first: int, column: int, of: int, expected: str
) -> None:
    assert slot_classes(start, end, first, column, of) == expected


def test_every_place_a_slot_can_take_has_a_rule() -> None:
    rows = (CSS / "components" / "week-rows.css").read_text()
    week = (CSS / "components" / "week.css").read_text()
    for start in range(0, 1440, 5):
        for length in (5, 50, 240, 1440):
            for name in slot_classes(start, start + length, 0).split():
                assert name in ("short", "tall") or re.search(rf"^\.{name} ", rows, re.M), name
    for of in range(2, 7):
        assert f".of-{of} {{" in week
        for column in range(2, of + 1):
            assert f".of-{of}.at-{column} {{" in week


# --- tags -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "source",
    [
        '{% tag "good" x %}',
        "{% who x x x %}",
        "{% face x %}",
        "{% card x x %}{{ x }}{% endcard %}",
        '{% ask "now" x x %}{{ x }}{% endask %}',
        '{% notice "stop" x %}{{ x }}{% endnotice %}',
        '{% empty x "inbox" x x %}{{ x }}{% endempty %}',
        "{% table_region x %}{{ x }}{% endtable_region %}",
        '{% dialog "d" x %}{{ x }}{% enddialog %}',
        "{% meter 1 2 x x %}",
        "{% count 3 x %}",
    ],
)
def test_what_people_typed_is_never_markup(source: str) -> None:
    out = render(source, x='<img src=x>"')
    assert "<img" not in out


def test_a_pill_has_a_word_and_an_icon() -> None:
    assert "#check-circle-fill" in render('{% tag "good" "all current" %}')
    assert "<svg" not in render('{% tag "good" "all current" "" %}')
    assert "#calendar-event" in render('{% tag "wait" "due Friday" "calendar-event" %}')


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ana Solís", "AS"),
        ("Tuấn N.", "TN"),
        ("Mary-Jane van Dyke", "MD"),
        ("Øystein", "Ø"),
        ("", "?"),
        ("7 (new)", "?"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_nothing_waiting_shows_no_count() -> None:
    assert render("{% count 0 'waiting' %}") == ""
    assert "visually-hidden" in render("{% count 2 'waiting' %}")


def test_a_strip_of_days_says_each_day_in_words() -> None:
    strip = [
        {"kind": "good", "icon": "check-lg", "words": "Mon 2 Nov: present"},
        {"kind": "none", "letter": "", "words": "Tue 3 Nov: not yet marked", "gap": True},
    ]
    out = render('{% days strip "Attendance" %}', strip=strip)
    assert out.count("<li") == 2
    assert "Mon 2 Nov: present" in out
    assert "gap-before" in out


def test_steps_mark_the_one_that_is_now() -> None:
    out = render("{% steps names 2 %}", names=["File", "Check", "Save"])
    assert out.count('aria-current="step"') == 1
    assert out.count('class="done"') == 1
    assert out.count('class="step-dot"') == 3


def test_pages_keep_the_filters() -> None:
    request = RequestFactory().get("/", {"q": "a&b", "page": "2"})
    page = Paginator(range(50), 20).page(2)
    out = render('{% pages page "participants" %}', page=page, request=request)
    assert "q=a%26b&amp;page=1" in out
    assert "q=a%26b&amp;page=3" in out
    assert "21–40 of 50 participants" in out


def test_one_page_needs_no_pages() -> None:
    out = render("{% pages page %}", page=Paginator(range(3), 20).page(1), request=None)
    assert "<nav" not in out


# --- the frame ------------------------------------------------------------------------------------
def page(source: str, **context: object) -> str:
    request = RequestFactory().get("/")
    return Template(source).render(Context({"request": request, **context}))


def frame(**changes: object) -> SimpleNamespace:
    entries = [
        SimpleNamespace(label=f"Place {n}", url=f"/{n}/", icon="house", count=n % 2, current=n == 3)
        for n in range(1, 8)
    ]
    given: dict[str, object] = {
        "nav": entries,
        "program": SimpleNamespace(
            id="1", name="Harbor", site="Portland", zone_label="Eastern time"
        ),
        "programs": [],
        "waiting": 2,
        "user_name": "Rosa Delgado",
        "theme": "dark",
        "crisis_line": "Call 207-555-0100.",
        "is_participant": False,
        "demo": False,
    }
    return SimpleNamespace(**(given | changes))


BASE = '{% extends "base.html" %}{% block title %}Week{% endblock %}'


def test_the_heading_is_the_title_again_unless_it_is_said() -> None:
    assert "<h1>Week</h1>" in page(BASE, frame=frame())
    said = page(BASE + "{% block heading %}Week of 4 March{% endblock %}", frame=frame())
    assert "<h1>Week of 4 March</h1>" in said
    assert "<title>Week ·" in said


def test_the_frame_marks_the_place_and_carries_the_theme() -> None:
    out = page(BASE, frame=frame())
    assert 'data-theme="dark"' in out
    assert '<a href="/3/" aria-current="page">' in out
    assert out.index('class="skip"') < out.index('class="side"') < out.index('id="main"')
    assert 'method="post" action="/accounts/logout/"' in out


def test_the_crisis_line_and_the_quick_exit_are_on_participants_pages() -> None:
    assert "data-quick-exit" not in page(BASE, frame=frame())
    out = page(BASE, frame=frame(is_participant=True))
    assert "data-quick-exit" in out
    assert "207-555-0100" in out


def test_programs_are_switched_by_a_form() -> None:
    two = [SimpleNamespace(id=n, name=f"Program {n}", site="Portland") for n in ("1", "2")]
    out = page(BASE, frame=frame(programs=two))
    assert 'name="program" value="2"' in out
    assert 'method="post"' in out


def test_messages_are_said_politely() -> None:
    out = page(BASE, frame=frame(), messages=[SimpleNamespace(level_tag="error", __str__=str)])
    assert 'aria-live="polite"' in out
    assert "notice stop" in out


@pytest.mark.parametrize(
    "name", ["400.html", "403.html", "404.html", "429.html", "500.html", "form_expired.html"]
)
def test_fault_pages_stand_without_a_request(name: str) -> None:
    out = render_to_string(name)
    assert out.count("<h1>") == 1
    assert 'href="/"' in out


def test_components_say_how_they_are_used() -> None:
    for path in (ROOT / "templates" / "components").glob("*.html"):
        assert path.read_text().startswith("{#"), path.name
