"""The people and what they did, over REST with the scripted models."""

from __future__ import annotations

import asyncio
from typing import Any

from playwright.async_api import Browser

from tests import files
from tests.e2e.screens import figures, rows, texts, tongues
from tests.e2e.screens.kit import Stage
from tests.e2e.window import Person, until
from tests.scripted.script import Script

RATE = 160.0
FIRST = 0.28
# Somebody's other browsers, on the account page.
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
)
LONG_NAME = "A name that is so long that no list of files has a line for it, final version 3.txt"


def said(text: str, **more: Any) -> Script:
    """An answer at the pace of a good machine."""
    return Script(say=text, **{"rate": RATE, "delay": FIRST, **more})


async def enter(browser: Browser, url: str, name: str, **options: Any) -> Person:
    """Somebody with an account; their browser has no page yet."""
    context = await browser.new_context(base_url=url, locale="en-GB", **options)
    person = Person(name, context, url)
    person.email = f"{name}@example.org"
    return person


async def change(person: Person, method: str, path: str, body: Any) -> Any:
    """A call below /api/v1 that changes something."""
    response = await person.context.request.fetch(
        f"{person.url}/api/v1{path}",
        method=method,
        data=body,
        headers={"X-CSRF-Token": person.csrf},
    )
    assert response.ok, await response.text()
    return await response.json() if response.status != 204 else None


async def upload(person: Person, name: str, data: bytes) -> str:
    """A file in the library, once it is read; its id."""
    found: dict[str, Any] = await change(person, "POST", f"/files?name={name}", data)

    async def ready() -> bool:
        return bool((await person.get(f"/files/{found['id']}"))["status"] != "waiting")

    await until(ready, 60.0)
    return str(found["id"])


class Asking:
    """Ada's chats with the scripted models."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    async def chat(self, note: str, model: str = "meridian-70b", **more: Any) -> str:
        """A new chat, whose id the stage notes."""
        body = {"model": self.stage.ids[model], **more}
        made = await self.stage.ada.post("/chats", body)
        self.stage.ids[note] = made["id"]
        return str(made["id"])

    async def ask(self, chat_id: str, text: str, *answers: Script, **more: Any) -> None:
        """Ask, and wait for the end of the answers."""
        self.stage.models.queue.extend(answers)
        await self.stage.ada.post(f"/chats/{chat_id}/messages", {"content": text, **more})
        await self.ended(chat_id)

    async def ended(self, chat_id: str) -> None:
        """Wait until nothing of a chat is being written."""

        async def rest() -> bool:
            stored = await self.stage.ada.stored(chat_id)
            return all(each["status"] not in ("queued", "running") for each in stored)

        await until(rest, 60.0)


async def people(stage: Stage, browser: Browser) -> None:
    """Two accounts, one of them signed in at three places; the models' ids."""
    await stage.ada.register()
    await stage.ada.confirm()
    await stage.ben.register()
    for agent in AGENTS:
        elsewhere = await enter(browser, stage.app.url, "ada", user_agent=agent)
        await elsewhere.log_in()
        await elsewhere.context.close()
    for name, *_ in texts.MODELS:
        stage.ids[name] = await stage.ada.model_id(name)
    rows.models(stage)


async def library(stage: Stage) -> None:
    """Projects, prompts and files."""
    for name, icon, about, prompt in texts.PROJECTS:
        body = {"name": name, "icon": icon, "description": about, "system_prompt": prompt}
        stage.ids[name] = (await stage.ada.post("/projects", body))["id"]
    stage.ids["project"] = stage.ids[texts.PROJECTS[0][0]]
    for name, text, tags, public in reversed(texts.PROMPTS):
        await stage.ada.post(
            "/prompts", {"name": name, "text": text, "tags": tags, "is_public": public}
        )
    name, text, tags, public = texts.SHARED
    await stage.ben.post(
        "/prompts", {"name": name, "text": text, "tags": tags, "is_public": public}
    )
    readings = [("day", "study", "bedroom"), *((n, 20 + n % 9, 20 + n % 7) for n in range(92))]
    kept = {
        "Offer A, heat pump.pdf": files.pdf("Offer A", "Terms"),
        "Offer B, heat pump.pdf": files.pdf("Offer B", "Terms"),
        "Minutes of the harbour meeting.docx": files.docx("Decisions", "Owners"),
        "sensor-names.md": b"# Sensor names\n\n- pier-01\n- pier-02\n",
        LONG_NAME: b"Long names are common.",
        "scan-without-text.pdf": files.pdf(""),
        "Room temperatures, May to August.xlsx": files.xlsx(*readings),
    }
    for name, data in kept.items():
        stage.ids[name] = await upload(stage.ada, name, data)
    for name in ("Top floor plan.png", "South wall in the afternoon.png"):
        stage.ids[name] = await upload(stage.ada, name, await drawing(stage, name))


async def drawing(stage: Stage, name: str) -> bytes:
    """An image worth a thumbnail: a plan, or a wall in the sun."""
    plan = name.endswith("plan.png")
    page = await stage.ada.context.new_page()
    await page.set_viewport_size({"width": 640, "height": 480})
    style = "position:absolute;border:6px solid #26443d;font:28px sans-serif;padding:16px"
    rooms = "".join(
        f"<div style='{style};left:{x}px;top:{y}px;width:{w}px;height:{h}px'>{room}</div>"
        for room, x, y, w, h in (
            ("Study", 40, 40, 210, 150),
            ("Bedroom", 294, 40, 260, 150),
            ("Bath", 40, 234, 140, 150),
            ("Hall", 224, 234, 330, 150),
        )
    )
    wall = "background:linear-gradient(#7db7e8 45%,#d7a36a 45% 78%,#6d8b4f 78%)"
    await page.set_content(
        f"<body style='margin:0;height:480px;{'' if plan else wall}'>{rooms if plan else ''}</body>"
    )
    shot = await page.screenshot()
    await page.close()
    return shot


async def painters(stage: Stage) -> None:
    """Two models that make images."""
    body = {
        "provider_type": "openai",
        "name": "Atelier",
        "api_url": f"{stage.models.url}/v1",
        "api_key": "atelier",
        "offers_new_models": False,
    }
    made = await stage.ada.post("/admin/providers", body)
    kinds = (await stage.ada.get("/admin/types"))["items"]
    image = next(each["id"] for each in kinds if each["slug"] == "image")
    for name, shown, params in (
        ("gpt-image-1", "Canvas", {"size": "1536x1024", "quality": "high"}),
        ("sketch-small", "Sketch", {"size": "512x512", "n": 2}),
    ):
        model = {"name": name, "type_id": image}
        added = await stage.ada.post(f"/admin/providers/{made['id']}/models", model)
        change = {"name": shown, "default_params": params}
        await stage.ada.patch(f"/admin/models/{added['id']}", change)


async def talks(stage: Stage) -> None:
    """The chats that are shown open, each with what it is there for."""
    asking = Asking(stage)
    chat = await asking.chat("error")
    await asking.ask(chat, texts.ERROR_QUESTION, *[Script(error=503, error_message="loading")] * 6)
    stage.models.queue.clear()
    chat = await asking.chat("thinking")
    thought = f"<think>{texts.THOUGHTS}</think>\n\n{texts.SOLVED}"
    await asking.ask(chat, texts.PUZZLE, said(thought, rate=24.0))
    chat = await asking.chat("browsing")
    await asking.ask(chat, texts.BROWSED, said(texts.CITED))
    rows.sources(stage, chat)
    chat = await asking.chat("edit", "meridian-8b")
    await asking.ask(chat, texts.EDIT_QUESTION, said("Dear neighbours, there will be scaffolding."))
    [question, _] = await stage.ada.stored(chat)
    stage.models.queue.append(said(texts.NOTE))
    body = {"content": texts.EDIT_AGAIN}
    await stage.ada.post(f"/chats/{chat}/messages/{question['id']}/edit", body)
    await asking.ended(chat)
    chat = await asking.chat("files", "lumen-vision-12b")
    attached = [
        stage.ids[each] for each in ("Top floor plan.png", "Room temperatures, May to August.xlsx")
    ]
    await asking.ask(chat, texts.FILES_QUESTION, said(texts.FILES_ANSWER), file_ids=attached)
    await painters(stage)
    chat = await asking.chat("image")
    await asking.ask(chat, texts.IMAGE_QUESTION, Script(), modes=["image"])
    chat = await asking.chat("pair")
    other = stage.ids["meridian-8b"]
    pair = [said(text) for text in texts.PAIR]
    await asking.ask(chat, texts.PAIR_QUESTION, *pair, also_model=other)
    for name, question, answer in tongues.TONGUES:
        chat = await asking.chat(name)
        await asking.ask(chat, question, said(answer))
    chat = await asking.chat("answer")
    await asking.ask(chat, texts.QUESTION, said(texts.ANSWER))
    settings = {"temperature": 0.4, "system_prompt": "Answer for developers. Prefer tables."}
    await change(stage.ada, "PATCH", f"/chats/{chat}", {"settings": settings})


async def chores(stage: Stage) -> None:
    """What the server does in the background, each once, and a backup that was tried out."""

    async def done(job: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}

        async def over() -> bool:
            found.update(await stage.ada.get(f"/admin/jobs/{job['id']}"))
            return found["status"] not in ("queued", "running")

        await until(over, 120.0)
        return found

    for kind in ("retention", "models_sync", "search_reindex"):
        await done(await stage.ada.post("/admin/jobs", {"job_type": kind}))
    backup = await done(await stage.ada.post("/admin/jobs", {"job_type": "backup"}))
    name = backup["result"]["name"]
    await done(await stage.ada.post(f"/admin/backups/{name}/check", {}))
    await done(await stage.ada.post("/account/export", {}))


async def company(stage: Stage) -> None:
    """A few more people, invitations that nobody has taken up, keys, a failed sign-in."""
    for name, role in texts.COLLEAGUES:
        email = f"{name.split()[0].lower()}@example.org"
        made = await stage.ada.post(
            "/admin/users", {"email": email, "username": name, "role": role}
        )
        stage.ids[email] = made["user"]["id"]
    await change(
        stage.ada, "PATCH", f"/admin/users/{stage.ids['mats@example.org']}", {"is_active": False}
    )
    for email, days in (("rosa@example.org", 7), ("", 30)):
        await stage.ada.post("/admin/invitations", {"email": email, "days": days})
    for person, name, scopes, days in (
        (stage.ada, "Nightly report", ["read"], 365),
        (stage.ada, "Deploy check", ["admin"], 30),
        (stage.ben, "Notebook", ["chat"], 90),
    ):
        await person.post("/keys", {"key_name": name, "scopes": scopes, "days": days})
    wrong = {"email": stage.ben.email, "password": "not my password"}
    await stage.ben.context.request.post(f"{stage.app.url}/api/v1/auth/login", data=wrong)


async def furnish(stage: Stage, browser: Browser) -> None:
    """Everything, the answer that never ends at last."""
    await people(stage, browser)
    await library(stage)
    rows.chats(stage)
    rows.long_chat(stage)
    rows.usage(stage)
    figures.figures(stage)
    await talks(stage)
    rows.spread(
        stage,
        "answer",
        "pair",
        "image",
        "files",
        "edit",
        "browsing",
        "thinking",
        "error",
        *(name for name, *_ in tongues.TONGUES),
    )
    await chores(stage)
    await company(stage)
    chat = await Asking(stage).chat("streaming")
    stage.models.queue.append(said((texts.ANSWER + "\n\n") * 200, rate=25.0))
    await stage.ada.post(f"/chats/{chat}/messages", {"content": texts.NEXT_QUESTION})
    await asyncio.sleep(1)
