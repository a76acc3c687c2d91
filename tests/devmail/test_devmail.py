"""The demo's mailbox: what the catcher receives over SMTP, the page shows, and only where it may."""

import smtplib
import subprocess
import sys
from email.message import EmailMessage

import pytest
from django.urls import reverse

from phpsupport.devmail import mailbox
from phpsupport.devservices import PROJECT, free_port
from tests.jobs import wait_until


def _letter(subject: str = "An appointment", html: str = "") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "desk@demo.example", "ana@demo.example", subject
    mail.set_content("Your appointment is tomorrow – see you then.")
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


@pytest.fixture
def box(settings, tmp_path):
    settings.DEV_MAIL_DIR = str(tmp_path)
    return tmp_path


def _keep(box, mail, name="1760000000000000000-0a1b2c3d"):
    (box / f"{name}.eml").write_bytes(b"X-Envelope-To: ana@demo.example\r\n" + mail.as_bytes())
    return name


def test_the_catcher_keeps_what_it_is_told_over_smtp(tmp_path, box):
    port = free_port()
    catcher = subprocess.Popen(
        [sys.executable, "-m", "phpsupport.devmail.catcher", str(port), str(box)], cwd=PROJECT
    )
    try:

        def send() -> bool:
            try:
                with smtplib.SMTP("127.0.0.1", port, timeout=5) as server:
                    server.send_message(_letter(), to_addrs=["hidden@demo.example"])
            except OSError:
                return False
            return True

        assert wait_until(send, seconds=20)
        letter = mailbox.letters(box)[0]
    finally:
        catcher.terminate()
        assert catcher.wait(10) == 0
    assert letter.subject == "An appointment"
    assert letter.to == "hidden@demo.example"
    assert "see you then" in letter.text
    assert (box / f"{letter.name}.eml").stat().st_mode & 0o077 == 0


@pytest.mark.django_db
def test_the_newest_letter_comes_first(client, box):
    _keep(box, _letter("The older one"), "1760000000000000000-00000001")
    _keep(box, _letter("The newer one"), "1770000000000000000-00000002")
    page = client.get(reverse("devmail:box")).content.decode()
    assert 0 < page.index("The newer one") < page.index("The older one")


@pytest.mark.django_db
def test_an_empty_box_says_how_letters_come(client, box):
    assert "No letter yet" in client.get(reverse("devmail:box")).content.decode()


@pytest.mark.django_db
def test_the_html_of_a_letter_stands_in_a_frame_that_may_do_nothing(client, box):
    name = _keep(box, _letter(html="<p style='color:red'>Hello</p><script>alert(1)</script>"))
    page = client.get(reverse("devmail:letter", args=[name]))
    assert "<script>alert" not in page.content.decode()
    assert "sandbox" in page.content.decode()
    frame = client.get(reverse("devmail:letter-html", args=[name]))
    policy = frame["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert frame["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.django_db
def test_a_subject_cannot_bring_markup(client, box):
    _keep(box, _letter("<b>bold</b>"))
    assert "&lt;b&gt;bold" in client.get(reverse("devmail:box")).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["1-00000000", "1760000000000000000-ffffffff"])
def test_an_unknown_letter_is_not_found(client, box, name):
    assert client.get(f"/dev/mail/{name}/").status_code == 404
    assert client.get(f"/dev/mail/{name}/html/").status_code == 404


@pytest.mark.django_db
def test_outside_development_and_the_demo_there_is_no_mailbox(client, box, settings):
    name = _keep(box, _letter())
    settings.DEBUG = settings.DEMO = False
    for address in ("/dev/mail/", f"/dev/mail/{name}/", f"/dev/mail/{name}/html/"):
        assert client.get(address).status_code == 404
