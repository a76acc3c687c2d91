"""Who may open what: every address of the application, by role and by relation to the row.

An address that is not here fails the suite. `Page` is an address without a row; `Thing` is one
about a row, with the roles that may open it when it is their own, when it is another's in the same
program. Rows of other programs and rows that do not exist are a constant 404 for everybody.
"""

from dataclasses import dataclass, field
from typing import Any

from phpsupport.access.roles import Role

S, F, V, C, P, L, O, A = (  # noqa: E741
    Role.SCHEDULER,
    Role.FACILITATOR,
    Role.SUPERVISOR,
    Role.CLINICIAN,
    Role.PARTICIPANT,
    Role.PROGRAM_LEAD,
    Role.PRIVACY_OFFICER,
    Role.ADMINISTRATOR,
)
NOBODY: frozenset[Role] = frozenset()
ALL = frozenset(Role)
STAFF = ALL - {P}


def roles(*given: Role) -> frozenset[Role]:
    """A set of roles."""
    return frozenset(given)


@dataclass(frozen=True)
class Open:
    """An address for everybody, signed in or not; `expect` is the status of a bare GET."""

    methods: str = "GET"
    kwargs: dict[str, str] = field(default_factory=dict)
    expect: int = 200


@dataclass(frozen=True)
class Page:
    """An address without a row."""

    may: frozenset[Role]
    methods: str = "GET"


@dataclass(frozen=True)
class Switch(Page):
    """A page whose bare POST names nothing, so that nothing is there."""


@dataclass(frozen=True)
class Thing:
    """An address about a row: `kind` is its key in the world, `also` further rows in the address.

    `own` and `same` are the roles to which it opens; `reads` those among them that may look but not
    change, `refused` those that see the row elsewhere but may not do this with it (403). `gate` are the roles to which the view is open at all: outside it a row
    is a 403 whether it is there or not.
    """

    kind: str
    own: frozenset[Role]
    same: frozenset[Role]
    methods: str = "GET"
    also: dict[str, str] = field(default_factory=dict)
    fixed: dict[str, str] = field(default_factory=dict)
    # What the key is called in the address.
    arg: str = "pk"
    reads: frozenset[Role] = NOBODY
    refused: frozenset[Role] = NOBODY
    gate: frozenset[Role] | None = None

    @property
    def opened(self) -> frozenset[Role]:
        """The roles that pass the gate of the view."""
        return self.gate if self.gate is not None else self.own | self.same | self.refused


BOTH = "GET POST"
PLAN = roles(S, L)
JUDGE = roles(V, L)
WEEK = roles(S, F, V, C, L)


def thing(kind: str, may: frozenset[Role], methods: str = "GET", **more: Any) -> Thing:
    """A row that the same roles open whoever it belongs to."""
    return Thing(kind, may, more.pop("same", may), methods, **more)


TABLE: dict[str, Open | Page | Thing] = {
    # --- anybody -----------------------------------------------------------------------------
    "health:health": Open(expect=503),  # nothing runs beside the tests
    "devmail:box": Open(expect=404),  # only in development and the demo
    "devmail:letter": Open(kwargs={"name": "1-00000000"}, expect=404),
    "devmail:letter-html": Open(kwargs={"name": "1-00000000"}, expect=404),
    "access:accept-invitation": Open("GET POST", {"token": "made-up"}, expect=404),
    "access:again": Open("GET POST", expect=409),  # without the token of a page it helps nobody
    # Known by a secret in the address; the tablet's pages lead to where its code is entered.
    "outside:calendar": Open("GET HEAD", {"token": "made-up"}, expect=404),
    "outside:kiosk": Open("GET POST"),
    "outside:kiosk-done": Open(expect=302),
    "outside:kiosk-again": Open(expect=302),
    # --- everybody with an account --------------------------------------------------------------
    "access:switch-program": Switch(ALL, "POST"),
    "home:today": Page(ALL),
    "users:profile": Page(ALL, "GET POST"),
    "users:theme": Page(ALL, "POST"),
    # --- home ---------------------------------------------------------------------------------------
    "home:portal": Page(roles(P)),
    "home:search": Page(STAFF, BOTH),
    "home:waiting": Page(STAFF),
    # --- office ---------------------------------------------------------------------------------------
    "office:closures": Page(roles(S, L), "GET POST"),
    "office:reopen": Thing("closure", roles(S, L), roles(S, L), "POST"),
    "office:policy": Page(roles(L, A), "GET POST"),
    "office:people": Page(roles(L, A)),
    "office:invite": Page(roles(L, A), "GET POST"),
    "office:give-roles": Thing("user", roles(L, A), roles(L, A), "GET POST"),
    "office:end-role": Thing("assignment", roles(L, A), roles(L, A), "GET POST"),
    "office:withdraw": Thing("invitation", roles(L, A), roles(L, A), "POST"),
    "office:trail": Page(roles(O)),
    # --- import: a check of files is its uploader's own -------------------------------------------------
    "importing:start": Page(PLAN, BOTH),
    "importing:template-csv": Page(PLAN),
    "importing:template-xlsx": Page(PLAN),
    "importing:sample": Page(PLAN),
    "importing:check": Thing("upload", roles(S), NOBODY, gate=PLAN),
    "importing:report": Thing("upload", roles(S), NOBODY, gate=PLAN),
    "importing:confirm": Thing("upload", roles(S), NOBODY, "POST", gate=PLAN),
    "importing:discard": Thing("upload", roles(S), NOBODY, "POST", gate=PLAN),
    # --- participants ---------------------------------------------------------------------------------
    "participants:census": Page(roles(S, L, C, O), BOTH),
    "participants:admit": Page(PLAN, BOTH),
    "participants:my-people": Page(roles(C)),
    "participants:my-preferences": Page(roles(P), BOTH),
    "participants:my-goals": Page(roles(P), BOTH),
    "participants:my-goal": Thing("goal", roles(P), NOBODY, BOTH, arg="goal"),
    "participants:goals": thing("participant", roles(C, F), BOTH, same=NOBODY, refused=roles(C)),
    "participants:goal": thing(
        "participant", roles(C, F), BOTH, same=NOBODY, also={"goal": "goal"}
    ),
    "sessions:my-record": Page(roles(P)),
    "sessions:hand-over-write": thing("series", roles(F), BOTH, same=NOBODY, refused=roles(F)),
    "sessions:hand-over-missing": thing(
        "series", roles(V, L), BOTH, same=roles(L), refused=roles(V)
    ),
    "sessions:handed-over": thing("hand_over", roles(F, V), same=NOBODY),
    "participants:my-consent": Page(roles(P), "POST"),
    "participants:detail": thing("participant", roles(S, L, C, O, F, V), same=roles(S, L, C, O)),
    "participants:edit": thing("participant", PLAN, BOTH),
    "participants:contacts": thing("participant", PLAN, BOTH),
    "participants:consents": thing("participant", PLAN, BOTH),
    "participants:account": thing("participant", PLAN, BOTH),
    "participants:level": thing("participant", PLAN, BOTH),
    "participants:discharge": thing("participant", PLAN, BOTH),
    "participants:reopen": thing("participant", PLAN, BOTH),
    "participants:readmit": thing("participant", PLAN, BOTH),
    "participants:move": thing("participant", PLAN, BOTH),
    "participants:care-team": thing("participant", PLAN | {C}, BOTH),
    "participants:care-team-end": thing(
        "participant", PLAN | {C}, "POST", also={"membership": "care"}
    ),
    # --- participants: what leaves the program ----------------------------------------------------------
    "participants:my-sharing": Page(roles(P)),
    "participants:disclosures": Page(roles(L, O)),
    "participants:sharing": thing("participant", roles(L, C, O)),
    "participants:consent-take": thing("participant", roles(L, C, O), BOTH),
    "participants:consent-revoke": thing("consent", roles(L, C, O, P), BOTH, same=roles(L, C, O)),
    "participants:consent-end": thing("consent", roles(L, C, O), BOTH),
    # --- facilitators: records, training, board -------------------------------------------------------
    "facilitators:list": Page(PLAN),
    "facilitators:add": Page(PLAN, BOTH),
    "facilitators:detail": thing("facilitator", roles(S, L, V, F), same=roles(S, L, V)),
    "facilitators:edit": thing("facilitator", PLAN, BOTH),
    "facilitators:stage": thing("facilitator", JUDGE, BOTH),
    "facilitators:supervisor": thing("facilitator", PLAN, BOTH),
    "facilitators:availability": thing("facilitator", roles(S, L, V, F), BOTH, same=roles(S, L, V)),
    "facilitators:leave-add": thing("facilitator", roles(S, L, V, F), BOTH, same=roles(S, L, V)),
    "facilitators:leave-cancel": thing(
        "facilitator", roles(S, L, V, F), BOTH, same=roles(S, L, V), also={"leave": "leave"}
    ),
    "facilitators:training-add": thing("facilitator", JUDGE, BOTH),
    "facilitators:training-verify": thing(
        "facilitator", JUDGE, "POST", also={"training": "record"}
    ),
    "facilitators:training-revoke": thing("facilitator", JUDGE, BOTH, also={"training": "record"}),
    "facilitators:certification-add": thing("facilitator", JUDGE, BOTH),
    "facilitators:certification-revoke": thing(
        "facilitator", JUDGE, BOTH, also={"certification": "certification"}
    ),
    "facilitators:override": thing("facilitator", JUDGE, BOTH),
    "facilitators:override-withdraw": thing(
        "facilitator", JUDGE, BOTH, also={"override": "override"}
    ),
    "facilitators:matrix": Page(JUDGE | {S}),
    "facilitators:matrix-export": Page(JUDGE | {S}),
    "facilitators:requirements": Page(JUDGE | {S}),
    "facilitators:requirement-add": Page(JUDGE, "POST"),
    "facilitators:requirements-seed": Page(JUDGE, "POST"),
    "facilitators:requirement-retire": thing("requirement", JUDGE, BOTH),
    "facilitators:board": Page(JUDGE),
    # --- facilitators: concerns, supervision, practice -----------------------------------------------
    "facilitators:concerns": Page(JUDGE | {O}),
    "facilitators:concern-report": Page(STAFF, BOTH),
    "facilitators:concern": thing("concern", JUDGE, same=roles(L), gate=STAFF),
    "facilitators:concern-step": thing(
        "concern", JUDGE, "POST", same=roles(L), gate=JUDGE | {O}, fixed={"name": "triage"}
    ),
    "facilitators:interests": Page(JUDGE | {F}),
    "facilitators:interest-declare": Page(JUDGE | {F}, BOTH),
    "facilitators:interest": thing("interest", JUDGE | {F}, same=roles(L)),
    "facilitators:interest-end": thing("interest", JUDGE, "POST", same=roles(L)),
    "facilitators:supervision": Page(JUDGE),
    "facilitators:supervision-new": Page(JUDGE, BOTH),
    "facilitators:supervision-detail": thing(
        "supervision", roles(V, L, F), BOTH, same=roles(L), reads=roles(L, F)
    ),
    "facilitators:supervision-sign": thing(
        "supervision", roles(V, F), "POST", same=NOBODY, refused=roles(L)
    ),
    "facilitators:supervision-cancel": thing("supervision", JUDGE, BOTH, same=roles(L)),
    "facilitators:check-in-answer": thing("check_in", roles(V), gate=JUDGE, same=NOBODY),
    "facilitators:check-in-seen": thing("check_in", roles(V), "POST", gate=JUDGE, same=NOBODY),
    "facilitators:my-practice": Page(roles(F)),
    "facilitators:non-peer-work": Page(roles(F), "POST"),
    "facilitators:check-in": thing("check_in", roles(F), BOTH, same=NOBODY),
    # --- sessions: planning ----------------------------------------------------------------------------
    "sessions:today": Page(PLAN),
    "sessions:week": Page(roles(S, L, V, F, C)),
    "sessions:week-events": Page(roles(S, L, V, F, C)),
    "sessions:week-move": thing("session", PLAN, "POST"),
    "sessions:groups": Page(PLAN),
    "sessions:group-new": Page(PLAN, BOTH),
    "sessions:group": thing("group", PLAN),
    "sessions:group-edit": thing("group", PLAN, BOTH),
    "sessions:group-retire": thing("group", PLAN, "POST"),
    "sessions:curriculum": thing("group", PLAN, BOTH),
    "sessions:step": thing("step", PLAN, BOTH),
    "sessions:step-move": thing("step", PLAN, "POST"),
    "sessions:step-retire": thing("step", PLAN, "POST"),
    "sessions:place-steps": thing("series", PLAN, BOTH),
    "sessions:rooms": Page(PLAN),
    "sessions:room-new": Page(PLAN, BOTH),
    "sessions:room-edit": thing("room", PLAN, BOTH),
    "sessions:room-retire": thing("room", PLAN, "POST"),
    "sessions:series-new": Page(PLAN, BOTH),
    "sessions:series-preview": Page(PLAN),
    "sessions:series": thing("series", roles(S, L, V, C)),
    "sessions:series-end": thing("series", PLAN, BOTH),
    "sessions:series-hand-over": thing("series", PLAN, BOTH),
    "sessions:series-add-date": thing("series", PLAN, BOTH),
    "sessions:enroll": thing("series", PLAN, BOTH),
    "sessions:enrollment-end": thing("enrollment", PLAN, BOTH),
    "sessions:not-cleared": Page(roles(S, L, V)),
    "sessions:closure": thing("closure", PLAN, BOTH),
    "sessions:leave": thing("leave", PLAN, BOTH),
    "sessions:enrollment-leaving": thing("enrollment", PLAN, BOTH),
    "sessions:offer-answer": thing("waitlist", PLAN, "POST"),
    "sessions:my-offer": thing("my_offer", roles(P), "POST", same=NOBODY),
    "sessions:waitlist-leave": thing("waitlist", PLAN, "POST"),
    "sessions:session": thing("session", roles(S, L, V, F, C)),
    "sessions:session-move": thing("session", PLAN, BOTH),
    "sessions:session-staff": thing("session", PLAN, BOTH),
    "sessions:session-cancel": thing("session", PLAN, BOTH),
    "sessions:participant-groups": thing("participant", roles(S, L, V, C), same=roles(S, L, C)),
    "sessions:participant-enroll": thing("participant", PLAN, BOTH),
    # --- sessions: changing and undoing -----------------------------------------------------------------
    "sessions:changes": Page(PLAN),
    "sessions:cancel-several": Page(PLAN, BOTH),
    "sessions:batch-undo": thing("batch", PLAN, "POST"),
    "sessions:series-edit": thing("series", PLAN, BOTH),
    "sessions:series-edit-preview": thing("series", PLAN),
    # --- sessions: cover and answers --------------------------------------------------------------------
    "sessions:cover": Page(PLAN),
    "sessions:cover-ask": Page(roles(F), BOTH),
    "sessions:cover-for": thing("facilitator", PLAN, BOTH),
    "sessions:cover-request": thing("cover", PLAN, BOTH),
    "sessions:cover-withdraw": thing("cover", PLAN | {F}, "POST", same=PLAN),
    "sessions:cover-answer": thing("cover_ask", roles(F), BOTH, same=NOBODY),
    "sessions:session-cover": thing("session", PLAN | {F}, BOTH, same=PLAN, refused=roles(F)),
    "sessions:session-answer": thing("session", roles(F), "POST", same=NOBODY, refused=roles(F)),
    "sessions:session-propose": thing("session", roles(F), BOTH, same=NOBODY, refused=roles(F)),
    "sessions:series-answer": thing("series", roles(F), "POST", same=NOBODY, refused=roles(F)),
    "sessions:series-propose": thing("series", roles(F), BOTH, same=NOBODY, refused=roles(F)),
    "sessions:proposal": thing("proposal", PLAN, BOTH),
    # --- sessions: calendar, sheet, kiosk ---------------------------------------------------------------
    "sessions:my-calendar": Page(roles(F, P), BOTH),
    "sessions:my-calendar-stop": Page(roles(F, P), "POST"),
    "sessions:sheet": thing("past", roles(S, L, F), same=PLAN, refused=roles(F)),
    "sessions:sheet-pdf": thing("past", roles(S, L, F), same=PLAN, refused=roles(F)),
    "sessions:session-kiosk": thing("past", roles(S, L, F), BOTH, same=PLAN, refused=roles(F)),
    "sessions:session-kiosk-close": thing(
        "past", roles(S, L, F), "POST", same=PLAN, refused=roles(F)
    ),
    # --- sessions: attendance and notes ---------------------------------------------------------------
    "sessions:my-day": Page(roles(F)),
    "sessions:attendance": thing("past", roles(S, L, F), BOTH, same=PLAN, refused=roles(F)),
    "sessions:presence": thing(
        "past", roles(S, L, F), "POST", same=PLAN, refused=roles(F), fixed={"page": "attendance"}
    ),
    "sessions:outcome": thing("past", roles(S, L, F), BOTH, same=PLAN, refused=roles(F)),
    "sessions:blocks": Page(roles(F, V, L)),
    "sessions:block-new": Page(roles(F, V, L), BOTH),
    "sessions:blocks-begin": Page(roles(F, V, L), "POST"),
    "sessions:block-edit": thing("block", roles(V, L), BOTH, refused=roles(F)),
    "sessions:block-retire": thing("block", roles(V, L), "POST", refused=roles(F)),
    "sessions:note": thing("past", roles(F), BOTH, same=NOBODY, refused=roles(F)),
    "sessions:note-save": thing("past", roles(F), "POST", same=NOBODY, refused=roles(F)),
    "sessions:note-sign": thing("past", roles(F), BOTH, same=NOBODY, refused=roles(F)),
    "sessions:notes-of-session": thing("past", roles(F), same=NOBODY, refused=roles(F)),
    "sessions:addendum": thing(
        "progress_note", roles(F, V, L), BOTH, same=roles(L), fixed={"kind": "progress"}
    ),
    "sessions:void": thing(
        "progress_note", roles(F, V, L), BOTH, same=roles(L), fixed={"kind": "progress"}
    ),
    "sessions:safety": Page(JUDGE | {C}),
    "sessions:safety-raise": thing("past", roles(S, L, F), "POST", same=PLAN, refused=roles(F)),
    "sessions:safety-concern": thing("safety", JUDGE | {C, F}, same=roles(L), gate=WEEK),
    "sessions:safety-know": thing("safety", JUDGE | {C, F}, "POST", same=roles(L), gate=WEEK),
    "sessions:safety-add": thing("safety", JUDGE | {C, F}, "POST", same=roles(L), gate=WEEK),
    "sessions:safety-close": thing("safety", JUDGE | {C, F}, "POST", same=roles(L), gate=WEEK),
    "sessions:safety-mistake": thing(
        "safety", roles(L, F), "POST", same=roles(L), gate=roles(S, L, F)
    ),
    "sessions:note-search": Page(roles(F, V, C, L), BOTH),
    "sessions:record-export": thing(
        "participant", roles(L, O, C, P), BOTH, same=roles(L, O), refused=roles(C)
    ),
    "sessions:review-queue": Page(JUDGE),
    "sessions:review": thing("past", JUDGE, BOTH, same=roles(L)),
    "sessions:return": thing(
        "progress_note", JUDGE, BOTH, same=roles(L), fixed={"kind": "progress"}
    ),
    "sessions:participant-record": thing(
        "participant", roles(C, F, P), same=NOBODY, refused=roles(C)
    ),
}

# Pages of the sign-in library; its own tests cover them. They show nothing of a program.
ACCOUNT_PAGES = ("account_", "mfa_", "usersessions_")
