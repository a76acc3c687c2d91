"""The parts of the look as template tags: `{% load look %}`.

Small parts (icon, tag, face, count) are plain tags, as rows use them by the hundred; parts that
hold others (card, ask, notice, empty, dialog, table region) are block tags.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.core.paginator import Page
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

SPRITE = "vendor/bootstrap-icons/sprite.svg"
KINDS = ("good", "wait", "stop", "calm", "plain")
KIND_ICONS = {
    "good": "check-circle-fill",
    "wait": "clock",
    "stop": "exclamation-triangle-fill",
    "calm": "info-circle",
    "plain": "",
}
MESSAGE_KINDS = {
    "success": "good",
    "warning": "wait",
    "error": "stop",
    "danger": "stop",
    "info": "calm",
    "debug": "plain",
}


@cache
def icon_names() -> frozenset[str]:
    """The names the sprite holds."""
    sprite = Path(settings.BASE_DIR) / "static" / SPRITE
    return frozenset(re.findall(r'<symbol id="([^"]+)"', sprite.read_text()))


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise template.TemplateSyntaxError(
            f"There is no kind {kind!r} in the look; use one of {', '.join(KINDS)}."
        )
    return kind


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """`{% icon "bell" %}` is decoration; `{% icon "lock" "Locked" %}` speaks for itself."""
    if not name:
        return mark_safe("")
    if name not in icon_names():
        raise template.TemplateSyntaxError(
            f"The sprite has no icon {name!r}; add it as static/vendor/README.md says."
        )
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"></use></svg>',
            label,
            static(SPRITE),
            name,
        )
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static(SPRITE),
        name,
    )


@register.simple_tag
def tag(kind: str, words: object, icon_name: str | None = None) -> SafeString:
    """`{% tag "good" "all current" %}`: a pill. A third word names another icon, "" leaves it out."""
    chosen = KIND_ICONS[_kind(kind)] if icon_name is None else icon_name
    return format_html('<span class="tag {}">{}{}</span>', kind, icon(chosen), words)


@register.simple_tag
def count(number: int | None, of: str = "", plain: bool = False) -> SafeString:
    """`{% count 3 "waiting" %}`: a small round number, nothing at all for none."""
    if not number:
        return mark_safe("")
    said = format_html(' <span class="visually-hidden">{}</span>', of) if of else ""
    return format_html('<span class="count{}">{}{}</span>', " plain" if plain else "", number, said)


@register.simple_tag(takes_context=True)
def same_as(context: template.Context, name: str) -> SafeString:
    """What a page wrote into another block: the heading of a page is its title again."""
    blocks = context.render_context.get(BLOCK_CONTEXT_KEY)
    block = blocks.get_block(name) if blocks else None
    return block.nodelist.render(context) if block else mark_safe("")


@register.filter
def initials(name: str) -> str:
    """Two letters for a face: of the first and the last word of a name."""
    words = [word for word in re.split(r"[\s\-]+", str(name or "")) if word[:1].isalpha()]
    if not words:
        return "?"
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()


@register.simple_tag
def face(name: str, size: str = "") -> SafeString:
    """`{% face "Ana Solís" %}`: initials on a round ground; size "s" or "l"."""
    return format_html(
        '<span class="face{}" aria-hidden="true">{}</span>',
        f" {size}" if size else "",
        initials(name),
    )


@register.simple_tag
def who(name: str, second: object = "", url: str = "", size: str = "") -> SafeString:
    """`{% who person.name person.line person.url %}`: face, name (a link if given), second line."""
    said = format_html('<a href="{}">{}</a>', url, name) if url else format_html("<b>{}</b>", name)
    line = format_html('<span class="soft">{}</span>', second) if second else ""
    return format_html(
        '<span class="who">{}<span class="who-words">{}{}</span></span>',
        face(name, size),
        said,
        line,
    )


@register.simple_block_tag
def card(
    content: str, title: str = "", note: str = "", level: int = 2, css: str = ""
) -> SafeString:
    """`{% card "Goals" %}…{% endcard %}`: a surface with a padded inside; css adds classes."""
    head = (
        format_html('<div class="card-head"><h{}>{}</h{}></div>', level, title, level)
        if title
        else ""
    )
    foot = format_html('<div class="card-foot">{}</div>', note) if note else ""
    return format_html(
        '<section class="card{}">{}<div class="card-in">{}</div>{}</section>',
        f" {css}" if css else "",
        head,
        content,
        foot,
    )


@register.simple_block_tag
def ask(content: str, when: str, title: str, url: str = "", icon_name: str = "") -> SafeString:
    """`{% ask "now" "Wed 14:00 has no facilitator" url %}second line{% endask %}`: now, soon, plain."""
    if when not in ("now", "soon", "plain"):
        raise template.TemplateSyntaxError("An ask is now, soon or plain.")
    chosen = icon_name or {"now": "exclamation-triangle-fill", "soon": "clock"}.get(when, "")
    body = format_html('<span class="ask-body">{}</span>', content) if content.strip() else ""
    inside = format_html(
        '<span class="ask-head">{}<span>{}</span></span>{}', icon(chosen), title, body
    )
    if url:
        return format_html('<a class="ask {}" href="{}">{}</a>', when, url, inside)
    return format_html('<div class="ask {}">{}</div>', when, inside)


@register.simple_block_tag
def notice(content: str, kind: str = "calm", title: str = "") -> SafeString:
    """`{% notice "wait" "Two dates clash." %}what to do{% endnotice %}`: a sentence that stays."""
    head = format_html("<b>{}</b>", title) if title else ""
    return format_html(
        '<div class="notice {}">{}<div class="notice-words">{}{}</div></div>',
        _kind(kind),
        icon(KIND_ICONS[kind] or "info-circle"),
        head,
        content,
    )


@register.simple_block_tag
def empty(
    content: str,
    title: str,
    icon_name: str = "inbox",
    url: str = "",
    act: str = "",
    small: bool = False,
) -> SafeString:
    """`{% empty "No groups yet" "people" new_url "New group" %}how to begin{% endempty %}`."""
    button = format_html('<a class="btn main" href="{}">{}</a>', url, act) if url and act else ""
    return format_html(
        '<div class="empty{}">{}<p class="empty-head">{}</p><div class="empty-body">{}</div>{}</div>',
        " small-empty" if small else "",
        icon(icon_name),
        title,
        content,
        button,
    )


@register.simple_block_tag
def table_region(content: str, label: str) -> SafeString:
    """`{% table_region "Census" %}<table class="list stacks">…{% endtable_region %}`."""
    return format_html(
        '<div class="table-region" role="region" aria-label="{}" tabindex="0">{}</div>',
        label,
        content,
    )


@register.simple_block_tag
def dialog(content: str, id: str, title: str) -> SafeString:
    """`{% dialog "leave" "Leave this page?" %}…{% enddialog %}`, opened by `data-dialog="leave"`."""
    return format_html(
        '<dialog class="dialog" id="{}" aria-labelledby="{}-title">'
        '<div class="dialog-head"><h2 id="{}-title">{}</h2>'
        '<form method="dialog"><button class="btn bare only-icon" aria-label="Close">{}</button></form>'
        '</div><div class="dialog-body">{}</div></dialog>',
        id,
        id,
        id,
        title,
        icon("x-lg"),
        content,
    )


@register.simple_tag
def meter(value: int, most: int, label: str, words: str = "") -> SafeString:
    """`{% meter 24 40 "Training hours" "24 of 40 h" %}`: a progress bar with its numbers in words."""
    said = words or f"{value} of {most}"
    return format_html(
        '<div class="meter"><div class="meter-words"><span>{}</span><span class="num soft">{}</span></div>'
        '<progress value="{}" max="{}" aria-label="{}">{}</progress></div>',
        label,
        said,
        value,
        most,
        label,
        said,
    )


@register.simple_tag
def days(strip: Iterable[dict], label: str) -> SafeString:
    """A strip of days. Each: kind (good, wait, stop, calm, plain, none), letter or icon, words, gap."""
    cells = format_html_join(
        "",
        '<li class="{}{}" title="{}"><span aria-hidden="true">{}</span><span class="visually-hidden">{}</span></li>',
        (
            (
                day.get("kind", "plain"),
                " gap-before" if day.get("gap") else "",
                day["words"],
                icon(day["icon"]) if day.get("icon") else day.get("letter", ""),
                day["words"],
            )
            for day in strip
        ),
    )
    return format_html('<ol class="days" aria-label="{}">{}</ol>', label, cells)


@register.simple_tag
def steps(names: Iterable[str], current: int) -> SafeString:
    """`{% steps names 2 %}`: the steps of a longer act, the second one being now."""
    items = []
    for position, name in enumerate(names, start=1):
        if position < current:
            items.append(
                format_html(
                    '<li class="done"><span class="step-dot">{}</span>{}</li>',
                    icon("check-lg", "Done:"),
                    name,
                )
            )
        elif position == current:
            items.append(
                format_html(
                    '<li aria-current="step"><span class="step-dot">{}</span>{}</li>',
                    position,
                    name,
                )
            )
        else:
            items.append(format_html('<li><span class="step-dot">{}</span>{}</li>', position, name))
    return format_html(
        '<ol class="steps">{}</ol>', format_html_join("", "{}", ((i,) for i in items))
    )


def _get(item: object, name: str) -> Any:
    return item.get(name) if isinstance(item, dict) else getattr(item, name, None)


@register.simple_tag
def tabs(items: Iterable, label: str) -> SafeString:
    """Links as tabs. Each item (dict or object): label, url, current, count."""
    return format_html(
        '<nav aria-label="{}"><ul class="tabs">{}</ul></nav>',
        label,
        format_html_join(
            "",
            '<li><a href="{}"{}>{}{}</a></li>',
            (
                (
                    _get(item, "url"),
                    mark_safe(' aria-current="page"') if _get(item, "current") else "",
                    _get(item, "label"),
                    count(_get(item, "count"), plain=True),
                )
                for item in items
            ),
        ),
    )


@register.simple_tag
def seg(items: Iterable, label: str) -> SafeString:
    """One of a few views, as links side by side. Each item: label, url, current."""
    return format_html(
        '<nav class="seg" aria-label="{}">{}</nav>',
        label,
        format_html_join(
            "",
            '<a href="{}"{}>{}</a>',
            (
                (
                    _get(item, "url"),
                    mark_safe(' aria-current="true"') if _get(item, "current") else "",
                    _get(item, "label"),
                )
                for item in items
            ),
        ),
    )


@register.inclusion_tag("components/pages.html", takes_context=True)
def pages(context: template.Context, page: Page, noun: str = "") -> dict:
    """`{% pages page "participants" %}`: earlier and later, keeping the filters of the address."""
    request = context.get("request")
    query = request.GET.copy() if request else None

    def address(number: int) -> str:
        if query is None:
            return f"?page={number}"
        query["page"] = str(number)
        return f"?{query.urlencode()}"

    return {
        "page": page,
        "noun": noun,
        "earlier": address(page.previous_page_number()) if page.has_previous() else "",
        "later": address(page.next_page_number()) if page.has_next() else "",
    }


@register.filter
def message_kind(level_tag: str) -> str:
    """The kind of a Django message."""
    return MESSAGE_KINDS.get(level_tag, "calm")


@register.filter
def message_icon(level_tag: str) -> str:
    return KIND_ICONS[message_kind(level_tag)] or "info-circle"


def slot_classes(start: int, end: int, first: int, column: int = 1, of: int = 1) -> str:
    """The classes that place a slot in a lane of the week grid.

    `start` and `end` are minutes after midnight, `first` is the hour the grid begins with, `of`
    the number of slots that share the time and `column` this one's place among them. Rows are
    five minutes; a slot never gets less than four of them, so that it can be read and tapped.
    """
    row = min(max(0, (start - first * 60) // 5), 284)
    span = min(max(4, -(-(end - start) // 5)), 288 - row)
    shape = " short" if span < 7 else " tall" if span >= 12 else ""
    side = f" of-{min(of, 12)} at-{min(column, 12)}" if of > 1 else ""
    return f"row-{row} span-{span}{shape}{side}"
