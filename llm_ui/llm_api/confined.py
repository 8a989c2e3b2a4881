"""What keeps the service's process to its work.

llama.cpp reads model files from strangers. Its process gets nothing of the server's
surroundings, the secrets in them least of all, and less of the machine than it might take.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from llm_ui.config import Settings
from llm_ui.llm_api import landlock

PACKAGE = Path(__file__).resolve().parent.parent
# Words, shared libraries, and what chooses between processors and cards.
PASSED = (
    "LANG", "LC_", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_", "MALLOC_", "OMP_", "GGML_", "LLAMA_",
    "CUDA_", "NVIDIA_", "HIP_", "ROCR_", "VK_", "PYTHONDONTWRITEBYTECODE",
)  # fmt: skip
SYSTEM = (
    "/usr", "/lib", "/lib64", "/proc/self", "/proc/cpuinfo", "/proc/meminfo",
    "/proc/stat", "/proc/sys", "/proc/driver", "/sys", "/etc/ld.so.cache", "/etc/ld.so.conf.d",
    "/etc/localtime", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/resolv.conf",
    "/etc/gai.conf", "/etc/mime.types", "/etc/ssl", "/etc/OpenCL", "/etc/vulkan", "/opt/rocm",
)  # fmt: skip
# A file's weights may be laid out once more in memory; what a conversation needs comes on top.
COPIES, WORKING_BYTES = 2, 12 * 1024**3


def command(settings: Settings) -> tuple[str, ...]:
    """How the process is started; what it would read in the settings comes as arguments."""
    threads = str(settings.llm_api_threads)
    return (sys.executable, "-P", "-m", "llm_ui.llm_api", "--with-parent", "--threads", threads)


def chosen(path: str | None, settings: Settings) -> tuple[str, ...]:
    """Which model it loads: this file, else the one in the settings, else the bundled one."""
    file = path or settings.llm_api_model
    return ("--model", str(Path(file).expanduser().absolute())) if file else ()


def environment(key: str) -> dict[str, str]:
    """All that the process finds in its environment."""
    passed = {name: value for name, value in os.environ.items() if name.startswith(PASSED)}
    # It runs outside the working folder, where .env lies, and finds the code all the same.
    return passed | {"LLM_API_KEY": key, "PYTHONPATH": str(PACKAGE.parent)}


def shut_in(model: Path) -> bool:
    """Where the kernel can: leave the process Python, the code, shared libraries, devices and
    the model, so that neither the database nor .env nor the server's memory is in its reach.
    It may start no program and write no file. Returns whether the kernel did it."""
    own = {Path(sys.prefix), Path(sys.base_prefix), PACKAGE}
    # The folder of the code holds more than the code, where it is a checkout.
    own |= {Path(each) for each in sys.path if each and Path(each) != PACKAGE.parent}
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    # Large models come in several files, side by side.
    beside = model.resolve().parent.glob(f"{model.resolve().stem.split('-000')[0]}*.gguf")
    return landlock.shut_in(
        [*own, *map(Path, SYSTEM), *(Path(each) for each in libraries if each), model, *beside],
        writes=[Path("/dev")],
    )


def limit(model: Path | None) -> None:
    """Bound what this process may take, for good: no core file, which would hold what people
    have asked, and memory in proportion to the model."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux" and model is not None and model.is_file():
        most = COPIES * model.stat().st_size + WORKING_BYTES
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard == resource.RLIM_INFINITY or hard > most:
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))
