"""What becomes of typed words when the connection, the sign-in, the tab or the person changes."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from phpsupport.access.roles import Role
from phpsupport.lib import clock
from sessions.actions.attendance import Mark, mark_attendance
from sessions.models import GroupNoteDraft, GroupSession, ProgressNoteDraft
from tests.browser import page_faults
from tests.factories import PASSWORD, make_participant, make_staff
from tests.journeys.people import unanswered
from tests.sessions.worlds import World, make_world

pytestmark = pytest.mark.django_db(transaction=True)

SAVED = re.compile(r"^\s*Saved \d+:\d\d")
GROUP = "What the group did"
ON_THE_DEVICE = "Object.keys(localStorage).filter((name) => name.startsWith('kept.'))"


@pytest.fixture
def world() -> World:
    world = make_world(2)
    world.mark("present", "present")
    return world


def open_note(page: Any, world: World) -> Any:
    page.goto(f"/groups/sessions/{world.session.pk}/note/")
    page.locator("[data-note][data-ready]").wait_for(state="attached")
    return page.locator("[data-saved]")


def group(page: Any) -> Any:
    return page.locator("[name=group-what_was_done]")


def own_words(page: Any, world: World, number: int = 0) -> Any:
    return page.locator(f"[name=p-{world.people[number].pk}-own_words]")


def cut_off(page: Any) -> None:
    page_faults(page).expect("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "403")


def stored() -> str:
    return GroupNoteDraft.objects.get().what_was_done


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signing_in_again_in_place(
    phone: Any, sign_in: Any, axe: Any, world: World, scheme: str
) -> None:
    sign_in(phone, world.leader)
    line = open_note(phone, world)
    cut_off(phone)
    phone.context.clear_cookies()
    group(phone).fill("Typed while signed off")
    dialog = phone.get_by_role("dialog", name="Sign in to go on")
    expect(dialog).to_be_visible()
    expect(line).to_have_text(re.compile("Not saved: you were signed off"))
    axe(phone)
    phone.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    page_faults(phone).expect("422")
    dialog.get_by_label("Your password").fill("not it")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_text("This is not your password. Try again.")).to_be_visible()
    dialog.get_by_label("Your password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_hidden()
    expect(line).to_have_text(SAVED)
    assert stored() == "Typed while signed off"
    # Also the forms and fragments of the page go on with the new token.
    with unanswered(phone):
        group(phone).fill("And further")
        expect(line).to_have_text(re.compile("Not saved yet|Saving…"))
    expect(line).to_have_text(SAVED)
    phone.get_by_role("button", name="Check and sign").click()
    phone.wait_for_url("**/sign/")


def test_signing_in_on_another_tab_goes_on_by_itself(
    phone: Any, sign_in: Any, world: World
) -> None:
    sign_in(phone, world.leader)
    line = open_note(phone, world)
    cut_off(phone)
    phone.context.clear_cookies()
    group(phone).fill("Typed while signed off")
    expect(phone.get_by_role("dialog", name="Sign in to go on")).to_be_visible()
    sign_in(phone, world.leader)
    expect(phone.get_by_role("dialog", name="Sign in to go on")).to_be_hidden()
    expect(line).to_have_text(SAVED)
    assert stored() == "Typed while signed off"


def test_a_closed_tab_brings_back_what_had_not_arrived(
    phone: Any, sign_in: Any, axe: Any, world: World
) -> None:
    sign_in(phone, world.leader)
    line = open_note(phone, world)
    cut_off(phone)
    phone.context.set_offline(True)
    group(phone).fill("Words of the cafeteria")
    own_words(phone, world).fill("Words about the sister")
    expect(line).to_have_text(re.compile("no connection.*kept on this device"))
    kept = phone.evaluate("JSON.stringify(localStorage)")
    assert "Words" not in kept, "nothing readable stands on the device"
    assert str(world.session.pk) not in kept
    assert str(world.leader.pk) not in kept
    other = phone.context.new_page()
    phone.close()
    other.context.set_offline(False)
    line = open_note(other, world)
    told = "2 passages that had not reached the server were brought back."
    expect(other.get_by_text(told)).to_be_visible()
    expect(group(other)).to_have_value("Words of the cafeteria")
    axe(other)
    expect(line).to_have_text(SAVED)
    assert stored() == "Words of the cafeteria"
    assert ProgressNoteDraft.objects.get().own_words == "Words about the sister"
    other.wait_for_function(f"{ON_THE_DEVICE}.length === 0")


def test_words_brought_back_do_not_go_over_newer_ones(
    phone: Any, open_page: Any, sign_in: Any, world: World
) -> None:
    sign_in(phone, world.leader)
    line = open_note(phone, world)
    cut_off(phone)
    page_faults(phone).expect("409")
    phone.context.set_offline(True)
    group(phone).fill("Of the phone")
    expect(line).to_have_text(re.compile("kept on this device"))
    other = phone.context.new_page()
    phone.close()
    world.write(group="Of somebody else meanwhile", at=clock.now())
    other.context.set_offline(False)
    line = open_note(other, world)
    both = other.locator("#group [data-theirs]")
    expect(both).to_contain_text("Of the phone")
    expect(both).to_contain_text("Of somebody else meanwhile")
    assert stored() == "Of somebody else meanwhile"
    both.get_by_role("button", name="Take theirs").click()
    expect(line).to_have_text(re.compile("^\\s*Saved"))
    expect(group(other)).to_have_value("Of somebody else meanwhile")
    other.get_by_role("button", name="Bring mine back").click()
    expect(group(other)).to_have_value("Of the phone")
    expect(line).to_have_text(SAVED)
    assert stored() == "Of the phone"


def test_somebody_else_on_the_same_device(phone: Any, sign_in: Any, axe: Any, world: World) -> None:
    sign_in(phone, world.leader)
    line = open_note(phone, world)
    cut_off(phone)
    phone.context.set_offline(True)
    group(phone).fill("Only mine to read")
    expect(line).to_have_text(re.compile("kept on this device"))
    bea = make_staff(world.program, Role.SCHEDULER, first_name="Bea", last_name="Long")
    sign_in(phone, bea)
    phone.context.set_offline(False)
    expect(phone.get_by_role("heading", name="Bea Long signed in on this device")).to_be_visible()
    assert "Only mine to read" not in phone.content()
    axe(phone)
    assert not GroupNoteDraft.objects.exists(), "nothing is saved under another name"
    theirs = phone.context.new_page()
    theirs.goto("/groups/today/")
    assert phone.evaluate(f"{ON_THE_DEVICE}.length") == 1, "another person's page leaves it"
    sign_in(phone, world.leader)
    theirs.close()
    phone.bring_to_front()
    phone.evaluate("dispatchEvent(new Event('focus'))")
    expect(group(phone)).to_have_value("Only mine to read")
    expect(phone.get_by_text("1 passage that had not reached the server")).to_be_visible()
    expect(phone.locator("[data-saved]")).to_have_text(SAVED)
    assert stored() == "Only mine to read"


def test_after_signing_out_nothing_stays(desk: Any, sign_in: Any, world: World) -> None:
    sign_in(desk, world.leader)
    open_note(desk, world)
    second = desk.context.new_page()
    open_note(second, world)
    group(desk).fill("Saved on the way out")
    desk.locator("details.me summary").click()
    desk.get_by_role("button", name="Sign out").click()
    desk.wait_for_url("**/accounts/login/**")
    assert stored() == "Saved on the way out"
    expect(second.get_by_role("heading", name="You signed out")).to_be_visible()
    assert "Saved on the way out" not in second.content()
    assert desk.evaluate(f"{ON_THE_DEVICE}.length") == 0
    desk.go_back()
    expect(desk.get_by_label("Password")).to_be_visible()
    assert "Saved on the way out" not in desk.content()


def test_signing_out_asks_before_words_are_lost(desk: Any, sign_in: Any, world: World) -> None:
    sign_in(desk, world.leader)
    line = open_note(desk, world)
    cut_off(desk)
    desk.context.route("**/note/save/", lambda route: route.abort())
    group(desk).fill("Cannot be saved")
    expect(line).to_have_text(re.compile("no connection"))
    desk.locator("details.me summary").click()
    desk.get_by_role("button", name="Sign out").click()
    ask = desk.get_by_role("dialog", name="Some words would be lost")
    expect(ask).to_be_visible()
    ask.get_by_role("button", name="Stay").click()
    expect(group(desk)).to_have_value("Cannot be saved")
    desk.locator("details.me summary").click()
    desk.get_by_role("button", name="Sign out", exact=True).click()
    ask.get_by_role("button", name="Sign out, lose").click()
    desk.wait_for_url("**/accounts/login/**")
    assert desk.evaluate(f"{ON_THE_DEVICE}.length") == 0


def test_two_tabs_of_one_person(desk: Any, sign_in: Any, world: World) -> None:
    sign_in(desk, world.leader)
    page_faults(desk).expect("409")
    line = open_note(desk, world)
    second = desk.context.new_page()
    other_line = open_note(second, world)
    group(desk).fill("From the first tab")
    expect(line).to_have_text(SAVED)
    expect(group(second)).to_have_value("From the first tab")
    expect(other_line).to_have_text(SAVED)
    own_words(second, world).fill("From the second")
    expect(other_line).to_have_text(SAVED)
    expect(own_words(desk, world)).to_have_value("From the second")
    assert (stored(), ProgressNoteDraft.objects.get().own_words) == (
        "From the first tab", "From the second",
    )  # fmt: skip


def test_one_faulty_part_keeps_no_other_from_being_saved(
    desk: Any, sign_in: Any, world: World
) -> None:
    sign_in(desk, world.leader)
    page_faults(desk).expect("409")
    line = open_note(desk, world)
    long = own_words(desk, world)
    long.evaluate("(field) => field.removeAttribute('maxlength')")
    group(desk).fill("This is kept")
    long.fill("too long " * 700)
    expect(line).to_have_text(re.compile("look at the part that is marked"))
    expect(desk.locator(f"[data-part='p-{world.people[0].pk}'] .field-error")).to_be_visible()
    assert stored() == "This is kept"
    long.fill("Short now")
    expect(line).to_have_text(SAVED)
    expect(desk.locator("[data-fault]")).to_have_count(0)


def test_a_part_signed_meanwhile_keeps_the_words_in_sight(
    desk: Any, sign_in: Any, world: World
) -> None:
    world.write("Said one", "Said two")
    sign_in(desk, world.leader)
    page_faults(desk).expect("409")
    line = open_note(desk, world)
    world.sign()
    own_words(desk, world).fill("Said one, and more")
    expect(line).to_have_text(re.compile("signed meanwhile"))
    part = desk.locator(f"[data-part='p-{world.people[0].pk}']")
    expect(part.get_by_role("link", name="Write an addendum")).to_be_visible()
    expect(own_words(desk, world)).to_have_value("Said one, and more")
    # Whoever has what they need of these words goes on.
    part.get_by_label("I have what I need of them").check()
    expect(line).to_have_text(SAVED)
    desk.get_by_role("button", name="Check and sign").click()
    desk.wait_for_url("**/sign/")


def send_without_script(page: Any, world: World, meanwhile: Any) -> Any:
    """Open the notes on a connection on which the script does not arrive, let something happen
    meanwhile, and press the button; the answer then has its script."""
    page.route("**/js/note*.js", lambda route: route.abort())
    page_faults(page).expect("ERR_FAILED", "409", "422")
    page.goto(f"/groups/sessions/{world.session.pk}/note/")
    group(page).fill("Mine")
    own_words(page, world).fill("About her")
    meanwhile()
    page.unroute("**/js/note*.js")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("[data-note][data-ready]").wait_for(state="attached")
    return page.locator("[data-saved]")


def test_what_the_button_could_not_save_goes_on_by_script(
    desk: Any, sign_in: Any, axe: Any, world: World
) -> None:
    sign_in(desk, world.leader)
    line = send_without_script(
        desk, world, lambda: world.write(group="Of somebody else", at=clock.now())
    )
    both = desk.locator("#group [data-theirs]")
    expect(both.get_by_role("button", name="Keep mine")).to_be_visible()
    expect(line).to_have_text(re.compile("somebody else changed a part"))
    axe(desk)
    assert stored() == "Of somebody else", "the script takes nothing as kept that is not"
    assert ProgressNoteDraft.objects.get().own_words == "About her"
    both.get_by_role("button", name="Keep mine").click()
    expect(line).to_have_text(SAVED)
    assert stored() == "Mine"


def test_words_about_somebody_who_left_are_kept_in_sight_and_let_go(
    phone: Any, sign_in: Any, axe: Any, world: World
) -> None:
    sign_in(phone, world.leader)
    guest = make_participant(world.program, first_name="Gil", last_name="Ortega")
    walks_in(world, guest)
    world.people[0], world.people[1] = guest, world.people[0]
    line = send_without_script(phone, world, lambda: walks_in(world, guest, off=True))
    expect(line).to_have_text(re.compile("no longer on the roster"))
    expect(own_words(phone, world)).to_have_value("About her")
    expect(own_words(phone, world)).not_to_be_editable()
    axe(phone)
    walks_in(world, guest)
    phone.get_by_role("button", name="Save", exact=True).click()
    expect(line).to_have_text(SAVED)
    walks_in(world, guest, off=True)
    phone.reload()
    away = phone.get_by_role("region", name="No longer on the roster")
    expect(away.get_by_text("About her")).to_be_visible()
    axe(phone)
    away.get_by_label("Let these words go for good").check()
    group(phone).fill("Mine, and more")
    phone.get_by_role("button", name="Save", exact=True).click()
    expect(phone.get_by_text("Your notes are saved.")).to_be_visible()
    expect(phone.get_by_text("About her")).to_have_count(0)
    assert stored() == "Mine, and more"
    assert ProgressNoteDraft.objects.get().own_words == ""


def walks_in(world: World, guest: Any, *, off: bool = False) -> None:
    session = GroupSession.objects.get(pk=world.session.pk)
    mark = Mark(guest.pk, "present", walk_in=True, take_off=off, why="Mistake")
    mark_attendance(
        session=session, marks=[mark], version=session.attendance_version, by=world.leader,
        at=clock.now(),
    )  # fmt: skip


def test_reasons_typed_before_signing_are_guarded(desk: Any, sign_in: Any, world: World) -> None:
    """They stand beside the text, outside the form that signs."""
    world.write("Sat with Tuan.", "Fine.")
    sign_in(desk, world.leader)
    desk.goto(f"/groups/sessions/{world.session.pk}/sign/")
    leaving = "!dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    reason = desk.get_by_label("Or say why “Tuan” stays")
    expect(reason).to_be_visible()
    assert not desk.evaluate(leaving)
    reason.fill("A brother.")
    assert desk.evaluate(leaving)


def test_who_else_writes_here(phone: Any, open_page: Any, sign_in: Any, world: World) -> None:
    from sessions.presence import here

    linh = make_staff(world.program, Role.FACILITATOR, first_name="Linh", last_name="Tran")
    session = GroupSession.objects.get(pk=world.session.pk)
    here(session, linh, "note", at=clock.now() + timedelta(seconds=5))
    sign_in(phone, world.leader)
    open_note(phone, world)
    expect(phone.get_by_text("Linh T. is writing here too")).to_be_visible()
