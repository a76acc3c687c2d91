"""Whatever the bytes: rows and findings with file, line and column, never a crash."""

import io
import zipfile
from datetime import date, datetime, time

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from phpsupport.importing import readers
from phpsupport.importing.columns import TABLES
from phpsupport.importing.readers import MAX_BYTES, read
from phpsupport.importing.report import build
from tests.importing.sets import sample_files

ROOMS = "room,seats,kind,notes\nWillow,8,room,\n"


def rows(*files):
    return [(r.line, dict(r.cells)) for s in read(files).sheets for r in s.rows]


def faults(*files):
    return [(f.line, f.column, f.sentence) for f in read(files).findings if f.fault]


@pytest.mark.parametrize("name", ["README.md", "plan.pdf", "rota.docx"])
def test_nothing_that_could_be_read_is_not_everything_on_record(name):
    (line, _, sentence) = faults((name, b"words"))[0]
    assert (line, "Nothing that was sent is a table of the program." in sentence) == (1, True)
    assert not faults((name, b"words"), ("rooms.csv", ROOMS.encode()))


def test_the_sample_reads_clean():
    reading = read(sample_files())
    assert [s.table.kind for s in reading.sheets] == [t.kind for t in TABLES]
    assert not [f for f in reading.findings if f.fault]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_marks_delimiters_and_line_ends(encoding, delimiter, ends):
    text = ROOMS.replace(",", delimiter).replace("\n", ends)
    assert rows(("rooms.csv", text.encode(encoding))) == rows(("rooms.csv", ROOMS.encode()))


def test_headers_and_names_are_taken_kindly():
    text = "Room ,SEATS,Kind,notes\nWillow, 8 ,room,\n"
    assert rows(("Rooms.CSV", text.encode())) == rows(("rooms.csv", ROOMS.encode()))


def test_a_cell_may_hold_lines_and_the_next_row_keeps_its_line():
    text = 'room,seats,kind,notes\n"Willow\nRoom",8,room,\nHeron,x,room,\n'
    assert [line for line, _ in rows(("rooms.csv", text.encode()))] == [2, 4]
    assert faults(("rooms.csv", text.encode()))[0][:2] == (4, "seats")


def test_a_byte_that_is_not_utf8_is_named_where_it_stands():
    text = ROOMS.encode() + "Höhle,4,room,\n".encode("latin-1")
    ((line, column, sentence),) = faults(("rooms.csv", text))
    assert (line, column) == (3, "room")
    assert "0xF6" in sentence
    assert "“Höhle”" in sentence


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, "(whole file)", "empty"),
        ("room,kind\nWillow,room\n", 1, "seats", "missing"),
        ("room,room,seats\na,b,1\n", 1, "room", "twice"),
        ("room,seats\nWillow\n", 2, "(whole row)", "ends early"),
        ("room,seats\nWillow,8,9\n", 2, "(whole row)", "quotation marks"),
        ("room,seats\n\x00Willow,8\n", 2, "room", "NUL"),
        ("room,seats\n" + "x" * 3000 + ",8\n", 2, "room", "2000"),
        ("room,seats\n#REF!,8\n", 2, "room", "#REF!"),
        ('room,seats\n"Willow,8\nHeron,4\n', 2, "(whole row)", "do not pair up"),
        ("room,seats\n,8\n", 2, "room", "empty"),
    ],
)
def test_what_is_wrong_is_told(text, line, column, words):
    found = faults(("rooms.csv", text.encode()))
    assert any((at, where) == (line, column) and words in told for at, where, told in found), found


def test_an_unknown_column_is_told_with_what_it_may_mean():
    reading = read([("rooms.csv", b"room,seats,note\nWillow,8,x\n")])
    (warning,) = reading.findings
    assert not warning.fault
    assert "Rename it to notes" in warning.sentence


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("enrolments.csv", "Is enrollments.csv meant?"),
        ("people.csv", "does not say what"),
        ("rooms.xls", "Save this as CSV"),
        ("rooms.ods", "Save this as CSV"),
        ("book.xlsx", "not a workbook"),
    ],
)
def test_unknown_files_are_not_passed_over(name, words):
    assert words in faults((name, b"a,b\n1,2\n"))[0][2]


def test_what_nobody_means_to_import_is_only_noted():
    left = [(".DS_Store", b"\x00"), ("README.md", b"hello"), ("photo.png", b"\x89PNG")]
    reading = read([*left, ("rooms.csv", ROOMS.encode())])
    assert not reading.findings
    assert len(reading.notes) == 3


def test_too_large_and_too_many():
    assert "larger than 5 MB" in faults(("rooms.csv", b"x" * (MAX_BYTES + 1)))[0][2]
    many = "room,seats\n" + "a,1\n" * (readers.MAX_ROWS + 5)
    assert "more than 20000 rows" in faults(("rooms.csv", many.encode()))[0][2]
    wrong = "room,seats\n" + "=,x\n" * 2000
    assert len(faults(("rooms.csv", wrong.encode()))) < 600


def test_the_same_table_twice():
    book = workbook("rooms", [["room", "seats", "kind", "notes"], ["Willow", 8, "room", None]])
    reading = read([("rooms.csv", ROOMS.encode()), ("rooms.xlsx", book)])
    assert not reading.findings
    assert "rooms.xlsx holds the same rows as rooms.csv" in reading.notes[0]
    other = workbook("rooms", [["room", "seats"], ["Willow", 9]])
    ((line, _, sentence),) = faults(("rooms.csv", ROOMS.encode()), ("rooms.xlsx", other))
    assert (line, "Send one of them" in sentence) == (2, True)


# --- workbooks --------------------------------------------------------------------------------------
def workbook(title, lines, **more):
    book = Workbook()
    sheet = book.active
    sheet.title = title
    for line in lines:
        sheet.append(line)
    for name, others in more.items():
        extra = book.create_sheet(name)
        for line in others:
            extra.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_cells_of_a_workbook_are_read_as_one_would_type_them():
    book = workbook(
        "closures",
        [["date", "reason"], [date(2026, 11, 26), "Thanksgiving"], [datetime(2026, 12, 25), 7]],
        groups=[["group", "starts"], ["Open", time(14, 30)]],
    )
    reading = read([("everything.xlsx", book)])
    assert [dict(r.cells) for r in reading.sheets[0].rows] == [
        {"date": "2026-11-26", "reason": "Thanksgiving"},
        {"date": "2026-12-25", "reason": "7"},
    ]
    assert reading.sheets[0].file == "everything.xlsx (closures)"


def test_a_formula_in_a_workbook_is_a_fault():
    book = workbook("rooms", [["room", "seats"], ['=HYPERLINK("http://x.example")', 8]])
    ((line, column, sentence),) = faults(("rooms.xlsx", book))
    assert (line, column) == (2, "room")
    assert "is a formula" in sentence
    guarded = workbook("rooms", [["room", "seats"], ["'=1+1", 8]])
    assert "is a formula" in faults(("rooms.xlsx", guarded))[0][2]


def test_a_sheet_that_is_not_read_is_told():
    book = workbook("rooms", [["room", "seats"], ["Willow", 8]], secret=[["a"]])
    (warning,) = read([("program.xlsx", book)]).findings
    assert "“secret” was not read" in warning.sentence


def archive(**parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(f"{name}.xml", content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a workbook"),
        (b"PK\x03\x04 broken", "not a workbook"),
        (archive(a=b"hello"), "cannot be opened"),
        (archive(a=b"\x00" * (readers.MAX_UNPACKED + 1)), "unpacks to more than"),
        (archive(a=b'<!DOCTYPE x [<!ENTITY a "b">]>'), "definitions"),
        (archive(a='<!DOCTYPE x [<!ENTITY a "b">]>'.encode("utf-16")), "definitions"),
        (archive(**{f"p{n}": b"" for n in range(readers.MAX_PARTS + 1)}), "too many parts"),
    ],
)
def test_broken_and_hostile_workbooks(content, words):
    assert words in faults(("rooms.xlsx", content))[0][2]


def test_many_sheets_of_next_to_nothing_are_stopped():
    """A cell far down costs as much as all the empty rows above it, in every sheet anew."""
    book = Workbook()
    book.active.title = "rooms"
    for number in range(4):
        book.create_sheet(f"more {number}")[f"A{readers.MAX_ROWS}"] = "x"
    out = io.BytesIO()
    book.save(out)
    assert "more rows than can be read" in faults(("rooms.xlsx", out.getvalue()))[0][2]


def test_a_workbook_that_claims_a_million_rows_is_stopped():
    book = io.BytesIO(workbook("rooms", [["room", "seats"], ["Willow", 8]]))
    out = io.BytesIO()
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.infolist():
            data = old.read(part)
            if part.filename.endswith("sheet1.xml"):
                data = data.replace(b'r="2"', b'r="1048576"').replace(b"A2", b"A1048576")
                data = data.replace(b"B2", b"B1048576")
            new.writestr(part, data)
    assert "more than 20000 rows" in faults(("rooms.xlsx", out.getvalue()))[0][2]


# --- anything at all ----------------------------------------------------------------------------------
NAMES = st.sampled_from([f"{t.kind}{s}" for t in TABLES for s in (".csv", ".xlsx")])
HEADERS = st.sampled_from([",".join(c.name for c in t.columns).encode() + b"\n" for t in TABLES])
GARBAGE = st.one_of(
    st.binary(max_size=400),
    st.tuples(HEADERS, st.binary(max_size=400)).map(b"".join),
    st.tuples(HEADERS, st.text(max_size=300).map(lambda t: t.encode(errors="ignore"))).map(
        b"".join
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.one_of(NAMES, st.text(max_size=20)), GARBAGE), max_size=4))
def test_any_bytes_give_a_sorted_report_with_places(files):
    reading = read(files)
    report = build([(s.file, s.table.kind) for s in reading.sheets], [], reading.findings)
    order = {f.file: n for n, f in enumerate(report.files)}
    places = [(order.get(f.file, len(order)), f.file, f.line, f.column) for f in report.findings]
    assert places == sorted(places)
    for finding in report.findings:
        assert finding.file
        assert finding.line >= 1
        assert finding.column
        assert finding.sentence.endswith((".", "?", ")"))


# Made once, at one moment: a workbook holds the time of its making.
with time_machine.travel(datetime(2026, 1, 5, 12), tick=False):
    WORKBOOK = workbook("rooms", [["room", "seats"], ["Willow", 8]])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_workbook_with_flipped_bytes_never_crashes(data):
    book = bytearray(WORKBOOK)
    for _ in range(data.draw(st.integers(1, 6))):
        book[data.draw(st.integers(0, len(book) - 1))] = data.draw(st.integers(0, 255))
    for finding in read([("rooms.xlsx", bytes(book))]).findings:
        assert finding.file == "rooms.xlsx"
