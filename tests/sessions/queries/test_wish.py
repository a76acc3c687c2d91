"""What an address of the week asks for."""

from datetime import date

import pytest

from sessions.queries.wish import Wish

TODAY = date(2026, 11, 18)  # a Wednesday


def read(**asked: str) -> Wish:
    return Wish.read(asked, today=TODAY)


def test_an_empty_address_is_this_week_by_time() -> None:
    wish = read()
    assert (wish.view, wish.on, wish.by, wish.filtered, wish.arrange) == (
        "week", TODAY, "time", False, False,
    )  # fmt: skip


def test_a_phone_rests_on_the_list() -> None:
    assert Wish.read({}, today=TODAY, resting="list").view == "list"
    assert Wish.read({"view": "week"}, today=TODAY, resting="list").view == "week"


@pytest.mark.parametrize(
    ("asked", "on"),
    [
        ({"date": "2026-12-04"}, date(2026, 12, 4)),
        ({"week": "2026-W49"}, date(2026, 11, 30)),
        ({"date": "2026-12-04", "week": "2026-W01"}, date(2026, 12, 4)),
        ({"date": "2026-02-30"}, TODAY),
        ({"date": "20261204"}, TODAY),
        ({"date": "9999-12-31"}, TODAY),
        ({"week": "2026-W99"}, TODAY),
        ({"week": "9999-W01"}, TODAY),
        ({"week": "2026-W00"}, TODAY),
        ({"date": "x' OR 1=1"}, TODAY),
    ],
)
def test_the_day_of_an_address(asked: dict[str, str], on: date) -> None:
    assert read(**asked).on == on


@pytest.mark.parametrize("strange", ["year", "WEEK", "", "<b>"])
def test_what_cannot_be_read_is_left_at_its_rest(strange: str) -> None:
    wish = read(view=strange, by=strange)
    assert (wish.view, wish.by) == ("week", "time")


@pytest.mark.parametrize(
    ("view", "on", "span", "beside"),
    [
        ("day", "2026-11-18", ("2026-11-18", "2026-11-19"), ("2026-11-17", "2026-11-19")),
        ("week", "2026-11-18", ("2026-11-16", "2026-11-23"), ("2026-11-11", "2026-11-25")),
        ("list", "2026-11-22", ("2026-11-16", "2026-11-23"), ("2026-11-15", "2026-11-29")),
        ("month", "2026-11-18", ("2026-10-26", "2026-12-07"), ("2026-10-01", "2026-12-01")),
        ("month", "2026-02-28", ("2026-01-26", "2026-03-02"), ("2026-01-01", "2026-03-01")),
        ("month", "2027-01-31", ("2026-12-28", "2027-02-01"), ("2026-12-01", "2027-02-01")),
    ],
)
def test_what_a_view_spans(
    view: str, on: str, span: tuple[str, str], beside: tuple[str, str]
) -> None:
    wish = read(view=view, date=on)
    assert tuple(d.isoformat() for d in wish.span) == span
    assert tuple(d.isoformat() for d in wish.beside) == beside


def test_a_month_before_and_after_lead_back_to_it() -> None:
    wish = read(view="month", date="2026-03-31")
    before, after = wish.beside
    assert read(view="month", date=before.isoformat()).beside[1] == wish.first
    assert read(view="month", date=after.isoformat()).beside[0] == wish.first
