"""An installation whose admin, alice, has some of everything: what the scenes are played on."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests import files
from tests.e2e.app import App
from tests.e2e.window import Person, until
from tests.scripted import ScriptedServer
from tests.scripted.script import Script
from tests.web import Page, Web, article

FILES = {
    "words.txt": b"Grey herons stand still.",
    "grey.png": files.png(40, 40),
    "bad.exe": b"\x7fELF\x02\x01\x01\x00",
}

HERONS = [f"Grey herons stand still for hours. Remark number {n} about herons." for n in range(9)]
ANSWER = """\
# Herons, in short

They stand still [1], and *do not* fly **far** [2]; see [a pond](https://example.org/pond) and \
`wade()`.

## What is known

| Bird | Height | Note |
|---|---:|:---:|
| Grey heron | 98 cm | common |
| Purple heron | 90 cm | rare |

> Patience is the whole art.

1. Wait.
2. Strike.
   - [x] a fish
   - [ ] a frog

```python
# how long a heron waits
@cached
class Heron(Bird):
    def wait(self, hours: int = 3) -> str:
        return f"{hours} h" if hours > 1 else "soon"
```

---

![A heron](https://example.org/heron.png) and $h = \\frac{1}{2}gt^2$.

#### Further down

That is all."""


@dataclass
class Stage:
    """A furnished installation and its people; `things` are what addresses may name."""

    app: App
    things: dict[str, str] = field(default_factory=dict)

    def address(self, path: str) -> str:
        """A path with what it names."""
        return self.app.url + path.format(**self.things)


async def _over(alice: Person, chat_id: str) -> None:
    """Wait until nothing is being written in a chat."""

    async def still() -> bool:
        stored = await alice.stored(chat_id)
        return all(each["status"] not in ("queued", "running") for each in stored)

    await until(still, 40)


async def _answered(alice: Person, question: str, **more: object) -> str:
    """A chat with a question that has been answered, somehow; its id."""
    chat_id = await alice.new_chat()
    await alice.post(f"/chats/{chat_id}/messages", {"content": question, **more})
    await _over(alice, chat_id)
    return chat_id


async def _uploaded(alice: Person, name: str) -> str:
    file_id = await alice.upload(name, FILES[name])

    async def has_been_read() -> bool:
        return bool((await alice.get(f"/files/{file_id}"))["status"] == "ready")

    await until(has_been_read)
    return file_id


async def _painter(alice: Person, upstream: ScriptedServer) -> None:
    """Two models that make images."""
    kinds = (await alice.get("/admin/types"))["items"]
    image = next(each["id"] for each in kinds if each["slug"] == "image")
    url = f"{upstream.url}/v1"
    studio = {
        "provider_type": "openai",
        "name": "Studio",
        "api_url": url,
        "offers_new_models": False,
    }
    made = await alice.post("/admin/providers", studio)
    for name in ("canvas", "sketch"):
        model = {"name": name, "type_id": image}
        await alice.post(f"/admin/providers/{made['id']}/models", model)


async def _administer(alice: Person, upstream: ScriptedServer) -> dict[str, str]:
    """Something on each of the administrator's pages; returns links that were handed over."""
    dana = {"email": "dana@example.org", "username": "Dana"}
    made = await alice.post("/admin/users", dana)
    invited = await alice.post("/admin/invitations", {"email": "erin@example.org"})
    await alice.post("/keys", {"key_name": "Nightly report"})
    dead = {"provider_type": "openai", "name": "Elsewhere", "api_url": "http://127.0.0.1:9/v1"}
    provider = await alice.post("/admin/providers", dead)
    second = {"api_url": "http://127.0.0.1:10/v1"}
    await alice.post(f"/admin/providers/{provider['id']}/addresses", second)
    await _painter(alice, upstream)
    await alice.post("/admin/jobs", {"job_type": "backup"})

    async def backed_up() -> bool:
        return bool((await alice.get("/admin/backups"))["items"])

    await until(backed_up)
    dana_id, link = made["user"]["id"], made["link"]["path"]
    return {"dana": dana_id, "reset": link, "join": invited["link"]["path"]}


async def furnish(alice: Person, web: Web, upstream: ScriptedServer) -> dict[str, str]:
    """Give alice some of everything; returns what addresses may name."""
    web.pages["/herons"] = Page(article("All about herons", *HERONS))
    project = await alice.post(
        "/projects", {"name": "Birds", "description": "What waits at the pond."}
    )
    for name, tags in (("Letter", ["mail", "office"]), ("Summary", ["office"])):
        text = "Write to {{person}} about {{topic}}." if name == "Letter" else "Sum it up."
        await alice.post("/prompts", {"name": name, "text": text, "tags": tags})
    file_ids = [await _uploaded(alice, name) for name in ("words.txt", "grey.png")]
    things = {"folder_id": str(project["id"]), **await _administer(alice, upstream)}
    put = await alice.context.request.put(
        f"{alice.url}/api/v1/projects/{project['id']}/files/{file_ids[0]}",
        headers={"X-CSRF-Token": alice.csrf},
    )
    assert put.ok, await put.text()

    upstream.always = Script(say=f"<think>{' '.join(HERONS)}</think>\n\n{ANSWER}")
    links = f"What do {web.url}/herons and {web.url}/gone say?"
    things["chat"] = things["chat_id"] = await _answered(
        alice, links, modes=["browsing"], file_ids=file_ids[:1]
    )
    last = (await alice.stored(things["chat"]))[-1]["id"]
    await alice.post(f"/chats/{things['chat']}/messages/{last}/retry")
    await _over(alice, things["chat"])
    upstream.always = None
    things["painted"] = await _answered(alice, "A heron at the pond", modes=["image"])
    other = await alice.model_id("scripted-too")
    things["pair"] = await _answered(alice, "markdown tokens=120", also_model=other)
    things["failed"] = await _answered(alice, "error-503")
    things["broken"] = await _answered(alice, "markdown tokens=200 cut-after=60")
    things["spare"] = await alice.new_chat("To be thrown away")
    shelved = await alice.new_chat("Long ago")
    await alice.post("/chats/organize", {"ids": [shelved], "archived": True})
    await alice.post(
        "/chats/organize",
        {"ids": [things["chat"]], "pinned": True, "project_id": project["id"], "add_tag": "birds"},
    )
    return things
