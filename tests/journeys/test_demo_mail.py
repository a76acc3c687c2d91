"""The demo's mailbox in a browser."""

from email.message import EmailMessage

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_reading_a_letter(site, desk, phone, axe, settings, tmp_path, scheme):
    settings.DEV_MAIL_DIR = str(tmp_path)
    desk.goto("/dev/mail/")
    expect(desk.get_by_text("No letter yet")).to_be_visible()
    axe(desk)

    mail = EmailMessage()
    mail["From"], mail["Subject"] = "desk@demo.example", "An appointment"
    mail.set_content("Your appointment is tomorrow.")
    mail.add_alternative("<p style='color: navy'>Your appointment is tomorrow.</p>", subtype="html")
    (tmp_path / "1760000000000000000-0a1b2c3d.eml").write_bytes(
        b"X-Envelope-To: ana@demo.example\r\n" + mail.as_bytes()
    )
    for page in (desk, phone):
        page.goto("/dev/mail/")
        axe(page)
        page.get_by_role("link", name="An appointment").click()
        expect(page.get_by_role("heading", name="An appointment")).to_be_visible()
        frame = page.frame_locator("iframe")
        expect(frame.get_by_text("Your appointment is tomorrow.")).to_be_visible()
        axe(page)
