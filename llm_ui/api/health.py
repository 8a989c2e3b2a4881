"""Health: for load balancers and for `dev.py`."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from llm_ui.services import readiness

router = APIRouter(prefix="/health", tags=["health"])


class Alive(BaseModel):
    """There is an answer."""

    status: Literal["ok"] = "ok"


@router.get("/live")
async def live() -> Alive:
    """The process answers."""
    return Alive()


class Readiness(BaseModel):
    """Whether everything that is needed answers, and what does not ("down")."""

    status: Literal["ok", "not_ready"]
    checks: Annotated[dict[str, str], Field(examples=[{"database": "ok", "engine": "ok"}])]


@router.get(
    "/ready",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Something it needs does not answer"}},
)
async def ready() -> JSONResponse:
    """The process and what it needs answer."""
    checks = await readiness.checks()
    well = all(each == "ok" for each in checks.values())
    return JSONResponse(
        {"status": "ok" if well else "not_ready", "checks": checks}, 200 if well else 503
    )
