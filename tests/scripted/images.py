"""The images API of the scripted server: pictures made of arithmetic."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

from tests.scripted.script import Script

PATH = "/v1/images/generations"
SIDE = 256
# What an answer that says where its image is may name; see `Script.image`.
PICTURE, PAGE = "/images/picture.png", "/images/page"


def png(width: int = SIDE, height: int = SIDE, number: int = 0) -> bytes:
    """A PNG (ISO 15948): the sun over a field, another one for each number."""
    sun = (width * (0.3 + 0.2 * (number % 3)), height * 0.35, width * 0.14)
    rows = []
    for y in range(height):
        row = bytearray(b"\0")
        for x in range(width):
            if (x - sun[0]) ** 2 + (y - sun[1]) ** 2 < sun[2] ** 2:
                row += bytes((250, 214, 120))
            elif y > height * 0.68 + 14 * ((x * 7 // width + number) % 2):
                row += bytes((74, 124 - y * 40 // height, 89))
            else:
                row += bytes((120 + y * 110 // height, 178 + y * 40 // height, 222))
        rows.append(bytes(row))

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(b"".join(rows))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def answer(script: Script, body: dict[str, Any], url: str) -> dict[str, Any]:
    """The answer to a request for images; `url` is the server's own."""
    if script.image == "none":
        return {"created": 1, "data": []}
    count = int(body.get("n", 1))
    data = [_one(script.image, number, url) for number in range(count)]
    usage = {"input_tokens": 12, "output_tokens": 1056, "total_tokens": 1068}
    return {"created": 1, "data": data, **({} if script.no_usage else {"usage": usage})}


def _one(kind: str, number: int, url: str) -> dict[str, Any]:
    if kind == "broken":
        return {"b64_json": base64.b64encode(b"GIF is what this is not, nor any picture").decode()}
    if kind == "no-base64":
        return {"b64_json": "%%%"}
    if kind == "url":
        return {"url": url + PICTURE}
    if kind == "page":
        return {"url": url + PAGE}
    if kind == "elsewhere":
        return {"url": "http://127.0.0.1:9/picture.png"}
    return {"b64_json": base64.b64encode(png(number=number)).decode()}
