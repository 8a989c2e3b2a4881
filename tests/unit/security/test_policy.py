"""What a browser may do with an answer."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import pytest

from llm_ui.security import policy
from llm_ui.security.policy import CLOSED, Policies

HTML = "text/html; charset=utf-8"


def page(script: str) -> str:
    """A page as the build makes them: with a script of its own beside a file."""
    return f'<script src="/boot.js"></script><body><script type="module">{script}</script></body>'


def hash_of(script: str) -> str:
    """As a policy names a script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def scripts(policies: Policies, path: str) -> set[str]:
    """Which scripts a page may run."""
    directives = policies.headers(path, HTML)["Content-Security-Policy"].split("; ")
    [found] = [each for each in directives if each.startswith("script-src ")]
    return set(found.split()[1:])


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A built frontend."""
    (tmp_path / "login").mkdir()
    for name, script in (("index", "start()"), ("login/index", "login()"), ("404", "other()")):
        (tmp_path / f"{name}.html").write_text(page(script))
    return tmp_path


@pytest.mark.parametrize(
    ("path", "script"),
    [
        ("/", "start()"),
        ("/index.html", "start()"),
        ("/login", "login()"),
        ("//login//", "login()"),
        ("/chat/0199", "other()"),
        ("/../../etc/passwd", "other()"),
        ("/login/../nowhere", "other()"),
        ("/\0", "other()"),
    ],
)
def test_a_page_may_run_its_own_scripts_and_no_other_inline_ones(
    pages: Path, path: str, script: str
) -> None:
    assert scripts(Policies(pages), path) == {"'self'", hash_of(script)}


def test_no_page_may_run_any_text_as_code_or_be_framed(pages: Path) -> None:
    found = Policies(pages).headers("/login", HTML)["Content-Security-Policy"]
    assert "unsafe-eval" not in found
    assert "'unsafe-inline'" not in found.partition("script-src")[2].partition(";")[0]
    for directive in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert directive in found.split("; ")
    assert "connect-src 'self'" in found.split("; ")


def test_a_page_that_was_built_anew_gets_its_new_scripts(pages: Path) -> None:
    policies = Policies(pages)
    assert hash_of("login()") in scripts(policies, "/login")
    file = pages / "login" / "index.html"
    file.write_text(page("anew()"))
    os.utime(file, ns=(1, 1))
    assert scripts(policies, "/login") == {"'self'", hash_of("anew()")}


def test_pictures_come_over_https_where_the_page_does(pages: Path) -> None:
    over_https = Policies(pages, https=True).headers("/", HTML)["Content-Security-Policy"]
    assert "img-src 'self' data: blob: https:;" in over_https
    assert "https: http:" in Policies(pages).headers("/", HTML)["Content-Security-Policy"]


def test_without_pages_nothing_may_run(tmp_path: Path) -> None:
    for policies in (Policies(), Policies(tmp_path)):
        assert policies.headers("/", HTML)["Content-Security-Policy"] == CLOSED


def test_what_is_personal_is_kept_nowhere(pages: Path) -> None:
    policies = Policies(pages)
    for path in ("/api/v1/account", "/api/v1/keys", "/api/v1/chats/1", "/metrics"):
        assert policies.headers(path, "application/json")["Cache-Control"] == "no-store"
    assert policies.headers("/account", HTML)["Cache-Control"] == "no-store"
    for path in ("/api/docs/static/swagger-ui.css", "/api/v1/openapi.json", "/assets/a.js"):
        assert "Cache-Control" not in policies.headers(path, "text/css")


def test_the_hashes_are_those_of_the_text_itself() -> None:
    umlaut = 'window.lu = "ä";\n'
    assert hash_of(umlaut) in policy.of_page(page(umlaut))
