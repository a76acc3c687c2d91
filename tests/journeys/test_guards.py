"""The browser fixtures themselves: a page's faults do not go unnoticed."""

import pytest
from playwright.sync_api import expect

from tests.browser import page_faults


def test_a_console_error_is_a_fault(site, desk):
    desk.goto("/accounts/login/")
    desk.evaluate("console.error('something broke')")
    assert page_faults(desk).unexpected() == ["console: something broke"]
    page_faults(desk).expect("something broke")


def test_a_script_error_is_a_fault(site, desk):
    desk.goto("/accounts/login/")
    with desk.expect_event("pageerror"):
        desk.evaluate("setTimeout(() => { throw new Error('lost') }, 0)")
    assert any("lost" in fault for fault in page_faults(desk).unexpected())
    page_faults(desk).expect("lost")


def test_inline_style_and_script_are_refused_by_the_policy_and_noticed(site, desk):
    desk.goto("/accounts/login/")
    with desk.expect_console_message(lambda said: "policy violation: style-src" in said.text):
        desk.evaluate(
            "const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
            "document.body.append(s);"
            "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>');"
        )
    expect(desk.get_by_text("x", exact=True)).to_be_visible()
    assert desk.evaluate("window.ran") is None
    faults = " ".join(page_faults(desk).unexpected())
    assert "script-src" in faults
    assert "style-src" in faults
    page_faults(desk).expect("violat", "Content Security Policy")


def test_another_host_is_a_fault(site, desk):
    desk.goto("/accounts/login/")
    with desk.expect_console_message(lambda said: "elsewhere.invalid" in said.text):
        desk.evaluate("new Image().src = 'http://elsewhere.invalid/pixel.png'")
    assert any("elsewhere.invalid" in fault for fault in page_faults(desk).unexpected())
    page_faults(desk).expect("elsewhere.invalid", "violat", "Content Security Policy")


def test_a_missing_page_is_the_tests_business(site, desk):
    answer = desk.goto("/nowhere/")
    assert answer
    assert answer.status == 404
    assert page_faults(desk).unexpected() == []


def test_axe_finds_a_grave_fault(site, desk, axe):
    desk.goto("/accounts/login/")
    desk.evaluate("document.body.insertAdjacentHTML('beforeend', '<button></button>')")
    with pytest.raises(AssertionError, match="button-name"):
        axe(desk)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sizes_and_the_scheme_are_as_said(site, desk, phone, scheme):
    for page, width in ((desk, 1440), (phone, 390)):
        page.goto("/accounts/login/")
        assert page.evaluate("innerWidth") == width
        assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is (
            scheme == "dark"
        )
    assert phone.evaluate("matchMedia('(pointer: coarse)').matches")
