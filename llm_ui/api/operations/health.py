"""Health checks, for load balancers and `dev.py`."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from llm_ui.services.insights import readiness

router = APIRouter(prefix="/health", tags=["health"])


class Alive(BaseModel):
    """The process is responding."""

    status: Literal["ok"] = "ok"


@router.get("/live")
async def get_liveness() -> Alive:
    """Check that the process responds."""
    return Alive()


class Readiness(BaseModel):
    """Whether every dependency responds, and which are "down"."""

    status: Literal["ok", "not_ready"]
    checks: Annotated[dict[str, str], Field(examples=[{"database": "ok", "engine": "ok"}])]


@router.get(
    "/ready",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "A dependency is not responding"}},
)
async def get_readiness() -> JSONResponse:
    """Check that the process and its dependencies respond."""
    checks = await readiness.checks()
    well = all(each == "ok" for each in checks.values())
    return JSONResponse(
        {"status": "ok" if well else "not_ready", "checks": checks}, 200 if well else 503
    )
