"""Health: for load balancers and for `dev.py`."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse

from llm_ui.services import readiness

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/ready", responses={503: {"description": "Something it needs does not answer"}})
async def ready() -> JSONResponse:
    """The process and what it needs answer."""
    checks = await readiness.checks()
    well = all(each == "ok" for each in checks.values())
    return JSONResponse(
        {"status": "ok" if well else "not_ready", "checks": checks}, 200 if well else 503
    )
