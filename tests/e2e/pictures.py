"""Pictures of pages in at most 256 colours, so that a repository can hold many."""

from __future__ import annotations

import asyncio
import base64
import struct
import zlib
from pathlib import Path

from playwright.async_api import Page

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Takes a PNG in base64; gives palette and indices. The commonest colours stay exact, the
# others (edges of letters) are made coarser until 256 do.
SHRINK = """
async (shot) => {
  const image = new Image();
  image.src = `data:image/png;base64,${shot}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width;
  canvas.height = image.height;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  const colour = (i) => (data[i] << 16) | (data[i + 1] << 8) | data[i + 2];
  const counts = new Map();
  for (let i = 0; i < data.length; i += 4) {
    const key = colour(i);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const ranked = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a));
  const exact = ranked.slice(0, ranked.length > 256 ? 96 : 256);
  const rest = ranked.slice(exact.length);
  let index;
  let colours;
  for (let drop = 1; ; drop += 1) {
    const mask = (0xff >> drop) << drop;
    const coarse = (mask << 16) | (mask << 8) | mask;
    const buckets = new Map();
    index = new Map(exact.map((key, at) => [key, at]));
    colours = [...exact];
    for (const key of rest) {
      const bucket = key & coarse;
      if (!buckets.has(bucket)) buckets.set(bucket, colours.push(key) - 1);
      index.set(key, buckets.get(bucket));
    }
    if (colours.length <= 256) break;
  }
  const pixels = new Uint8Array(data.length / 4);
  for (let i = 0; i < data.length; i += 4) pixels[i / 4] = index.get(colour(i));
  let text = "";
  for (let i = 0; i < pixels.length; i += 32768) {
    text += String.fromCharCode(...pixels.subarray(i, i + 32768));
  }
  const palette = colours.flatMap((key) => [key >> 16, (key >> 8) & 255, key & 255]);
  return { w: image.width, h: image.height, palette, pixels: btoa(text) };
}
"""


async def take(page: Page, target: Path) -> None:
    """Write what is shown to `target`."""
    shot = base64.b64encode(await page.screenshot()).decode()
    reduced = await page.evaluate(SHRINK, shot)
    picture = png(reduced["w"], reduced["h"], reduced["palette"], reduced["pixels"])
    await asyncio.to_thread(target.write_bytes, picture)


def png(width: int, height: int, palette: list[int], pixels: str) -> bytes:
    """An indexed PNG; `pixels` are the indices in base64."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    indices = base64.b64decode(pixels)
    rows = b"".join(b"\0" + indices[y * width : (y + 1) * width] for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", head),
        (b"PLTE", bytes(palette)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in parts)
