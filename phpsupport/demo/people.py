"""The invented people of the demo program. Nobody here exists."""

from dataclasses import dataclass

from phpsupport.access.roles import Role

PASSWORD = "a-calm-harbor-42"  # noqa: S105 - the demo's, printed at its start
DOMAIN = "harbor.example"


@dataclass(frozen=True)
class Staff:
    """Somebody who works at the program and signs in."""

    key: str
    first_name: str
    last_name: str
    roles: tuple[Role, ...]
    about: str
    pronouns: str = ""

    @property
    def email(self) -> str:
        return f"{self.key}@{DOMAIN}"


STAFF: tuple[Staff, ...] = (
    Staff("priya", "Priya", "Natarajan", (Role.SCHEDULER,), "plans the groups", "she/her"),
    Staff("ana", "Ana", "Solís", (Role.FACILITATOR,), "leads groups, also in Spanish", "she/her"),
    Staff("devon", "Devon", "Wright", (Role.FACILITATOR,), "a training of theirs ran out", "they/them"),
    Staff("linh", "Linh", "Pham", (Role.FACILITATOR,), "co-facilitates; took part here once", "she/her"),
    Staff("jo", "Jo", "Okafor", (Role.FACILITATOR,), "leads the evening alumni group", "he/him"),
    Staff("marcus", "Marcus", "Reyes", (Role.FACILITATOR,), "leads curriculum groups", "he/him"),
    Staff("theo", "Theo", "Lindqvist", (Role.FACILITATOR,), "hosts the midday milieu", "he/him"),
    Staff("rosa", "Rosa", "Delgado", (Role.SUPERVISOR,), "supervises four facilitators", "she/her"),
    Staff("martin", "Martin", "Abara", (Role.SUPERVISOR,), "supervises two; named in a concern", "he/him"),
    Staff("hanna", "Hanna", "Weiss", (Role.CLINICIAN,), "treats ten participants", "she/her"),
    Staff("gloria", "Gloria", "Chen", (Role.PROGRAM_LEAD,), "leads both programs", "she/her"),
    Staff("samuel", "Samuel", "Ortiz", (Role.PRIVACY_OFFICER,), "watches over privacy", "he/him"),
    Staff("ines", "Ines", "Kovač", (Role.ADMINISTRATOR,), "keeps accounts and roles", "she/her"),
)  # fmt: skip
PARTICIPANT_SIGN_IN = ("marisol@mail.example", "Marisol Rivera, a participant")


@dataclass(frozen=True)
class Somebody:
    """A participant. `day` is how many program days ago they came; `groups` what they go to."""

    record: str
    first_name: str
    last_name: str
    day: int
    groups: str  # letters of the catalogue, see world.CATALOGUE
    preferred_name: str = ""
    pronouns: str = ""
    language: str = "English"
    interpreter: bool = False
    level: str = "PHP"
    track: str = "Mood"
    referred_from: str = "inpatient"
    needs: str = ""
    wishes: str = ""
    also: str = ""  # what others call them
    planned_in: int | None = None
    email: bool = True
    text: bool = False
    born: int = 1985


PARTICIPANTS: tuple[Somebody, ...] = (
    Somebody("H3001", "Marisol", "Rivera", 12, "MWG", pronouns="she/her", language="Spanish", planned_in=8, born=1984, wishes="Somebody who has rebuilt evenings without drinking.", text=True),
    Somebody("H3002", "Tuấn", "Nguyễn", 9, "MWD", pronouns="he/him", language="Vietnamese", interpreter=True, needs="An interpreter in every group; sits near the door.", born=1971, track="Trauma"),
    Somebody("H3003", "Maria", "Garcia", 6, "MDO", pronouns="she/her", also="Mari", born=1990, track="Trauma"),
    Somebody("H3004", "Maria", "Garcia", 14, "WGO", pronouns="she/her", language="Spanish", born=1962, planned_in=4),
    Somebody("H3005", "Beatrice", "King", 3, "MWI", preferred_name="Bea", pronouns="she/her", also="Bibi", born=1999, referred_from="emergency"),
    Somebody("H3006", "Aaron", "Blum", 11, "MDH", pronouns="he/him", born=1979, track="Co-occurring", email=False),
    Somebody("H3007", "Chidi", "Eze", 8, "MDO", pronouns="he/him", born=1993),
    Somebody("H3008", "Dolores", "O'Brien", 15, "WOI", pronouns="she/her", also="Lola, Dolly", born=1955, planned_in=2, needs="Large print, please."),
    Somebody("H3009", "Emil", "Novak", 10, "MDI", pronouns="he/him", born=1988, track="Co-occurring"),
    Somebody("H3010", "Fatima", "Haddad", 5, "MWO", pronouns="she/her", born=1996, wishes="A woman, if that is possible."),
    Somebody("H3011", "Grace", "Lindholm", 13, "MWH", pronouns="she/her", also="Gracie", born=1968, planned_in=5),
    Somebody("H3012", "Hector", "Alvarez", 7, "MGD", pronouns="he/him", also="Tito", language="Spanish", born=1974, track="Co-occurring"),
    Somebody("H3013", "Ivy", "Chen", 4, "MWI", pronouns="they/them", born=2001, referred_from="self"),
    Somebody("H3014", "Jamal", "Washington", 12, "DOI", pronouns="he/him", born=1983, track="Co-occurring", text=True),
    Somebody("H3015", "Kerstin", "Björk", 2, "WOI", pronouns="she/her", born=1991, referred_from="outpatient"),
    Somebody("H3016", "Luca", "Moretti", 16, "DOH", pronouns="he/him", born=1977, planned_in=1, level="IOP"),
    Somebody("H3017", "Mei", "Tanaka", 9, "WOI", pronouns="she/her", born=1998),
    Somebody("H3018", "Nadia", "Petrova", 6, "DOG", pronouns="she/her", born=1986, track="Trauma"),
    Somebody("H3019", "Oscar", "Hernández", 10, "GDO", pronouns="he/him", language="Spanish", born=1965),
    Somebody("H3020", "Pearl", "Johnson", 1, "DI", pronouns="she/her", born=1958, referred_from="emergency", needs="Uses a wheelchair; the east door works."),
    Somebody("H3021", "Quentin", "Baptiste", 8, "WDI", pronouns="he/him", born=1990),
    Somebody("H3022", "Ruth", "Abrams", 13, "WOI", pronouns="she/her", born=1949, level="IOP", planned_in=6),
    Somebody("H3023", "Sione", "Tupou", 11, "DOI", pronouns="he/him", born=1995, track="Co-occurring"),
    Somebody("H3024", "Tomasz", "Zielinski", 5, "DI", preferred_name="Tomek", pronouns="he/him", also="Tom", born=1982),
    Somebody("H3025", "Uma", "Rao", 7, "OI", pronouns="she/her", born=1989, level="IOP"),
    Somebody("H3026", "Vera", "Lopez", 3, "GI", pronouns="she/her", language="Spanish", born=1972, wishes="To speak Spanish."),
    Somebody("H3027", "Wendell", "Price", 14, "DH", pronouns="he/him", born=1960, planned_in=3),
    Somebody("H3028", "Ximena", "Castillo-Fernández de la Vega", 4, "GI", pronouns="she/her", also="Xime", language="Spanish", born=1994),
    Somebody("H3029", "Yusuf", "Demir", 2, "I", pronouns="he/him", born=2003, referred_from="self"),
    Somebody("H3030", "Zoe", "Martin", 0, "", pronouns="she/her", born=2000, referred_from="emergency"),
)  # fmt: skip

# Waiting for a place in the wellness group, in this order.
WAITING = ("H3007", "H3018")

# Those who finished, some of whom come to the alumni group: record, name, days ago discharged.
ALUMNI: tuple[tuple[str, str, str, int], ...] = (
    ("H2901", "Agnes", "Moreau", 20), ("H2902", "Boris", "Klein", 34), ("H2903", "Carla", "Mendes", 41),
    ("H2904", "Dmitri", "Volkov", 55), ("H2905", "Esther", "Cohen", 62), ("H2906", "Felix", "Grant", 76),
)  # fmt: skip

GROUP_WORDS = (
    ("First evenings at home", "We opened with the agreement and a round of one word each. Most of the time went to planning a first evening at home.", "Bring one thing that helped this week."),
    ("Asking for help", "People told when they last asked for help and what came of it. We practised one sentence each.", "Try the sentence once before next time."),
    ("What strength looks like", "We drew what strength looked like this week and talked about the pictures.", "Notice one strong moment a day."),
    ("Saying no", "Two people played a scene in which somebody says no kindly. The others coached.", "Collect a no that went well."),
    ("Sleep and rest", "A list of what helps with sleep, from tea to radio plays. Nobody had to give advice.", "Keep the list going."),
    ("People on my side", "Everyone drew the people on their side as a map. Some maps were larger than expected.", "Write to one person on the map."),
)  # fmt: skip

OWN_WORDS = (
    ("I rang my sister instead.", "Planned two evenings with her.", "Tell the group how it went."),
    ("Today I only wanted to listen.", "Listening was enough.", "Open the round on Friday, perhaps."),
    ("I said it out loud for the first time.", "The group said thank you for the trust.", "Write it down before the next meeting."),
    ("The mornings are the hardest.", "We looked at what a morning could begin with.", "Radio first, phone later."),
    ("It felt good to be of use.", "Helped somebody else with the scene.", "Think about leading a round."),
    ("I laughed today.", "Brought a story from the kitchen.", "Bring the recipe."),
)  # fmt: skip

# What some of them want for themselves, in their own words: program days ago, words, where it is now.
GOALS: dict[str, tuple[tuple[int, str, str], ...]] = {
    "H3001": ((11, "Evenings that are mine again, without the bottle.", "open"), (10, "Call my sister first, not last.", "reached")),
    "H3002": ((8, "Sleep with the light off.", "open"),),
    "H3003": ((5, "Cook for my children on Sundays.", "open"),),
    "H3004": ((13, "Sing in the choir again after Easter.", "open"), (12, "Walk to the market by myself.", "reached")),
    "H3005": ((2, "Get through one morning without being afraid of it.", "open"),),
    "H3006": ((10, "Keep the job I have.", "open"),),
    "H3007": ((7, "Tell my brother the truth.", "open"),),
    "H3008": ((14, "Be the grandmother I meant to be.", "open"), (12, "Read a whole book.", "let_go")),
    "H3010": ((4, "Say no, and stay friends.", "open"),),
    "H3011": ((12, "A garden with tomatoes, and somebody to give them to.", "open"), (9, "Answer the phone.", "paused")),
    "H3012": ((6, "Stay with the people who do not use.", "open"),),
    "H3016": ((15, "Back at the bakery, three mornings a week.", "open"),),
    "H3018": ((5, "Ride the bus again, all the way to my mother and back, without getting off early because it is full.", "open"),),
}  # fmt: skip
