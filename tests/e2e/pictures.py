"""What stands in the screenshots, and the script that makes them small."""

from __future__ import annotations

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

TITLES = (
    "How do heat pumps work in winter?",
    "Letter to the housing office",
    "Regular expression for invoice numbers",
    "Four days in Lisbon",
    "Explain Raft with a cooking story",
)

NEXT_QUESTION = "Which database suits a small web app, and why?"

QUESTION = "Compare SQLite and PostgreSQL for a small web app. When would I have to move?"

ANSWER = """\
Both store the same relational data, but in different places: **SQLite is a library** inside \
your process, PostgreSQL is a server beside it. For a small web app that decides almost \
everything else.

## At a glance

| Question | SQLite | PostgreSQL |
|---|---|---|
| Set-up | None: one file | A server to run and back up |
| Writers at once | One | Many |
| Full-text search | FTS5, very fast | Built in, richer |

## How to decide

- Start with SQLite when one machine serves everybody.
- Move when two machines must write at the same time.
- Measure before you move: `PRAGMA journal_mode=WAL` ends most complaints about locks.

```python
import sqlite3

con = sqlite3.connect("app.db", isolation_level=None)
con.execute("PRAGMA journal_mode=WAL")   # readers no longer wait
con.execute("PRAGMA busy_timeout=5000")
```

Waiting grows with load as $W = \\frac{\\rho}{1-\\rho}$, so a lock that is busy half of the \
time is fine. Keep your SQL portable, test the migrations on both, and the choice stays open."""

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
