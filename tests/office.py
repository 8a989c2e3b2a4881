"""Office files and PDFs as other programs write them, made here of their parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.files import DRAWING, WORD, zipped

PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SPACES = (
    f'xmlns:w="{WORD}" xmlns:a="{DRAWING}" xmlns:r="{OFFICE}" xmlns:v="urn:v" xmlns:p="urn:p" '
    'xmlns:c="urn:c" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="urn:wps" xmlns:m="urn:m" xmlns:dgm="urn:dgm"'
)


def relations(*related: tuple[str, str, str]) -> str:
    """A part's relations: (id, last word of the type, target)."""
    found = "".join(
        f'<Relationship Id="{key}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for key, kind, target in related
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{found}</Relationships>'


def run(text: str) -> str:
    """A run of a Word paragraph."""
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def word(body: str, parts: Mapping[str, str] | None = None) -> bytes:
    """A Word document; `parts` are related by their names ("footnotes", "header1")."""
    found: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": f"<w:document {SPACES}><w:body>{body}</w:body></w:document>",
    }
    related = []
    for name, content in (parts or {}).items():
        found[f"word/{name}.xml"] = f"<w:x {SPACES}>{content}</w:x>"
        related.append((f"r{name}", name.rstrip("0123456789"), f"{name}.xml"))
    found["word/_rels/document.xml.rels"] = relations(*related)
    return zipped(found)


def deck(
    slides: Sequence[str],
    order: Sequence[int],
    notes: Mapping[int, tuple[int, str]] | None = None,
    hidden: Sequence[int] = (),
    parts: Mapping[str, str] | None = None,
) -> bytes:
    """A presentation.

    Args:
        slides: what stands on each, slide1.xml first; words, or XML.
        order: numbers of the slides' files as they are shown.
        notes: by the number of a slide's file, the number of the notes' file and its words.
        hidden: numbers of slides' files.
        parts: more parts by their names.
    """
    shown = "".join(f'<p:sldId id="{300 + n}" r:id="rId{n}"/>' for n in order)
    found: dict[str, str | bytes] = {
        "ppt/presentation.xml": f"<p:presentation {SPACES}><p:sldIdLst>{shown}</p:sldIdLst>"
        "</p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(
            *((f"rId{n}", "slide", f"slides/slide{n}.xml") for n in range(1, len(slides) + 1))
        ),
        **(parts or {}),
    }
    for n, content in enumerate(slides, start=1):
        body = content if content.startswith("<") else said(content)
        show = ' show="0"' if n in hidden else ""
        found[f"ppt/slides/slide{n}.xml"] = f"<p:sld {SPACES}{show}>{body}</p:sld>"
        if notes and n in notes:
            file, words = notes[n]
            found[f"ppt/slides/_rels/slide{n}.xml.rels"] = relations(
                ("rId1", "notesSlide", f"../notesSlides/notesSlide{file}.xml")
            )
            found[f"ppt/notesSlides/notesSlide{file}.xml"] = (
                f"<p:notes {SPACES}>{said(words)}</p:notes>"
            )
    return zipped(found)


def said(words: str) -> str:
    """A paragraph of a slide."""
    return f"<a:p><a:r><a:t>{words}</a:t></a:r></a:p>"


def book(
    sheets: Mapping[str, str],
    *,
    hidden: Sequence[str] = (),
    parts: Mapping[str, str | bytes] | None = None,
    more: str = "",
) -> bytes:
    """A workbook: each sheet's name and what is in its part ("<sheetData>…"); `more` stands
    behind the list of sheets, `parts` replace or add some."""
    types, listed, related = "", "", []
    found: dict[str, str | bytes] = {}
    for n, (name, content) in enumerate(sheets.items(), start=1):
        state = ' state="hidden"' if name in hidden else ""
        listed += f'<sheet name="{name}" sheetId="{n}"{state} r:id="rId{n}"/>'
        related.append((f"rId{n}", "worksheet", f"worksheets/sheet{n}.xml"))
        found[f"xl/worksheets/sheet{n}.xml"] = f'<worksheet xmlns="{SHEET}">{content}</worksheet>'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    for part, ending in (("workbook", "sheet.main"), ("styles", "styles"), ("sharedStrings",) * 2):
        if part == "workbook" or f"xl/{part}.xml" in (parts or {}):
            types += f'<Override PartName="/xl/{part}.xml" ContentType="{kind}.{ending}+xml"/>'
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>{types}</Types>',
            "_rels/.rels": relations(("rId1", "officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}">'
            f"<sheets>{listed}</sheets>{more}</workbook>",
            "xl/_rels/workbook.xml.rels": relations(*related),
            **found,
            **(parts or {}),
        }
    )


def rows(*values: Sequence[object], first: int = 1) -> str:
    """Rows of a sheet: words, numbers, or ("formula", result) with or without the result."""
    found = ""
    for number, line in enumerate(values, start=first):
        cells = "".join(_cell(f"{chr(65 + n)}{number}", value) for n, value in enumerate(line))
        found += f'<row r="{number}">{cells}</row>'
    return f"<sheetData>{found}</sheetData>"


def _cell(place: str, value: object) -> str:
    if isinstance(value, tuple):
        result = f"<v>{value[1]}</v>" if len(value) > 1 else ""
        return f'<c r="{place}"><f>{value[0]}</f>{result}</c>'
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def pages(*contents: bytes | tuple[bytes, bytes], tree: bytes = b"", more: bytes = b"") -> bytes:
    """A PDF of pages with these streams, each with entries of its dictionary before it if it
    has some; `tree` replaces the tree of pages, `more` stands in each page's resources."""
    out = bytearray(b"%PDF-1.4\n")
    offsets: dict[int, int] = {}

    def put(number: int, body: bytes) -> None:
        offsets[number] = len(out)
        out.extend(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    number, kids = 5, []
    for each in contents:
        entries, content = each if isinstance(each, tuple) else (b"", each)
        put(
            number, b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)
        )
        put(
            number + 1,
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> %s >> >>" % (number, more),
        )
        kids.append(b"%d 0 R" % (number + 1))
        number += 2
    put(1, b"<< /Type /Catalog /Pages 2 0 R >>")
    put(2, tree or b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(kids)))
    put(3, b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    put(
        4,
        b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /Length 1 >>\nstream\n0\nendstream",
    )
    start = len(out)
    table = b"".join(b"%010d 00000 n \n" % offsets[n] for n in range(1, number))
    out.extend(b"xref\n0 %d\n0000000000 65535 f \n%s" % (number, table))
    out.extend(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (number, start))
    return bytes(out)


def line(words: str) -> bytes:
    """A page's stream with a line of text."""
    return b"BT /F1 12 Tf 72 720 Td (%s) Tj ET" % words.encode("latin-1")
