"""Clearance on the day: its boundary days, its words, and that a valid record never takes it away."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitators.clearance import (
    Clearance,
    Code,
    Credential,
    Expiring,
    Held,
    Override,
    Requirement,
    Rules,
    Stage,
    State,
    cell,
    clearance,
    credential_on,
    last_valid_day,
)
from phpsupport.lib.periods import Period

DAY = date(2026, 11, 23)
BOUNDARIES = Requirement("boundaries", "Boundary setting", 12)
LISTENING = Requirement("listening", "Active listening")
CREDENTIAL = Credential("full", date(2025, 1, 1), date(2027, 6, 30))
HELD = (
    Held("boundaries", date(2026, 6, 1)),
    Held("listening", date(2020, 1, 1)),
)


def _ask(day: date = DAY, **changes: object) -> Clearance:
    values: dict[str, object] = {
        "stage": "active",
        "requirements": (BOUNDARIES, LISTENING),
        "held": HELD,
        "credentials": (CREDENTIAL,),
    }
    return clearance(day, **{**values, **changes})  # type: ignore[arg-type]


def _told(**changes: object) -> list[tuple[Code, str]]:
    return [(reason.code, reason.sentence) for reason in _ask(**changes).reasons]


def test_all_in_order_is_cleared() -> None:
    found = _ask()
    assert found == Clearance(DAY, cleared=True)
    assert found.sentence == "Cleared."


@pytest.mark.parametrize(
    ("day", "cleared"),
    [
        (date(2026, 5, 31), False),
        (date(2026, 6, 1), True),
        (date(2027, 6, 1), True),
        (date(2027, 6, 2), False),
    ],
)
def test_a_training_counts_from_its_day_through_its_last_day(day: date, cleared: bool) -> None:
    assert _ask(day).cleared is cleared


def test_an_expired_training_is_named_with_its_last_day() -> None:
    found = _told(held=[Held("boundaries", date(2025, 11, 22), date(2026, 11, 22)), HELD[1]])
    assert found == [(Code.TRAINING_EXPIRED, "Boundary setting counts only through 22 Nov 2026.")]
    on_its_last_day = [Held("boundaries", date(2025, 11, 22), DAY), HELD[1]]
    assert _told(held=on_its_last_day) == []


@pytest.mark.parametrize(
    ("held", "code", "sentence"),
    [
        ([], Code.TRAINING_MISSING, "Boundary setting is missing."),
        (
            [Held("boundaries", date(2026, 12, 5))],
            Code.TRAINING_MISSING,
            "Boundary setting starts only on 5 Dec 2026.",
        ),
        (
            [Held("boundaries", date(2026, 6, 1), None, DAY)],
            Code.TRAINING_REVOKED,
            "Boundary setting was revoked on 23 Nov 2026.",
        ),
        (
            [  # a revocation long ago, and a later certificate that ran out
                Held("boundaries", date(2024, 1, 1), None, date(2024, 2, 1)),
                Held("boundaries", date(2025, 1, 1)),
            ],
            Code.TRAINING_EXPIRED,
            "Boundary setting counts only through 1 Jan 2026.",
        ),
    ],
)
def test_each_gap_has_its_words(held: list[Held], code: Code, sentence: str) -> None:
    found = _ask(held=[*held, HELD[1]])
    assert [(r.code, r.sentence, r.about) for r in found.reasons] == [
        (code, sentence, "boundaries")
    ]
    assert not found.cleared


def test_a_revocation_counts_from_its_day() -> None:
    held = [Held("boundaries", date(2026, 6, 1), None, DAY), HELD[1]]
    assert _ask(DAY - timedelta(days=1), held=held).cleared
    assert not _ask(DAY, held=held).cleared


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        (None, []),  # not asked
        ([Period.days(DAY, DAY)], []),
        ([Period.days(date(2020, 1, 1))], []),
        ([Period.days(date(2020, 1, 1), date(2026, 11, 1)), Period.days(DAY)], []),
        ([], ["Does not hold the role of peer facilitator here."]),
        (
            [Period.days(date(2026, 11, 24))],
            ["Is a peer facilitator here only from 24 Nov 2026 on."],
        ),
        (
            [
                Period.days(date(2020, 1, 1), date(2021, 1, 1)),
                Period.days(date(2022, 1, 1), date(2026, 11, 22)),
                Period.days(date(2026, 11, 24)),
            ],
            ["The role of peer facilitator ended on 22 Nov 2026."],
        ),
    ],
)
def test_who_does_not_hold_the_role_that_day_is_not_cleared(
    roles: list[Period[date]] | None, said: list[str]
) -> None:
    assert _told(roles=roles) == [(Code.ROLE, words) for words in said]
    assert _told(roles=roles, as_lead=False) == [(Code.ROLE, words) for words in said]
    override = Override("we know them", "Rosa", Period.days(DAY, DAY))
    assert _ask(roles=roles, override=override).cleared is (not said)


def test_the_end_of_work_says_enough() -> None:
    assert _told(stage="ended", roles=[]) == [(Code.ENDED, "No longer works with the program.")]


def test_a_training_that_is_not_required_does_not_matter() -> None:
    optional = Requirement("crafts", "Crafts", 1, required=False)
    assert _ask(requirements=[BOUNDARIES, LISTENING, optional]).cleared


@pytest.mark.parametrize(
    ("completed", "months", "last"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 3, 15), 24, date(2028, 3, 15)),
        (date(9999, 6, 1), 12, date.max),
        (date(2026, 3, 15), None, None),
    ],
)
def test_months_of_validity(completed: date, months: int | None, last: date | None) -> None:
    assert last_valid_day(Requirement("k", "K", months), Held("k", completed)) == last


def test_the_date_on_the_certificate_goes_before_the_months() -> None:
    record = Held("boundaries", date(2026, 6, 1), date(2026, 7, 1))
    assert last_valid_day(BOUNDARIES, record) == date(2026, 7, 1)


def test_of_several_records_the_longest_valid_counts() -> None:
    held = [
        Held("boundaries", date(2026, 10, 1), date(2026, 11, 30)),
        Held("boundaries", date(2026, 6, 1), date(2028, 6, 1)),
    ]
    assert cell(BOUNDARIES, held, DAY).on == date(2028, 6, 1)


# --- certification and stage ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("credentials", "code", "sentence"),
    [
        ([], Code.CREDENTIAL_MISSING, "The certification is missing."),
        (
            [Credential("initial", date(2024, 1, 1), date(2026, 11, 22))],
            Code.CREDENTIAL_EXPIRED,
            "The certification counts only through 22 Nov 2026.",
        ),
        (
            [Credential("full", date(2024, 1, 1), date(2027, 1, 1), date(2026, 3, 3))],
            Code.CREDENTIAL_REVOKED,
            "The certification was revoked on 3 Mar 2026.",
        ),
    ],
)
def test_certification(credentials: list[Credential], code: Code, sentence: str) -> None:
    assert _told(credentials=credentials) == [(code, sentence)]


def test_the_credential_of_the_day_is_the_full_one() -> None:
    initial = Credential("initial", date(2024, 1, 1), date(2029, 1, 1))
    assert credential_on([initial, CREDENTIAL], DAY) == CREDENTIAL
    assert credential_on([initial, CREDENTIAL], date(2028, 1, 1)) == initial
    assert credential_on([initial, CREDENTIAL], date(2030, 1, 1)) is None


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("as_lead", [True, False])
def test_who_may_lead_and_who_may_only_co_facilitate(stage: Stage, as_lead: bool) -> None:
    may_lead = stage in {Stage.CERTIFIED, Stage.ACTIVE}
    may_join = may_lead or stage in {Stage.SHADOWING, Stage.CO_FACILITATING}
    found = _ask(stage=stage.value, as_lead=as_lead)
    assert found.cleared is (may_lead if as_lead else may_join)
    assert all(r.sentence.endswith(".") for r in found.reasons)


def test_a_co_facilitator_needs_training_and_by_policy_a_credential() -> None:
    common = {"stage": "co_facilitating", "as_lead": False, "credentials": []}
    assert _ask(**common).cleared
    assert not _ask(**common, rules=Rules(co_needs_credential=True)).cleared
    assert not _ask(**common, held=[]).cleared
    assert _ask(**common, held=[], rules=Rules(co_needs_training=False)).cleared
    assert not _ask(**common, rules=Rules(co_stages=frozenset())).cleared


def test_the_words_for_a_trainee() -> None:
    assert _told(stage="co_facilitating", credentials=[CREDENTIAL])[0][1] == (
        "Is still co-facilitating: may co-facilitate but not lead yet."
    )


# --- leave and overrides --------------------------------------------------------------------------
def test_leave_is_half_open_and_says_its_last_day() -> None:
    leave = [Period(date(2026, 11, 20), date(2026, 11, 24))]
    assert _told(leave=leave) == [(Code.LEAVE, "Is on leave through 23 Nov 2026.")]
    assert _ask(date(2026, 11, 24), leave=leave).cleared
    assert _told(leave=[Period(DAY)]) == [(Code.LEAVE, "Is on leave.")]


def _override(period: Period[date]) -> Override:
    return Override("Booked for the course on Friday.", "Sam Ortiz", period)


def test_an_override_lifts_a_gap_for_its_days_and_the_gap_stays_visible() -> None:
    word = _override(Period.days(DAY, DAY))
    held = [HELD[1]]
    found = _ask(held=held, override=word)
    assert found.cleared
    assert found.overridden_by == word
    assert [r.code for r in found.reasons] == [Code.TRAINING_MISSING]
    assert found.sentence == (
        "Boundary setting is missing. Sam Ortiz allows it: Booked for the course on Friday."
    )
    assert not _ask(DAY + timedelta(days=1), held=held, override=word).cleared
    assert not _ask(DAY - timedelta(days=1), held=held, override=word).cleared


def test_an_override_that_lifts_nothing_is_not_named() -> None:
    assert _ask(override=_override(Period(DAY))).overridden_by is None


@pytest.mark.parametrize(
    "changes", [{"stage": "ended"}, {"stage": "on_leave"}, {"leave": [Period(DAY)]}]
)
def test_no_override_puts_somebody_to_work_who_is_away(changes: dict[str, object]) -> None:
    found = _ask(override=_override(Period(DAY)), **changes)
    assert not found.cleared
    assert found.overridden_by is None


def test_an_override_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        Override("  ", "Sam Ortiz", Period(DAY))


# --- what runs out soon ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("days", "threshold"),
    [(0, 7), (7, 7), (8, 14), (14, 14), (15, 30), (31, 60), (61, 90), (90, 90), (91, None)],
)
def test_what_runs_out_soon_warns_at_its_threshold(days: int, threshold: int | None) -> None:
    until = DAY + timedelta(days=days)
    found = _ask(held=[Held("boundaries", date(2026, 1, 1), until), HELD[1]])
    assert found.cleared
    expected = () if threshold is None else (Expiring("Boundary setting", until, days, threshold),)
    assert found.expiring == expected


def test_the_soonest_comes_first_and_the_credential_is_among_them() -> None:
    soon = Credential("full", date(2025, 1, 1), DAY + timedelta(days=3))
    held = [Held("boundaries", date(2026, 1, 1), DAY + timedelta(days=20)), HELD[1]]
    found = _ask(held=held, credentials=[soon])
    assert [item.name for item in found.expiring] == ["Certification", "Boundary setting"]


def test_thresholds_come_from_the_policy() -> None:
    held = [Held("boundaries", date(2026, 1, 1), DAY + timedelta(days=20)), HELD[1]]
    assert _ask(held=held, rules=Rules(soon_days=(10,))).expiring == ()
    assert _ask(held=held, rules=Rules(soon_days=())).expiring == ()


@pytest.mark.parametrize(
    ("held", "state", "on", "days", "sentence"),
    [
        ([], State.MISSING, None, None, "Boundary setting is missing."),
        (
            [Held("boundaries", date(2026, 6, 1))],
            State.CURRENT,
            date(2027, 6, 1),
            190,
            "Boundary setting is current through 1 Jun 2027.",
        ),
        (
            [Held("boundaries", date(2025, 12, 1))],
            State.SOON,
            date(2026, 12, 1),
            8,
            "Boundary setting runs out in 8 days, at the end of 1 Dec 2026.",
        ),
        (
            [Held("boundaries", date(2025, 11, 23))],
            State.SOON,
            DAY,
            0,
            "Boundary setting runs out today, at the end of 23 Nov 2026.",
        ),
        (
            [Held("boundaries", date(2025, 11, 22))],
            State.EXPIRED,
            date(2026, 11, 22),
            -1,
            "Boundary setting counts only through 22 Nov 2026.",
        ),
        (
            [Held("boundaries", date(2026, 6, 1), None, date(2026, 9, 9))],
            State.REVOKED,
            date(2026, 9, 9),
            None,
            "Boundary setting was revoked on 9 Sep 2026.",
        ),
        (
            [Held("listening", date(2026, 6, 1))],
            State.MISSING,
            None,
            None,
            "Boundary setting is missing.",
        ),
    ],
)
def test_a_cell_of_the_matrix(
    held: list[Held], state: State, on: date | None, days: int | None, sentence: str
) -> None:
    found = cell(BOUNDARIES, held, DAY)
    assert (found.state, found.on, found.days, found.sentence) == (state, on, days, sentence)
    assert found.is_valid is (state in {State.CURRENT, State.SOON})


# --- properties -----------------------------------------------------------------------------------
_dates = st.dates(date(2024, 1, 1), date(2028, 12, 31))
_held = st.builds(
    Held,
    st.sampled_from(["boundaries", "listening"]),
    _dates,
    st.none() | _dates,
    st.none() | _dates,
)
_credentials = st.builds(
    Credential, st.sampled_from(["initial", "full"]), _dates, st.none() | _dates, st.none() | _dates
)


@given(st.lists(_held, max_size=6), st.lists(_credentials, max_size=3), _dates, _held, _credentials)
def test_one_record_more_never_takes_clearance_away(
    held: list[Held], credentials: list[Credential], day: date, more: Held, another: Credential
) -> None:
    before = _ask(day, held=held, credentials=credentials)
    after = _ask(day, held=[*held, more], credentials=[*credentials, another])
    assert after.cleared or not before.cleared
    assert {r.about for r in after.reasons} <= {r.about for r in before.reasons}


@given(st.lists(_held, max_size=6), st.lists(_credentials, max_size=3), _dates)
def test_cleared_means_that_each_thing_is_valid_on_the_day(
    held: list[Held], credentials: list[Credential], day: date
) -> None:
    def valid(key: str) -> bool:
        requirement = {"boundaries": BOUNDARIES, "listening": LISTENING}[key]
        return any(
            record.requirement == key
            and record.completed_on <= day <= (last_valid_day(requirement, record) or date.max)
            and not (record.revoked_on and record.revoked_on <= day)
            for record in held
        )

    found = _ask(day, held=held, credentials=credentials)
    certified = credential_on(credentials, day) is not None
    assert found.cleared is (certified and valid("boundaries") and valid("listening"))
    assert found.cleared is not bool(found.reasons)


@given(st.lists(_held, max_size=6), _dates)
def test_the_order_of_records_does_not_matter(held: list[Held], day: date) -> None:
    assert cell(BOUNDARIES, held, day) == cell(BOUNDARIES, held[::-1], day)
