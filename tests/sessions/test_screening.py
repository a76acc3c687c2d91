"""Whose names stand in a text."""

from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.screening import How, Named, Roster, doubts_of, hits_in, may_be, names_in, screen
from sessions.screening.near import distance, slips
from sessions.screening.words import composed

MARISOL = Named(uuid4(), "Marisol R.", "Marisol", "Rivera")
TUAN = Named(uuid4(), "Tuấn N.", "Tuấn", "Nguyễn")
WILL = Named(uuid4(), "Will B.", "William", "Baker", "Will")
INES = Named(uuid4(), "Ines C.", "Ines María", "de la Cruz")
TWIN = Named(uuid4(), "Marisol D.", "Marisol", "Duran")
ALL = [MARISOL, TUAN, WILL, INES, TWIN]


def found(text: str, part: Named | None = None, people: list[Named] = ALL) -> list[str]:
    return [f.found for f in names_in(text, people, part=part.participant_id if part else None)]


def called(first: str, last: str = "", preferred: str = "", also: str = "") -> Named:
    return Named(uuid4(), f"{preferred or first} {last[:1]}.", first, last, preferred, also)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Tuan spoke first.", ["Tuan"]),
        ("TUẤN spoke first.", ["TUẤN"]),
        ("It was Tua\u0302\u0301n’s turn.", ["Tuấn"]),
        ("He will come back.", []),
        ("Will comes back.", ["Will"]),
        ("We thanked William Baker.", ["William Baker"]),
        ("The bakery opens.", []),
        ("Mrs. de la Cruz and ines maría", ["de la Cruz"]),
        ("Nguyễn and Tuấn", ["Nguyễn"]),  # one finding per person
        ("", []),
        ("Everybody named one good thing.", []),
    ],
)
def test_names_in_the_group_note(text: str, names: list[str]) -> None:
    assert found(text) == names


def test_ones_own_name_is_no_finding_and_a_shared_one_neither() -> None:
    assert found("Marisol offered to open.", MARISOL) == []
    assert found("Marisol Duran offered to open.", MARISOL) == ["Marisol Duran"]
    assert found("Marisol D. offered to open.", MARISOL) == ["Marisol D"]
    assert found("Marisol sat with Tuấn.", MARISOL) == ["Tuấn"]


def test_a_shared_surname_is_told_apart_by_the_initial() -> None:
    ana, luis = called("Ana", "Rivera"), called("Luis", "Rivera")
    assert found("Spoke of the Rivera family.", ana, [ana, luis]) == []
    assert found("Sat beside L. Rivera.", ana, [ana, luis]) == ["L. Rivera"]
    assert found("A. Rivera signed up.", ana, [ana, luis]) == []


@pytest.mark.parametrize(
    ("person", "text", "name"),
    [
        (called("Robert", "Stone"), "Sat with Bob at lunch.", "Bob"),
        (called("Bob", "Stone"), "Sat with Robert at lunch.", "Robert"),
        (called("José", "Zapata"), "Pepe trajo café.", "Pepe"),
        (called("Guadalupe", "Solís"), "Habló con Lupita.", "Lupita"),
        (called("Ana", "Solís"), "Anita dijo que sí.", "Anita"),
        (called("Carmen", "Solís"), "Le ayudó Carmencita.", "Carmencita"),
        (called("Terrell", "Jones", also="T-Bone, Smiley"), "Smiley told a joke.", "Smiley"),
        (called("Terrell", "Jones", also="T-Bone, Smiley"), "Then T-Bone laughed.", "T-Bone"),
        (called("Marisol", "Rivera"), "M. Rivera arrived late.", "M. Rivera"),
        (called("Marisol", "Rivera"), "Walked with M.R. to the bus.", "M.R"),
        (called("Marisol", "Rivera"), "Walked with MR to the bus.", None),  # Mr
        (called("Keisha", "Jones"), "Walked with KJ to the bus.", "KJ"),
        (called("Marisol", "Rivera"), "marisol said it was fine", "marisol"),
        (called("Marisol", "Rivera"), "Anas and Marisols ideas", "Marisols"),
        (called("Ana", "Solís"), "It was Anas turn.", "Anas"),
        (called("Ana", "Solís"), "ella y ana hablaron", "ana"),
        (called("María José", "Gil"), "Sat with Maria Jose.", "Maria Jose"),
        (called("María José", "Gil"), "Sat with MariaJosé.", "MariaJosé"),
        (called("Anne-Marie", "Gil"), "Sat with Annemarie.", "Annemarie"),
        (called("Anne-Marie", "Gil"), "Sat with Marie.", "Marie"),
        (called("Jan", "van der Berg"), "Mr. van der Berg spoke.", "van der Berg"),
        (called("Jan", "van der Berg"), "Mr. Vanderberg spoke.", "Vanderberg"),
        (called("Jan", "van der Berg"), "Mr. Berg spoke.", "Berg"),
        (called("Pía", "García Márquez"), "Habló con la señora Márquez.", "Márquez"),
        (called("Siobhan", "O'Brien"), "Asked O’Brien about it.", "O’Brien"),
        (called("Siobhan", "O'Brien"), "Asked OBrien about it.", "OBrien"),
        (called("Minh", "Trần"), "Trần Minh came early.", "Trần Minh"),
        (called("Will", "Baker"), "will said he was tired", "will"),
        (called("Hope", "Baker"), "Sat with Hope.", "Hope"),
        (called("Hope", "Baker"), "Hope was late.", "Hope"),
        (called("May", "Baker"), "Talked to May about it.", "May"),
        (called("Rosa", "Paz"), "A Rosa le gustó.", "Rosa"),
        (called("Paz", "Gil"), "Gracias a Paz todo salió bien.", "Paz"),
    ],
)  # fmt: skip
def test_every_way_to_name_somebody(person: Named, text: str, name: str | None) -> None:
    assert found(text, people=[person]) == ([name] if name else [])


@pytest.mark.parametrize(
    ("person", "text", "name"),
    [
        (called("Marisol"), "Sat with Marsiol.", "Marsiol"),
        (called("Marisol"), "Sat with Marisoll.", "Marisoll"),
        (called("Marisol"), "marisl told a story", "marisl"),
        (called("John"), "Sat with Jon.", "Jon"),
        (called("Kathryn"), "Catherine read aloud.", "Catherine"),
        (called("Mohamed"), "Muhammad read aloud.", "Muhammad"),
        (called("Yesenia"), "Jesenia read aloud.", "Jesenia"),
        (called("Christopher"), "Cristofer read aloud.", "Cristofer"),
        (called("Kim", "Kowalski"), "Ms. Kovalsky read aloud.", "Kovalsky"),
        (called("Kim", "Rodriguez"), "Ms. Rodrigues read aloud.", "Rodrigues"),
    ],
)
def test_a_likely_misspelling(person: Named, text: str, name: str) -> None:
    findings = names_in(text, [person], part=None)
    assert [f.found for f in findings] == [name]
    assert findings[0].how in (How.LIKE, How.NICKNAME)


@pytest.mark.parametrize(
    ("person", "text"),
    [
        (called("Will"), "Will he come back? He will. Free will matters, and goodwill."),
        (called("Hope"), "Hope was the theme today. We hope so. Hope and courage."),
        (called("May"), "May I ask? In May we rest. On May 3 we meet. The third of May. May be late."),
        (called("Mark"), "Mark the date. He made his mark."),
        (called("Marc"), "In March we begin. March 4 is free."),
        (called("Grace"), "Grace Church serves lunch. She lives on Grace Street."),
        (called("Rose"), "The Rose Garden is open. He rose early."),
        (called("Art"), "The art table was busy. Art supplies came."),
        (called("José"), "Moved from San José to Oregon."),
        (called("Rosa"), "La rosa del jardín. Rosas y café."),
        (called("Luz"), "La luz de la mañana. Luz y sombra."),
        (called("Abril"), "En abril empieza el curso. El 3 de abril."),
        (called("Ana"), "An apple. Any day. And so on."),
        (called("Bea"), "Be kind. Bear with me. A beat of silence."),
        (called("Al", "An"), "An old song. Al final del día."),
        (called("Mario"), "Her sister Maria called."),  # a relative of another name
        (called("Dan", "Lee"), "Le gusta leer. Dan las gracias."),
        (called("Ty", "Vu"), "They try to be kind."),
        (called("Monica"), "On Monday the harmonica played."),
        (called("Jo", "Bo"), "OK so TV, AA and a PM meeting at 10 a.m."),
    ],
)  # fmt: skip
def test_words_that_only_look_like_a_name(person: Named, text: str) -> None:
    assert found(text, people=[person]) == []


def test_who_leads_and_the_title_of_the_group_do_not_look_like_somebody() -> None:
    diana = called("Diana")
    assert [f.found for f in screen("Dana opened the round.", {}, [diana])] == ["Dana"]
    assert screen("Dana opened the round.", {}, [diana], ["Dana Reyes", "Check-in"]) == []
    assert screen("Diana opened the round.", {}, [diana], ["Dana Reyes"])


def test_others_of_the_program_are_found_by_their_full_name_alone() -> None:
    near = Named(uuid4(), "Olu A.", "Oluwaseun", "Adeyemi", "Olu", near=True)
    assert found("Olu Adeyemi is at the clinic.", people=[near]) == ["Olu Adeyemi"]
    assert found("oluwaseun adeyemi is at the clinic.", people=[near]) == ["oluwaseun adeyemi"]
    assert found("Adeyemi came, and Olu.", people=[near]) == []


@pytest.mark.parametrize(
    ("person", "text", "name"),
    [
        (called("美玲", "王"), "今天美玲来了，我们一起做饭。", "美玲"),
        (called("伟", "王"), "今天王伟来了。", "王伟"),
        (called("민수", "김"), "민수가 웃었다.", "민수"),
        (called("さくら", "田中"), "さくらさんと歩いた。", "さくら"),
        (called("فاطمة", "حداد"), "جلست وفاطمة معنا اليوم", "وفاطمة"),
        (called("أحمد", "حداد"), "تحدث احمد عن عائلته", "احمد"),
        (called("Анна", "Иванова"), "Говорили с Анной о доме.", "Анной"),
        (called("Екатерина", "Петренко"), "Катя принесла чай.", "Катя"),
        (called("Tuấn", "Nguyễn"), "Hôm nay anh Tuấn kể chuyện gia đình.", "Tuấn"),
        (called("João", "Conceição"), "O joao falou da família.", "joao"),
        (called("Łukasz", "Wójcik"), "Sat with Lukasz.", "Lukasz"),
        (called("Søren", "Bø"), "Sat with Soren.", "Soren"),
        (called("प्रिया", "शर्मा"), "आज प्रिया ने कविता पढ़ी।", "प्रिया"),
    ],
)
def test_names_in_other_languages_and_scripts(person: Named, text: str, name: str) -> None:
    assert found(text, people=[person]) == [name]


@pytest.mark.parametrize(
    ("person", "text"),
    [
        (called("伟", "王"), "伟大的一天，国王。"),  # one sign alone is too common a word
        (called("Tuấn", "Lê"), "Tuần này chúng tôi nói về giấc ngủ và gia đình."),  # this week
        (called("An", "Lê"), "Ăn cơm cùng nhau, cảm thấy bình an."),
        (called("Анна", "Иванова"), "Сегодня говорили о доме и о надежде."),
        (called("محمد", "علي"), "تحدثنا عن النوم وعن الأسرة"),
    ],
)
def test_clean_texts_in_other_languages(person: Named, text: str) -> None:
    assert found(text, people=[person]) == []


def test_the_key_names_part_and_person_once() -> None:
    findings = names_in("Will and Baker and Will.", ALL, part=TUAN.participant_id)
    assert [f.key for f in findings] == [f"{TUAN.participant_id}:{WILL.participant_id}"]


def test_a_nickname_that_somebody_else_goes_by_is_theirs() -> None:
    robert, bob = called("Robert", "Stone"), called("Bob", "Marsh")
    assert found("Bob laughed.", robert, [robert, bob]) == ["Bob"]
    assert found("Robbie laughed.", robert, [robert, bob]) == []


def test_a_text_in_capitals_says_nothing_by_them() -> None:
    hope = called("Hope", "Rivera")
    assert found("TODAY WE ALL SPOKE ABOUT HOPE AND ABOUT THE BUS IN THE RAIN", people=[hope]) == []
    assert found("TODAY RIVERA SPOKE ABOUT THE BUS AND THE LONG RAIN OUTSIDE", people=[hope]) == ["RIVERA"]  # fmt: skip


def test_distance() -> None:
    assert [distance(*pair, 3) for pair in (("ca", "abc"), ("marisol", "marislo"), ("", "ab"))] == [2, 1, 2]  # fmt: skip
    assert distance("marisol", "kowalski", 2) == 3
    assert slips("ann", "bob") is None


# --- for any text ---------------------------------------------------------------------------------
NAMES = st.text(max_size=20) | st.sampled_from(["Will", "Ana", "Nguyễn Thị", "王", "d'Angelo", "-", "’s"])  # fmt: skip
PEOPLE = st.lists(
    st.builds(
        Named, st.uuids(), st.just("X."), NAMES, NAMES, NAMES, NAMES, st.booleans()
    ),
    max_size=4,
    unique_by=lambda p: p.participant_id,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(PEOPLE, st.text(max_size=120))
def test_any_text_is_looked_through(people: list[Named], text: str) -> None:
    roster = Roster.of(people)
    for part in [None, *(p.participant_id for p in people)]:
        hits = hits_in(text, roster, part=part)
        assert all(0 <= hit.start < hit.end <= len(composed(text)) for hit in hits)
        findings = names_in(text, roster, part=part)
        assert {f.about for f in findings} == {hit.about for hit in hits}
        assert part not in {f.about for f in findings}
        assert findings == names_in(text, people, part=part)


@settings(max_examples=200, deadline=None)
@given(PEOPLE, st.data())
def test_ones_own_names_are_never_found(people: list[Named], data: st.DataObject) -> None:
    if not people:
        return
    own = data.draw(st.sampled_from(people))
    if own.near:
        return
    for name in (own.first, own.last, own.preferred, f"{own.first} {own.last}"):
        alone = [own, *(p for p in people if p.near)]
        found = names_in(name, alone, part=own.participant_id)
        assert own.participant_id not in {f.about for f in found}


def test_a_whole_session_is_looked_through() -> None:
    people = [called(first, last) for first, last in zip(
        ["Marisol", "Tuấn", "Will", "Ines", "Ahmed", "Kathryn", "Robert", "Guadalupe", "Hope", "Deshawn", "Olena", "Priya"],
        ["Rivera", "Nguyễn", "Baker", "Cruz", "Haddad", "Kowalski", "Stone", "Solís", "Young", "Washington", "Petrenko", "Patel"],
        strict=True,
    )]  # fmt: skip
    words = "today we spoke about sleep and Rest in Portland with Gretchen who likes long walks on Monday "
    text = (words * 18)[:1800] + "and Marsiol"
    screen("", {}, people)
    found = screen(text, {p.participant_id: text for p in people}, people)
    assert len(found) == 12


# --- pointing out -----------------------------------------------------------------------------------
def pointed_out(text: str, people: list[Named]) -> list[str]:
    return [doubt.sentence for doubt in doubts_of(names_in(text, people, part=None))]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Tony spoke.", ["“Tony” may be Tony S. or a short name of Anthony C."]),
        ("We thanked Tony Silva.", ["“Tony Silva” may be Tony S. or a short name of Anthony C."]),
        # Each word is told of whom it tells most surely.
        ("Tony and Anthony.", ["“Tony” may be Tony S.", "“Anthony” may be Anthony C."]),
    ],
)
def test_a_word_is_pointed_out_once(text: str, sentences: list[str]) -> None:
    people = [called("Tony", "Silva"), called("Anthony", "Cruz")]
    assert pointed_out(text, people) == sentences


def test_whom_a_word_may_name_is_said_surest_first() -> None:
    several = [("Anna T.", How.LIKE), ("Ana S.", How.NAME), ("Ana B.", How.NAME)]
    assert may_be(several) == "may be Ana S. or Ana B., or misspelled, Anna T."
    assert may_be(several[:1]) == "may be Anna T., misspelled"
    assert may_be([("Ana S.", How.NICKNAME), ("Ana S.", How.NAME)]) == "may be Ana S."
