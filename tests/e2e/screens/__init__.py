"""Screenshots of every page: `python3 dev.py screens [options] [NAME …]`.

A screen is a row of a table (kit.Screen): a name, an address, what is there when it is up,
and, if something has to be done first, a small function. `guest`, `chat`, `finding`, `own`,
`admin` and `tongues` hold the tables; `stage` makes the people and chats that stand in them, `rows`
what takes months otherwise, `texts` their words.
"""
