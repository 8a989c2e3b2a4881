"""Texts in all encodings, pages that break HTML's rules, PDFs with bad pages."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from llm_ui.errors import InvalidInput
from llm_ui.reading import pdf
from llm_ui.reading.documents import text_of
from llm_ui.reading.kinds import HTML, PDF, TEXT, identify
from llm_ui.reading.parts import Read, numbers
from tests import files
from tests.office import line, pages

CHINESE = "合同金额为一百万元，交货期三十天。"
RUSSIAN = "Сумма договора составляет один миллион рублей."


@pytest.fixture
def read(tmp_path: Path):
    def text(data: bytes, media_type: str = TEXT) -> Read:
        path = tmp_path / "file"
        path.write_bytes(data)
        assert identify(path).media_type == media_type
        return text_of(path, media_type)

    return text


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        (CHINESE, "gbk", "GB18030 (GBK)"),
        ("姓名,年龄\n张三,30\n李四,25\n", "gbk", "GB18030 (GBK)"),
        ("# 这是注释\nprint('你好')", "gb18030", "GB18030 (GBK)"),
        ("合約金額為一百萬元，交貨期三十天。", "big5", "Big5"),
        ("氏名,年齢\n山田太郎,30\n", "shift_jis", "Shift JIS"),
        ("①② 株式会社 ﾃｽﾄ ﾃﾞｰﾀ", "cp932", "Shift JIS"),
        ("契約金額は百万円です。", "euc_jp", "EUC-JP"),
        ("ありがとうございます", "euc_jp", "EUC-JP"),
        ("契約金額は百万円です。", "iso2022_jp", "ISO-2022-JP"),
        ("계약 금액은 백만 원이며 납기는 삼십 일입니다.", "cp949", "EUC-KR (CP949)"),
        (RUSSIAN, "cp1251", "Windows-1251"),
        ('{"имя": "Иван", "возраст": 30}', "cp1251", "Windows-1251"),
        (RUSSIAN, "koi8_r", "KOI8-R"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy", "cp1250", "Windows-1250"),
        ("Το ποσό της σύμβασης ανέρχεται σε ένα εκατομμύριο", "cp1253", "ISO 8859-7"),
        ("Türkçe ağaç şeker çığ", "cp1254", "Windows-1254"),
        ("סכום החוזה הוא מיליון שקלים", "cp1255", "Windows-1255"),
        ("مبلغ العقد مليون دينار والتسليم خلال ثلاثين يوما", "cp1256", "Windows-1256"),
        ("Līguma summa ir viens miljons eiro, Šķūnis", "cp1257", "Windows-1257"),
        ("Prix : 30 € “à débattre”", "cp1252", "Windows-1252"),
        ("x = 'ä'\n# größe", "latin-1", "Windows-1252"),
        ("naïve", "latin-1", "Windows-1252"),
        # Met for the first time far behind what is looked at first.
        ("plain\n" * 20_000 + "Größe", "latin-1", "Windows-1252"),
        ("Hello world\n" + RUSSIAN, "utf-16-le", ""),
        ("Größe und Länge", "utf-16-be", ""),
        (CHINESE, "utf-16-le", ""),
        ("größe", "utf-16", ""),
        ("größe", "utf-32", ""),
        ("größe €", "utf-32-be", ""),
        (CHINESE, "utf-8", ""),
    ],
)
def test_a_text_is_read_whatever_its_encoding(read, text: str, encoding: str, name: str) -> None:
    notes = [("encoding", name)] if name else []
    assert read(text.encode(encoding)) == Read(text.strip(), notes)


@pytest.mark.parametrize(
    ("data", "text", "notes"),
    [
        # One byte of UTF-8 is wrong: one character is lost, not all of them.
        ("Größe ".encode() * 9 + b"\xb0C", "Größe " * 9 + "\ufffdC", [("replaced", "1")]),
        (CHINESE.encode()[:7] + CHINESE.encode()[8:], "合同\ufffd额为", [("replaced", "1")]),
        (
            CHINESE.encode("gbk")[:10] + b"\xff" + CHINESE.encode("gbk")[10:],
            "合同金额为\ufffd一百万元",
            [("encoding", "GB18030 (GBK)"), ("replaced", "1")],
        ),
        # What programs of long ago left in texts.
        (b"first\x00 second\r\nthird\x1a", "first second\nthird", []),
        (b"a log" + b"\x00" * 500 + b"\nthat went on", "a log\nthat went on", []),
        (
            b'<?xml version="1.0" encoding="windows-1251"?><a>\xc4\xe0</a>',
            "<a>Да</a>",
            [("encoding", "Windows-1251")],
        ),
        (b"# -*- coding: iso-8859-2 -*-\n# \xb9\xe8", "ščš"[:2], [("encoding", "ISO 8859-2")]),
    ],
)
def test_what_is_wrong_in_a_text_costs_no_more_than_itself(
    read, data: bytes, text: str, notes: list[tuple[str, str]]
) -> None:
    found = read(data)
    assert text in found.text
    assert found.notes == notes


HEAT = "<h1>Heat pumps</h1><p>They move heat."


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (f"<!DOCTYPE html><html><head><title>Doc</title><body>{HEAT}", "Doc\n\nHeat pumps"),
        (f"<html><head><title>Doc<body>{HEAT}", "Doc\n\nHeat pumps\n\nThey move heat."),
        (f"<html><head><style>p {{}}<body>{HEAT}", "Heat pumps\n\nThey move heat."),
        (f"<html><head><script>if (a<b) {{}}<body>{HEAT}", "Heat pumps\n\nThey move heat."),
        (f"<html><body><svg><path d='M0'/>{HEAT}", "Heat pumps\n\nThey move heat."),
        (f"<html><body><noscript>evil{HEAT}", "They move heat."),
        (f"<html><body><template><p>evil</p></template>a<template>{HEAT}", "They move heat."),
        (f"<!-- saved --><html>a<!-- {HEAT}", "They move heat."),
        (
            "<?xml version='1.0'?><!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0 Strict//EN' 'x'>"
            "<html xmlns='http://www.w3.org/1999/xhtml'><head><title/><script src='evil'/></head>"
            f"<body><a id='x'/>{HEAT}</p></body></html>",
            "Heat pumps\n\nThey move heat.",
        ),
        ("<html><p hidden>evil</p><p style='x: y; display:none'>evil</p><p>seen", "seen"),
        ("<html><iframe srcdoc='&lt;p&gt;in a &amp;lt;frame'></iframe><p>out", "in a <frame\nout"),
        ("<html><b><p>x<i>y</b>z</i></p><table><tr><td>a<td>b<tr><td>c</table>", "a\tb\nc"),
        ("<html><pre>if a:\n    b()</pre>", "if a:\n    b()"),
        ("<html><dl><dt>k<dd>v</dl><ul><li>1<li>2</ul>", "k\nv\n1\n2"),
        ("<html>" + "<div>" * 6000 + "deep", "deep"),
        ("\ufeff<html lang=de><p>größe", "größe"),
    ],
)
def test_a_page_is_read_as_a_browser_shows_it(read, page: str, text: str) -> None:
    found = read(page.encode(), HTML)
    assert text in found.text
    assert "evil" not in found.text


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("<meta charset=gbk>", "gbk"),
        ("<meta charset='gb2312'>", "utf-8"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=GBK">', "gbk"),
        ("", "gbk"),
        ("", "utf-16"),
    ],
)
def test_a_page_is_decoded_by_what_it_says_or_by_what_is_true(
    read, head: str, encoding: str
) -> None:
    page = f"<html><head>{head}</head><p>{CHINESE}"
    assert read(page.encode(encoding), HTML).text == CHINESE


ONE, TWO, THREE = line("Page one"), line("Page two"), line("Page three")


@pytest.mark.parametrize(
    ("bad", "note"),
    [
        (b"BT /F1 12 Tf <ZZ> Tj ET", "pages"),
        ((b"/Filter /FlateDecode", b"no stream of zlib's"), "pages"),
        ((b"/Filter /Unheard", b"x"), "pages"),
        ((b"/Filter /ASCII85Decode", b"}}}~>"), "pages"),
        (b"q /X Do Q", "pages_scanned"),
    ],
)
def test_a_bad_page_costs_that_page_and_is_named(read, bad: bytes, note: str) -> None:
    found = read(pages(ONE, bad, THREE, more=b"/XObject << /X 4 0 R >>"), PDF)
    assert "Page one" in found.text
    assert "Page three" in found.text
    assert found.notes == [(note, "2")]


def test_a_pdf_with_a_broken_frame_is_read(read) -> None:
    whole = pages(ONE, TWO)
    assert "Page two" in read(whole.replace(b"startxref", b"startxxxx"), PDF).text
    assert "Page two" in read(whole[: whole.rindex(b"xref\n0")], PDF).text
    assert "Page two" in read(pages(ONE, TWO, tree=b"<< /Type /Pages /Kids 9 >>"), PDF).text


def test_a_page_that_takes_too_long_is_left_and_the_rest_read(
    read, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pypdf import PageObject

    extract = PageObject.extract_text

    def slow(page: PageObject) -> str:
        if "two" in (text := extract(page)):
            while True:
                pass
        return text

    monkeypatch.setattr(PageObject, "extract_text", slow)
    monkeypatch.setattr(pdf, "PAGE_S", 0.2)
    found = read(pages(ONE, TWO, THREE), PDF)
    assert "Page three" in found.text
    assert found.notes == [("pages", "2")]
    # All of the time is up: what was read is handed over.
    spent = iter([0.0, 0.0, 0.0, 1e9])
    monkeypatch.setattr(pdf.time, "process_time", lambda: next(spent))
    found = read(pages(ONE, THREE, ONE), PDF)
    assert "Page three" in found.text
    assert found.notes == [("pages_late", "3")]


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_pdf_that_opens_without_a_password_is_read(read, algorithm: str) -> None:
    from pypdf import PdfReader, PdfWriter

    def locked(user: str) -> bytes:
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pages(ONE))))
        writer.encrypt(user, "owner", algorithm=algorithm)
        target = io.BytesIO()
        writer.write(target)
        return target.getvalue()

    assert "Page one" in read(locked(""), PDF).text
    with pytest.raises(InvalidInput) as refused:
        read(locked("secret"), PDF)
    assert refused.value.message_key == "error.file_encrypted"


def test_numbers_of_places_are_written_as_people_write_them() -> None:
    assert numbers([2]) == "2"
    assert numbers([7, 2, 5, 6]) == "2, 5–7"
    assert numbers(range(1, 99, 2)).endswith("23, …")


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\x02\x01\x01" + b"\x00" * 9,
        b"MZ\x90\x00\x03",
        b"\x00\x01\x02\x03" * 40,
        files.png()[8:],
    ],
)
def test_what_is_no_text_is_still_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(InvalidInput) as refused:
        identify(path)
    assert refused.value.message_key == "error.file_type"
