"""The changes to what Reflex generates: applied once, and loud when they do not fit."""

from pathlib import Path

import pytest
import reflex_base
from reflex_base.compiler.templates import vite_config_template

from llm_ui import same_origin

TEMPLATES = Path(reflex_base.__file__).parent / ".templates" / "web"


def test_the_websocket_follows_the_port_of_the_page() -> None:
    text = (TEMPLATES / same_origin.STATE_FILE).read_text()
    patched = same_origin.patch_state(text)
    assert patched.count("env.SAME_ORIGIN") == 2
    assert same_origin.patch_state(patched) == patched


def test_a_page_whose_line_is_lost_says_so_at_once_and_does_not_try_for_long() -> None:
    patched = same_origin.patch_state((TEMPLATES / same_origin.STATE_FILE).read_text())
    lost = patched.index('socket.current.on("disconnect"')
    told = patched.index("new Error(reason)", lost)
    assert lost < told < patched.index("socket.current.reconnect()", told)
    made = patched[patched.index("const createSocket") : patched.index("const frameSize")]
    assert f"timeout: {same_origin.CONNECT_WITHIN_MS}" in made
    assert 'addEventListener("online", checkVisibility)' in patched
    assert 'addEventListener("lu:offline"' in patched


def test_vite_passes_rest_calls_on() -> None:
    text = vite_config_template(
        "/", hmr=True, force_full_reload=False, experimental_hmr=False, sourcemap=False
    )
    patched = same_origin.patch_vite(text, 8000)
    assert '"/api": {"target": "http://127.0.0.1:8000"' in patched
    assert same_origin.patch_vite(patched, 8000) == patched


def test_another_reflex_is_noticed() -> None:
    with pytest.raises(RuntimeError, match=r"adapt llm_ui/same_origin\.py"):
        same_origin.patch_state("something else")
