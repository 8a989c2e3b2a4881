"""Confinement of the service's process.

llama.cpp reads model files from untrusted sources. So its process gets none of the server's
environment variables, especially no secrets, and only limited resources of the machine.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from llm_ui.config import Settings
from llm_ui.llm_api import landlock

PACKAGE = Path(__file__).resolve().parent.parent
# Locale, shared libraries, and the selection of CPUs and GPUs. Exact names only: a variable with
# one of these prefixes may be a key (NVIDIA_API_KEY, LLAMA_API_KEY).
PASSED = frozenset(
    {
        "LANG",
        "LANGUAGE",
        "LC_ALL",
        "LC_CTYPE",
        "LC_COLLATE",
        "LC_MESSAGES",
        "LC_MONETARY",
        "LC_NUMERIC",
        "LC_TIME",
        "TZ",
        "TMPDIR",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "DYLD_FALLBACK_LIBRARY_PATH",
        "PYTHONDONTWRITEBYTECODE",
        "MALLOC_ARENA_MAX",
        "MALLOC_CONF",
        "MALLOC_MMAP_THRESHOLD_",
        "MALLOC_TRIM_THRESHOLD_",
        "OMP_NUM_THREADS",
        "OMP_THREAD_LIMIT",
        "OMP_DYNAMIC",
        "OMP_PLACES",
        "OMP_PROC_BIND",
        "OMP_SCHEDULE",
        "OMP_STACKSIZE",
        "OMP_WAIT_POLICY",
        "GGML_BACKEND_PATH",
        "GGML_NO_BACKTRACE",
        "GGML_CUDA_DISABLE_GRAPHS",
        "GGML_CUDA_ENABLE_UNIFIED_MEMORY",
        "GGML_CUDA_NO_PINNED",
        "GGML_CUDA_P2P",
        "GGML_METAL_PATH_RESOURCES",
        "GGML_VK_VISIBLE_DEVICES",
        "GGML_VK_DISABLE_COOPMAT",
        "GGML_VK_DISABLE_COOPMAT2",
        "GGML_VK_DISABLE_F16",
        "GGML_VK_FORCE_MAX_ALLOCATION_SIZE",
        "GGML_VK_PREFER_HOST_MEMORY",
        "CUDA_VISIBLE_DEVICES",
        "CUDA_DEVICE_ORDER",
        "CUDA_CACHE_DISABLE",
        "CUDA_CACHE_PATH",
        "CUDA_HOME",
        "CUDA_PATH",
        "CUDA_LAUNCH_BLOCKING",
        "CUDA_MODULE_LOADING",
        "CUDA_SCALE_LAUNCH_QUEUES",
        "NVIDIA_VISIBLE_DEVICES",
        "NVIDIA_DRIVER_CAPABILITIES",
        "NVIDIA_TF32_OVERRIDE",
        "HIP_VISIBLE_DEVICES",
        "HIP_PATH",
        "HSA_OVERRIDE_GFX_VERSION",
        "ROCM_PATH",
        "ROCR_VISIBLE_DEVICES",
        "VK_DRIVER_FILES",
        "VK_ICD_FILENAMES",
        "VK_LAYER_PATH",
        "VK_LOADER_DEBUG",
    }
)
SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys",
    "/proc/driver",
    "/sys",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/resolv.conf",
    "/etc/gai.conf",
    "/etc/mime.types",
    "/etc/ssl",
    "/etc/OpenCL",
    "/etc/vulkan",
    "/opt/rocm",
)
# Weights may be copied once in memory; working memory comes on top.
COPIES, WORKING_BYTES = 2, 12 * 1024**3


def command(settings: Settings) -> tuple[str, ...]:
    """The command that starts the process; settings it would otherwise read are passed as
    arguments."""
    threads = str(settings.llm_api_threads)
    return (sys.executable, "-P", "-m", "llm_ui.llm_api", "--with-parent", "--threads", threads)


def chosen(path: str | None, settings: Settings) -> tuple[str, ...]:
    """The option that selects the model: this file, else the one in the settings, else the bundled
    one."""
    file = path or settings.llm_api_model
    return ("--model", str(Path(file).expanduser().absolute())) if file else ()


def environment(key: str) -> dict[str, str]:
    """The complete environment of the process."""
    passed = {name: value for name, value in os.environ.items() if name in PASSED}
    # It runs outside the working directory, which contains .env, and must still find the code.
    return passed | {"LLM_API_KEY": key, "PYTHONPATH": str(PACKAGE.parent)}


def shut_in(model: Path) -> bool:
    """Restrict the process, if the kernel supports it, to Python, the code, shared libraries,
    devices and the model, so that it reaches neither the database nor .env nor the server's memory.
    It can't start programs or write files. Returns whether the kernel has applied it."""
    own = {Path(sys.prefix), Path(sys.base_prefix), PACKAGE}
    # In a checkout, the code's parent folder contains more than code.
    own |= {Path(each) for each in sys.path if each and Path(each) != PACKAGE.parent}
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    # Large models are split into several files in the same folder.
    beside = model.resolve().parent.glob(f"{model.resolve().stem.split('-000')[0]}*.gguf")
    return landlock.shut_in(
        [*own, *map(Path, SYSTEM), *(Path(each) for each in libraries if each), model, *beside],
        writes=[Path("/dev")],
    )


def limit(model: Path | None) -> None:
    """Permanently limit this process: no core dumps, which would contain users' questions, and
    memory in proportion to the model."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux" and model is not None and model.is_file():
        most = COPIES * model.stat().st_size + WORKING_BYTES
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard == resource.RLIM_INFINITY or hard > most:
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))
