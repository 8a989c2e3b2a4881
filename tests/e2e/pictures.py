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

# Takes a PNG in base64; gives palette and indices, colours made coarser until 256 do.
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
  for (let drop = 0; ; drop += 1) {
    const index = new Map();
    const palette = [];
    const pixels = new Uint8Array(data.length / 4);
    let fits = true;
    for (let i = 0; i < data.length && fits; i += 4) {
      const key = ((data[i] >> drop) << 16) | ((data[i + 1] >> drop) << 8) | (data[i + 2] >> drop);
      let at = index.get(key);
      if (at === undefined) {
        at = index.size;
        fits = at < 256;
        index.set(key, at);
        palette.push(data[i], data[i + 1], data[i + 2]);
      }
      pixels[i / 4] = at;
    }
    if (!fits) continue;
    let text = "";
    for (let i = 0; i < pixels.length; i += 32768) {
      text += String.fromCharCode(...pixels.subarray(i, i + 32768));
    }
    return { w: image.width, h: image.height, palette, pixels: btoa(text) };
  }
}
"""
