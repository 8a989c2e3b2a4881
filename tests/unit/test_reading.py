"""What is in a file: types by content, text by a process that may die of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from llm_ui.errors import InvalidInput
from llm_ui.reading.kinds import DOCX, HTML, PDF, PPTX, TEXT, XLSX, identify
from llm_ui.services.files import extraction
from tests import files


@pytest.fixture
def put(tmp_path: Path):
    def write(data: bytes) -> Path:
        path = tmp_path / "file"
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize(
    ("data", "kind", "media_type"),
    [
        (files.pdf("Hello"), "text", PDF),
        (files.docx("Hello"), "text", DOCX),
        (files.xlsx(("a", 1)), "text", XLSX),
        (files.pptx("Hello"), "text", PPTX),
        (b"  <!DOCTYPE html><p>Hi", "text", HTML),
        (b"plain words", "text", TEXT),
        ("wörter 🎈".encode(), "text", TEXT),
        ("Wörter".encode("cp1252"), "text", TEXT),
        ("Wörter".encode("utf-16"), "text", TEXT),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "text", TEXT),
        (files.png(), "image", "image/png"),
        (files.gif(3, 4), "image", "image/gif"),
        (files.jpeg(30, 40), "image", "image/jpeg"),
        (files.webp(30, 40), "image", "image/webp"),
    ],
)
def test_the_type_is_found_in_the_content(put, data: bytes, kind: str, media_type: str) -> None:
    found = identify(put(data))
    assert (found.kind, found.media_type) == (kind, media_type)


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"", "error.file_empty"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "error.file_type"),
        (b"MZ\x90\x00\x03", "error.file_type"),
        (files.zipped({"a.txt": "no Office file"}), "error.file_type"),
        (files.png(claimed=(30_000, 30_000)), "error.file_pixels"),
        (files.png(claimed=(25_000, 2)), "error.file_pixels"),
        (files.jpeg(20_000, 19_000), "error.file_pixels"),
        (files.gif(0, 4), "error.file_damaged"),
        (b"\x89PNG\r\n\x1a\n", "error.file_damaged"),
        (b"\xff\xd8\xff" + b"\xff" * 100, "error.file_damaged"),
    ],
)
def test_what_cannot_be_used_says_why(put, data: bytes, key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        identify(put(data))
    assert refused.value.message_key == key


@pytest.mark.parametrize(
    ("data", "media_type", "words"),
    [
        (files.pdf("The annex was built", "in 1987"), PDF, ["The annex was built", "in 1987"]),
        (files.docx("One", "Two", table=("left", "right")), DOCX, ["One\nTwo\nleft\tright"]),
        (files.pptx("First", "Second"), PPTX, ["Slide 1\nFirst\n\nSlide 2\nSecond"]),
        (
            files.xlsx(("day", "sum"), (date(2026, 3, 1), 12.5)),
            XLSX,
            ["Sheet Sheet", "day\tsum\n2026-03-01\t12.5"],
        ),
        (
            b"<html><head><title>x</title></head><script>evil()</script><p>One &amp; two<p>Three",
            HTML,
            ["One & two\nThree"],
        ),
        ("größe\r\nzwei".encode("utf-16"), TEXT, ["größe\nzwei"]),
        ("größe".encode("cp1252"), TEXT, ["größe"]),
    ],
)
async def test_documents_give_their_text(put, data: bytes, media_type: str, words) -> None:
    found = await extraction.read(put(data), media_type)
    text = found.text
    assert found.error == ""
    assert all(each in text for each in words), text
    assert "evil" not in text


@pytest.mark.parametrize(
    ("data", "media_type", "key"),
    [
        (files.pdf("secret", password="x"), PDF, "error.file_encrypted"),
        (b"%PDF-1.7 and then nothing", PDF, "error.file_damaged"),
        (files.pdf(""), PDF, "error.file_no_text"),
        (b"PK\x03\x04 not a zip", DOCX, "error.file_damaged"),
        (files.zip_bomb(), DOCX, "error.file_bomb"),
        (files.docx("&i;", before=files.BOMB_ENTITIES), DOCX, "error.file_bomb"),
        (
            files.zipped({"xl/workbook.xml": files.BOMB_ENTITIES + "<w>&i;</w>"}),
            XLSX,
            "error.file_bomb",
        ),
        (
            files.zipped({f"word/{n}.xml": "" for n in range(6000)} | {"word/document.xml": ""}),
            DOCX,
            "error.file_bomb",
        ),
        (b"<p:sld/>", PPTX, "error.file_damaged"),
        (b"x" * 5_000_001, TEXT, "error.file_text_long"),
    ],
)
async def test_dangerous_and_broken_files_end_in_a_reason(
    put, data: bytes, media_type: str, key: str
) -> None:
    assert await extraction.read(put(data), media_type) == extraction.Extracted(error=key)


async def test_a_reader_that_hangs_or_dies_is_a_reason_too(
    put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "WALL_FACTOR", 0.0)
    assert (await extraction.read(put(b"words"), TEXT)).error == extraction.SLOW
    monkeypatch.setattr(extraction, "WALL_FACTOR", 1.0)
    missing = put(b"words").with_name("nothing")
    assert (await extraction.read(missing, TEXT)).error == extraction.UNREADABLE
