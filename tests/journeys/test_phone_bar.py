"""The bar at the lower edge of a phone: every place by its whole name, whatever one's roles."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from phpsupport.access.roles import Role
from tests.factories import make_program, make_staff

PLACES = """() => [...document.querySelectorAll(".places > .nav-list > li")]
  .filter((item) => item.offsetParent)
  .map((item) => {
    const word = item.querySelector(".nav-word"), cut = word.getBoundingClientRect();
    const room = word.parentElement.getBoundingClientRect();
    return {
      name: word.textContent, right: room.right, width: room.width, height: room.height,
      whole: word.scrollWidth <= word.clientWidth && cut.left >= room.left && cut.right <= room.right,
    };
  })"""


@pytest.mark.parametrize("width", [320, 390])
def test_every_name_in_the_bar_is_whole(
    transactional_db: None, site: str, phone: Page, sign_in: Callable, width: int
) -> None:
    program = make_program()
    phone.set_viewport_size({"width": width, "height": 700})
    for role in Role:
        sign_in(phone, make_staff(program, role))
        phone.goto("/accounts/profile/")
        phone.evaluate("document.fonts.ready.then(() => 0)")
        found = phone.evaluate(PLACES)
        assert found, role
        for place in found:
            assert place["whole"], (role, place)
            assert place["right"] <= width, (role, place)
            assert place["width"] >= 44, (role, place)
            assert place["height"] <= 60.5, (role, place)
