"""What stands in the pictures. The models have names that nobody's models have: what they
say here was written by people."""

from __future__ import annotations

# Name, name as shown, what the admin says of it, capabilities, price of a million
# tokens read and written in millionths of a dollar.
MODELS = (
    (
        "meridian-70b",
        "Meridian 70B",
        "Careful, for long documents",
        ["thinking"],
        600_000,
        2_400_000,
    ),
    ("meridian-8b", "Meridian 8B", "Quick everyday answers", [], 80_000, 240_000),
    ("cobalt-coder-32b", "Cobalt Coder 32B", "Code and reviews", [], 350_000, 1_100_000),
    ("lumen-vision-12b", "Lumen Vision 12B", "Sees images", ["vision"], 150_000, 450_000),
)
BUILT_IN = "SmolLM2-135M-Instruct"

QUESTION = "Compare SQLite and PostgreSQL for a small web app. When would I have to move?"
NEXT_QUESTION = "Which database suits a small web app, and why?"

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

PUZZLE = "A bat and a ball cost 1.10 together. The bat costs 1 more than the ball. And the ball?"
THOUGHTS = """\
The quick reply is 0.10. Then the bat would cost 1.10, and both together 1.20. That is too much.

So let me write it down. If the ball costs $b$, the bat costs $b + 1$, and together \
$2b + 1 = 1.10$. That gives $b = 0.05$.

Check: 0.05 and 1.05 make 1.10, and the difference is exactly 1."""
SOLVED = """\
The ball costs **0.05**.

If the ball costs $b$, the bat costs $b + 1$. Together that is $2b + 1 = 1.10$, so $b = 0.05$. \
The tempting answer, 0.10, fails the test: the bat would then cost only 0.90 more."""

BROWSED = "What changed in the rules for heat pump subsidies this year? https://energy.example.org"
CITED = """\
Three things changed for private owners:

1. **The base rate stays at 30 %**, for every house that is at least five years old [1].
2. **The speed bonus now falls each year.** It is 20 % this year, 17 % from the next, and ends \
for systems that were installed before 2005 first [1] [2].
3. **Natural refrigerants count extra:** 5 % for propane or water as a source [2].

The ceiling of eligible costs is unchanged at 30,000 for the first flat. Applications go through \
the portal *before* an order is signed; a contract with a cancellation clause is accepted [3]."""
SOURCES = (
    ("Heating grants: what owners can apply for", "https://energy.example.org/grants/heating"),
    ("Speed bonus: table of rates by year", "https://energy.example.org/grants/speed-bonus"),
    ("Step by step to the grant", "https://homes.example.com/guides/heat-pump-grant"),
    ("", "https://forum.example.net/t/48213"),
)

PAIR_QUESTION = "Name our internal newsletter. It is about harbours and sensors. One favourite."
PAIR = (
    """\
My favourite is **Tideline**.

- It says *harbour* without using the word.
- A tide line is a measurement, so the sensors are in it.
- It is short enough for a subject line: *Tideline, March*.

Runners-up: *The Mooring Post*, *Sounding Lead*, *Slack Water*.""",
    """\
I would call it **Soundings**.

A sounding is how sailors measured depth, and "taking soundings" also means asking around \
before you decide. That is what a newsletter does.

| Name | Harbour | Sensors |
|---|---|---|
| Soundings | yes | yes |
| Quayside | yes | no |
| Pulse | no | yes |""",
)

EDIT_QUESTION = "Write a note to the neighbours about the scaffolding."
EDIT_AGAIN = "Write a short, warm note to the neighbours about the scaffolding in May."
NOTE = """\
> Dear neighbours,
>
> from **4 to 22 May** our house will wear a scaffold while the roof is insulated. Work is from \
8 to 17 on weekdays; Saturdays stay quiet. Your cellar windows and the shared path remain free.
>
> If anything bothers you, ring our bell or call me. There will be cake when it is over.
>
> Ada, number 14"""

FILES_QUESTION = "Which rooms get too warm in summer? Use the plan and the readings."
FILES_ANSWER = """\
Two rooms, and both for the same reason:

- **Study (top floor, south-west):** above 27 °C on 31 of 92 days, because of the roof window \
without a shutter.
- **Bedroom (top floor, south):** above 27 °C on 19 days, nearly always after the study had been.

The ground floor stays below 25 °C throughout. Start with an **outside blind on the roof \
window**: in the readings, days with it half closed are 2.4 °C cooler."""

ERROR_QUESTION = "What should I read about consensus algorithms?"
GREETING_PROMPT = "/"

LONG_TITLE = "Logbook: a year of the pilot harbour"
LONG = (
    (
        "Summarise this week's readings for station {n}.",
        "Station {n} sent **{k} of 1,008 readings**. The gap on Tuesday night is the planned "
        "update.\n\n- Mean level: 2.{d} m, highest 3.{d} m at the spring tide.\n"
        "- Battery: {p} %, falling as expected.\n- No alarm was raised.",
    ),
    (
        "Is the drift on sensor {n} real?",
        "Most likely not. The neighbour shows the same slope, so it is the water and not the "
        "sensor. I would look again when `offset > 0.0{d}` for three days.",
    ),
    (
        "Turn that into one sentence for the harbour office.",
        "Station {n} worked all week, with one planned gap, and nothing unusual happened.",
    ),
    (
        "Which command did we use to replay a day?",
        "```sh\nreplay --station {n} --day 2025-0{m}-1{d} --speed 60\n```\n\nIt writes to the test "
        "topic only.",
    ),
)

PROJECTS = (
    (
        "House renovation",
        "house",
        "Roof, heating and windows of number 14.",
        "We renovate a house of 1968 with four flats. Prefer repair over replacement. Use metric "
        "units, and say when a permit is needed.",
    ),
    (
        "Harbour monitoring",
        "code",
        "Sensors, gateway and dashboards for the pilot harbour.",
        "The code is Python 3.12 with asyncio. Answer with small functions and a test each.",
    ),
    ("Norway by train", "plane", "Two weeks in June, no flights.", ""),
    ("Reading group", "book-open", "", "We read slowly. Never tell the ending."),
    ("Team letters", "briefcase", "Newsletter, minutes, and mails that are hard to write.", ""),
)

PROMPTS = (
    (
        "Friendly reminder",
        "Write a friendly reminder to {{person}} about {{topic}}. At most five "
        "sentences, no reproach, one clear next step.",
        ["mail", "office"],
        False,
    ),
    (
        "Code review",
        "Review this change as a careful colleague: correctness first, then names, "
        "then tests. Quote the line you mean.\n\n{{code}}",
        ["code"],
        True,
    ),
    (
        "Explain like a museum label",
        "Explain {{thing}} in 80 words, for visitors who have never heard of it.",
        ["writing"],
        False,
    ),
    (
        "Minutes from notes",
        "Turn these notes into minutes with decisions, owners and dates:\n\n{{notes}}",
        ["office", "writing"],
        False,
    ),
    (
        "Packing list",
        "A packing list for {{days}} days in {{place}}, one bag, weather included.",
        ["travel"],
        False,
    ),
    ("Plain language", "Rewrite the text in plain language. Keep every fact.", ["writing"], False),
)
SHARED = (
    "Interview questions",
    "Ten questions for an interview about {{role}}, from easy to hard, none of them a riddle.",
    ["office"],
    True,
)

HEAT = (
    (
        "How do heat pumps work in winter?",
        "Even air at −10 °C holds heat. A **heat pump** lets a refrigerant boil in it, compresses "
        "the vapour, and gives the heat off indoors. One kilowatt hour of electricity moves about "
        "three of heat.",
    ),
    (
        "Is our old boiler worth repairing?",
        "At 24 years the seals are due, but the exchanger is sound. Repair it once more if the "
        "heat pump comes within two winters; the repair then costs less than the months without "
        "heat.",
    ),
    (
        "Radiators or floor heating with a heat pump?",
        "A heat pump likes large, lukewarm surfaces. Floor heating at 35 °C is ideal; your "
        "radiators work too if they keep the rooms warm at 50 °C on a cold day. Try that this "
        "winter first.",
    ),
    (
        "Noise limits for an outdoor unit",
        "In a residential area 35 dB(A) at night count at the neighbour's window. A heat pump of "
        "48 dB needs about six metres, or a wall between, and never a corner that reflects.",
    ),
    (
        "Compare two offers from installers",
        "Offer B is 1,900 higher but includes the buffer tank, the hydraulic balancing and five "
        "years of maintenance. Ask A for the seasonal factor of the heat pump at 45 °C in writing.",
    ),
)

# Who else works there: name and role.
COLLEAGUES = (
    ("Clara Lindqvist", "admin"),
    ("Ilse van der Meer-Hoogendoorn", "user"),
    ("Mats Berg", "user"),
    ("Yusuf Demir", "user"),
)

IMAGE_QUESTION = "A low sun over a field of rye, in flat colours, for the title of a slide."
