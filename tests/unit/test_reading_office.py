"""Office files as other programs write them: what they show is read, and nothing else."""

from __future__ import annotations

from pathlib import Path
from xml.parsers.expat import ExpatError

import pytest

from llm_ui.errors import InvalidInput
from llm_ui.reading.documents import text_of
from llm_ui.reading.kinds import DOCX, PPTX, XLSX
from llm_ui.reading.parts import Read
from tests import files
from tests.office import book, deck, relations, rows, run, said, word


@pytest.fixture
def read(tmp_path: Path):
    def text(data: bytes, media_type: str) -> Read:
        path = tmp_path / "file"
        path.write_bytes(data)
        return text_of(path, media_type)

    return text


DELETED = '<w:del w:author="a"><w:r><w:delText>{}</w:delText></w:r></w:del>'
BOX = "<w:txbxContent><w:p>" + run("in the box") + "</w:p></w:txbxContent>"
SHARED = (
    '<sheetData><row r="1"><c r="A1"><v>2</v></c><c r="B1"><f t="shared" ref="B1:B2" si="0">A1*2'
    '</f></c></row><row r="2"><c r="A2"><v>3</v></c><c r="B2"><f t="shared" si="0"/></c></row>'
    "</sheetData>"
)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            "<w:p>"
            + run("The price is ")
            + DELETED.format("100")
            + f"<w:ins>{run('250')}</w:ins>"
            + run(" euros.")
            + "</w:p>",
            "The price is 250 euros.",
        ),
        (
            f"<w:p>{run('A')}<w:moveFrom>{run('moved')}</w:moveFrom></w:p>"
            f"<w:p><w:moveTo>{run('moved')}</w:moveTo>{run(' B')}</w:p>",
            "A\nmoved B",
        ),
        # A whole row, and a paragraph's end, can be deleted too.
        (
            "<w:tbl><w:tr><w:trPr><w:del/></w:trPr><w:tc><w:p>"
            + run("gone")
            + "</w:p></w:tc></w:tr>"
            "<w:tr><w:tc><w:p>" + run("kept") + "</w:p></w:tc></w:tr></w:tbl>",
            "kept",
        ),
        (
            "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>"
            + run("one ")
            + "</w:p><w:p>"
            + run("line")
            + "</w:p>",
            "one line",
        ),
        (
            f"<w:p>{run('one ')}<w:ins>{run('new ')}{DELETED.format('old')}</w:ins>{run('two')}</w:p>",  # noqa: E501
            "one new two",
        ),
        # Alternatives for older programs, and a box that hangs on a paragraph.
        (
            "<w:p>"
            + run("before ")
            + "<w:r><mc:AlternateContent><mc:Choice Requires='wps'>"
            + BOX
            + "</mc:Choice><mc:Fallback>"
            + BOX
            + "</mc:Fallback></mc:AlternateContent></w:r>"
            + run("after")
            + "</w:p>",
            "before after\nin the box",
        ),
        (
            "<w:p><w:r><mc:AlternateContent><mc:Fallback>"
            + BOX
            + "</mc:Fallback></mc:AlternateContent></w:r></w:p>",
            "in the box",
        ),
        # Signs that are elements.
        (
            "<w:p><w:r><w:t>A</w:t><w:noBreakHyphen/><w:t>B</w:t><w:softHyphen/><w:t>C</w:t><w:tab/>"
            "<w:t>D</w:t><w:br/><w:t>E</w:t></w:r></w:p>",
            "A-BC\tD\nE",
        ),
        (
            "<w:tbl><w:tr><w:tc><w:p><w:pPr><w:tabs><w:tab w:val='left' w:pos='720'/></w:tabs></w:pPr>"  # noqa: E501
            "<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t></w:r></w:p></w:tc><w:tc><w:p>"
            + run("c")
            + "</w:p></w:tc></w:tr></w:tbl>",
            "a b\tc",
        ),
        (
            "<w:p><w:r><w:sym w:font='Wingdings' w:char='F0FE'/></w:r>" + run(" done") + "</w:p>",
            "☑ done",
        ),
        # Fields show what came of them, not what they are made of.
        (
            "<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>PAGEREF _Toc1"
            "</w:instrText></w:r><w:r><w:fldChar w:fldCharType='separate'/></w:r>"
            + run("page 7")
            + "<w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>",
            "page 7",
        ),
        (
            "<w:p><w:fldSimple w:instr='DATE'>"
            + run("1 May")
            + "</w:fldSimple><w:smartTag>"
            + run(" in Rome")
            + "</w:smartTag></w:p><w:sdt><w:sdtContent><w:p>"
            + run("chosen")
            + "</w:p></w:sdtContent></w:sdt>",
            "1 May in Rome\nchosen",
        ),
        (
            "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>unseen</w:t></w:r>"
            + run("seen")
            + "<w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t> too</w:t></w:r></w:p>",
            "seen too",
        ),
        (
            "<w:p><m:oMath><m:f><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:r><m:t>b</m:t></m:r>"
            "</m:den></m:f></m:oMath></w:p>",
            "a/b",
        ),
    ],
)
def test_a_word_document_is_read_as_word_shows_it(read, body: str, text: str) -> None:
    assert read(word(body), DOCX) == Read(text)


def test_notes_comments_headers_and_numbers_of_paragraphs_are_read(read) -> None:
    levels = (
        '<w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
        '<w:numFmt w:val="decimal"/><w:pStyle w:val="H1"/><w:lvlText w:val="%1."/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/>'
        '<w:lvlText w:val="%1.%2)"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="3"><w:abstractNumId w:val="7"/></w:num>'
    )
    deeper = '<w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="3"/></w:numPr></w:pPr>'
    heading = '<w:pPr><w:pStyle w:val="H1"/></w:pPr>'
    body = (
        f"<w:p>{heading}{run('Scope')}</w:p><w:p>{deeper}{run('first')}</w:p>"
        f"<w:p>{deeper}{run('second')}<w:r><w:footnoteReference w:id='2'/></w:r></w:p>"
        f"<w:p>{heading}{run('Price')}</w:p><w:p>{deeper}{run('third')}</w:p>"
    )
    found = read(
        word(
            body,
            {
                "numbering": levels,
                "styles": '<w:style w:styleId="H1"><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr>'
                "</w:pPr></w:style>",
                "footnotes": '<w:footnote w:type="separator" w:id="-1"><w:p/></w:footnote>'
                f'<w:footnote w:id="2"><w:p>{run("See the annex.")}</w:p></w:footnote>',
                "comments": f'<w:comment w:id="0" w:author="Ann"><w:p>{run("Why?")}</w:p></w:comment>',  # noqa: E501
                "header1": f"<w:p>{run('Confidential')}</w:p>",
                "footer1": f"<w:p>{run('12')}</w:p>",
            },
        ),
        DOCX,
    )
    assert found == Read(
        "Confidential\n\n1. Scope\n1.a) first\n1.b) second[^2]\n2. Price\n2.a) third\n\n"
        "[^2]: See the annex.\n\nComment (Ann): Why?"
    )


def test_of_a_document_with_a_broken_part_the_rest_is_read_and_the_part_named(read) -> None:
    body = f"<w:p>{run('whole')}</w:p>"
    assert read(word(body, {"footnotes": "<w:footnote"}), DOCX) == Read(
        "whole", [("parts", "footnotes")]
    )
    assert read(word(f"{body}<w:p>{run('then')}</w:p><broken"), DOCX) == Read(
        "whole\nthen", [("rest", "")]
    )


SLIDES = ("Appendix", "Summary", "Plan")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            deck(SLIDES, [2, 3, 1]),
            "Slide 1\nSummary\n\nSlide 2\nPlan\n\nSlide 3\nAppendix",
        ),
        (
            deck(SLIDES, [1, 2, 3], {3: (1, "say this"), 1: (2, "and that")}),
            "Slide 1\nAppendix\n\nNotes: and that\n\nSlide 2\nSummary\n\nSlide 3\nPlan\n\nNotes: say this",  # noqa: E501
        ),
        # What no list names was taken out; what is hidden says so.
        (deck(SLIDES, [3, 1], hidden=[3]), "Slide 1 (hidden)\nPlan\n\nSlide 2\nAppendix"),
        (
            deck(
                [
                    "<p:grpSp><p:sp>"
                    + said("in a group")
                    + "</p:sp></p:grpSp><a:tbl><a:tr><a:tc>"
                    + said("a")
                    + "</a:tc><a:tc>"
                    + said("b")
                    + "</a:tc></a:tr></a:tbl><a:p>"
                    "<a:fld type='slidenum'><a:t>1</a:t></a:fld></a:p>"
                ],
                [1],
            ),
            "Slide 1\nin a group\na\tb",
        ),
        (
            deck(
                ["words"],
                [1],
                parts={
                    "ppt/slides/_rels/slide1.xml.rels": relations(
                        ("a", "diagramData", "../diagrams/data1.xml"),
                        ("b", "chart", "/ppt/charts/c.xml"),
                    ),
                    "ppt/diagrams/data1.xml": "<d:m xmlns:d='d' xmlns:a='a'>"
                    + said("a step")
                    + "</d:m>",
                    "ppt/charts/c.xml": "<c:c xmlns:c='c' xmlns:a='a'><a:t>Sales</a:t><c:ser><c:tx><c:v>2026"  # noqa: E501
                    "</c:v></c:tx><c:cat><c:v>May</c:v><c:v>June</c:v></c:cat><c:val><c:v>3</c:v><c:v>4</c:v>"
                    "</c:val></c:ser></c:c>",
                },
            ),
            "Slide 1\nwords\n\na step\n\nSales\n2026: May = 3, June = 4",
        ),
    ],
)
def test_slides_are_read_as_they_are_shown(read, data: bytes, text: str) -> None:
    assert read(data, PPTX) == Read(text)


def test_a_broken_slide_costs_that_slide_and_is_named(read) -> None:
    found = read(deck(["one", "<broken", "three"], [1, 2, 3]), PPTX)
    assert "Slide 1\none" in found.text
    assert "Slide 3\nthree" in found.text
    assert found.notes == [("slides", "2")]


LAMP = (("Item", "Price", "Qty"), ("Lamp", 12, 3), ("Chair", 40, 2))
NINE = "Sheet S\nItem\tPrice\tQty\nLamp\t12\t3\nChair\t40\t2"
FAR = (
    '<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
    '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row></sheetData>'
)


@pytest.mark.parametrize(
    ("sheet", "text"),
    [
        ('<dimension ref="A1"/>' + rows(*LAMP), NINE),
        ('<dimension ref="A1:B2"/>' + rows(*LAMP), NINE),
        ('<dimension ref=""/>' + rows(*LAMP), NINE),
        (rows(*LAMP), NINE),
        (FAR, "Sheet S\n1\n\t[XFD1048576] 2"),
        # No references at all: cells stand one behind the other.
        (
            "<sheetData><row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row></sheetData>",
            "Sheet S\n1\t2\n3",
        ),
        (rows(("a", ("B2*2",)), ("b", ("B3*2", 80))), "Sheet S\na\t=B2*2\nb\t80"),
        (SHARED, "Sheet S\n2\t=A1*2\n3\t=A2*2"),
        (
            '<sheetData><row r="1"><c r="A1" t="str"><f>IF(1,"","")</f><v></v></c><c r="B1"><v>5</v></c>'  # noqa: E501
            '<c r="C1" t="b"><v>1</v></c><c r="D1" t="e"><f>1/0</f><v>#DIV/0!</v></c></row></sheetData>',  # noqa: E501
            "Sheet S\n\t5\tTRUE\t#DIV/0!",
        ),
        (
            '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><r><t>rich </t></r><r><t>text</t></r>'  # noqa: E501
            '<rPh sb="0" eb="1"><t>sound</t></rPh></is></c></row></sheetData><mergeCells count="1">'
            '<mergeCell ref="A1:C1"/></mergeCells>',
            "Sheet S\nrich text",
        ),
    ],
)
def test_a_sheet_gives_all_of_its_cells(read, sheet: str, text: str) -> None:
    assert read(book({"S": sheet}), XLSX) == Read(text)


def test_dates_and_percents_are_shown_as_such_and_sheets_named(read) -> None:
    styles = (
        '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<numFmts count="1"><numFmt numFmtId="164" formatCode="0.0%"/></numFmts><cellXfs count="4">'
        '<xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="22"/></cellXfs>'
        "</styleSheet>"
    )
    cells = (
        '<sheetData><row r="1"><c r="A1" s="1"><v>46082</v></c><c r="B1" s="2"><v>0.125</v></c>'
        '<c r="C1" s="3"><v>46082.5</v></c></row></sheetData>'
    )
    found = read(
        book(
            {"Data": cells, "Old": rows(("x",)), "Empty": "<sheetData/>"},
            hidden=["Old"],
            parts={"xl/styles.xml": styles},
        ),
        XLSX,
    )
    assert found.text == (
        "Sheet Data\n2026-03-01\t12.5%\t2026-03-01 12:00:00\n\nSheet Old (hidden)\nx\n\nSheet Empty"
    )


def test_a_workbook_that_nobody_has_computed_shows_its_formulas(read) -> None:
    data = book({"S": rows((("SUM(A2:A9)", 0), 0))}, more='<calcPr fullCalcOnLoad="1"/>')
    assert read(data, XLSX) == Read("Sheet S\n0 (=SUM(A2:A9))\t0")


def test_a_broken_sheet_costs_that_sheet_and_is_named(read) -> None:
    found = read(book({"Good": rows(("here",)), "Bad": "<sheetData><row"}), XLSX)
    assert "Sheet Good\nhere" in found.text
    assert found.notes == [("sheets", "Bad")]


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels"])
@pytest.mark.parametrize(
    "bomb",
    [
        (files.BOMB_ENTITIES + "<w>&i;</w>").encode("utf-16"),
        ("<!--" + "x" * 100_000 + "-->" + files.BOMB_ENTITIES + "<w>&i;</w>").encode(),
        b"\xef\xbb\xbf" + (files.BOMB_ENTITIES + "<w>&i;</w>").encode(),
    ],
)
def test_document_types_are_refused_in_every_part(read, part: str, bomb: bytes) -> None:
    """Also behind a comment that is longer than anybody looks, and in another encoding."""
    with pytest.raises(InvalidInput) as refused:
        read(book({"S": rows(("x",))}, parts={part: bomb}), XLSX)
    assert refused.value.message_key == "error.file_bomb"


DOCUMENT = files.BOMB_ENTITIES + "<w>&i;</w>"


@pytest.mark.parametrize(
    "bomb",
    [
        b" \t\r\n" * 3 + DOCUMENT.encode(),
        b" " * 200_000 + DOCUMENT.encode(),
        DOCUMENT.encode("utf-16-le"),
        DOCUMENT.encode("utf-16-be"),
        ("    " + DOCUMENT).encode("utf-16-le"),
        DOCUMENT.encode("utf-32"),
        b'<?xml version="1.0" encoding="utf-7"?>' + DOCUMENT.encode("utf-7"),
        ('<?xml version="1.0" encoding="cp037"?>' + DOCUMENT).encode("cp037"),
    ],
)
@pytest.mark.parametrize("name", ["sheet1.bin", "sheet1", "sheet1.XML"])
def test_a_part_of_any_name_that_a_parser_would_take_has_no_document_type(
    read, name: str, bomb: bytes
) -> None:
    """Which part is a sheet the file says itself, and its first letters may be anything."""
    parts = {
        "xl/_rels/workbook.xml.rels": relations(("rId1", "worksheet", f"worksheets/{name}")),
        f"xl/worksheets/{name}": bomb,
    }
    with pytest.raises((InvalidInput, ExpatError, ValueError)):
        read(book({"S": rows(("x",))}, parts=parts), XLSX)


def test_of_two_parts_that_read_as_one_name_both_are_looked_at(read) -> None:
    parts = {"xl/worksheets/sheet9.xml": DOCUMENT, "/xl/worksheets/sheet9.xml": "<w/>"}
    with pytest.raises(InvalidInput):
        read(book({"S": rows(("x",))}, parts=parts), XLSX)


def test_parts_that_are_no_xml_are_left_alone(read) -> None:
    parts = {
        "xl/media/image1.png": files.png(),
        "xl/media/image2.jpg": files.jpeg(3, 4),
        "xl/printerSettings/p1.bin": bytes(500),
        "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0" * 100,
        "xl/empty.bin": b"",
    }
    assert read(book({"S": rows(("x",))}, parts=parts), XLSX).text == "Sheet S\nx"
