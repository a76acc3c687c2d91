"""Who may open what: every address of the application, by role and by relation to the row.

An address that is not here fails the suite. `Page` is an address without a row; `Thing` is one
about a row, with the roles that may open it when it is their own, when it is another's in the same
program. Rows of other programs and rows that do not exist are a constant 404 for everybody.
"""

from dataclasses import dataclass, field

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
    """An address about a row: `kind` is its key in the world, `arg` the name in the address.

    `gate` are the roles to which the view is open at all (a role outside it gets a 403 even for a
    row it could see elsewhere); `own` and `same` are those for whom the row is there.
    """

    kind: str
    own: frozenset[Role]
    same: frozenset[Role]
    methods: str = "GET"
    arg: str = "pk"
    gate: frozenset[Role] | None = None

    @property
    def opened(self) -> frozenset[Role]:
        return self.gate if self.gate is not None else self.own | self.same


TABLE: dict[str, Open | Page | Thing] = {
    # --- anybody -----------------------------------------------------------------------------
    "health:health": Open(expect=503),  # nothing runs beside the tests
    "devmail:box": Open(expect=404),  # only in development and the demo
    "devmail:letter": Open(kwargs={"name": "1-00000000"}, expect=404),
    "devmail:letter-html": Open(kwargs={"name": "1-00000000"}, expect=404),
    "access:accept-invitation": Open("GET POST", {"token": "made-up"}, expect=404),
    # --- everybody with an account --------------------------------------------------------------
    "access:switch-program": Switch(ALL, "POST"),
    "home:today": Page(ALL),
    "users:profile": Page(ALL, "GET POST"),
    "users:theme": Page(ALL, "POST"),
    # --- home ---------------------------------------------------------------------------------------
    "home:portal": Page(roles(P)),
    "home:search": Page(STAFF),
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
}

# Pages of the sign-in library; its own tests cover them. They show nothing of a program.
ACCOUNT_PAGES = ("account_", "mfa_", "usersessions_")
