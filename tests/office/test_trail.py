"""The trail in words; a concern leaves no line in the trail of whom it names."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.urls import reverse

from facilitators.actions.concerns import report_concern
from phpsupport.access.roles import Role
from phpsupport.audit.trail import record
from tests.factories import make_facilitator, make_program, make_series, make_session, make_staff

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 3, 16, tzinfo=UTC)


@time_machine.travel(NOW, tick=False)
def test_the_officer_who_is_named_or_tied_reads_nothing_of_it(client):
    program = make_program()
    named, tied, free = (make_staff(program, Role.PRIVACY_OFFICER) for _ in range(3))
    make_facilitator(program, user=tied, supervisor=named)
    concern = report_concern(
        program=program, by=make_staff(program, Role.CLINICIAN), at=NOW, named=[named],
        concern_class="violation", category="other", narrative="What happened.",
    )  # fmt: skip
    found = {}
    for officer in (named, tied, free):
        client.force_login(officer)
        page = client.get(reverse("office:trail"), {"about": concern.pk})
        found[officer] = "Concern: reported" in page.content.decode()
    assert found == {named: False, tied: False, free: True}


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize("typed", ["", "group session", "Group session: read", "groupsession.re"])
def test_a_line_names_its_kind_in_words_and_is_found_by_them(client, typed):
    program = make_program()
    session = make_session(make_series(program), NOW.date())
    officer = make_staff(program, Role.PRIVACY_OFFICER)
    record("groupsession.read", by=officer, at=NOW, obj=session, program_id=program.pk)
    record("search", by=officer, at=NOW, program_id=program.pk)
    client.force_login(officer)
    page = client.get(reverse("office:trail"), {"action": typed}).content.decode()
    assert "<b>Group session: read</b>" in page
    assert ("<b>Search</b>" in page) is (typed == "")
