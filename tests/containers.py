"""Builds the image of the Dockerfile and runs it, without a container engine.

buildah builds it, on a base that debootstrap makes: both are Debian packages, and neither needs a
service or a registry. A container is this machine with other mounts: the image's files as a
read-only root, a data folder at /data, and the account, environment and command of the image. Its
network is this machine's.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.app import App

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ("buildah", "debootstrap", "unshare", "setpriv")
SUITE = "bookworm"
CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")
# Certificates that this machine trusts besides the usual ones, where a proxy needs them.
TRUSTING = ("PIP_CERT", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")
EMPTY = ("var/cache/apt/archives", "var/lib/apt/lists", "proc", "sys", "dev")
# Arguments: the root, the data folder, the user, the group, and the command in its folder.
ENTER = """
set -e
root=$1 data=$2 user=$3 group=$4; shift 4
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind "$data" "$root/data"
exec chroot "$root" setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs "$@"
"""


def missing() -> str:
    """What keeps this machine from building images; "" if nothing does."""
    if os.geteuid() != 0:
        return "Images are built by root."
    tools = [each for each in TOOLS if shutil.which(each) is None]
    return f"Install {' and '.join(tools)} to build the image." if tools else ""


@dataclass(frozen=True)
class Image:
    """A built image, and what it says of how to run it."""

    mounted: Path
    size: int
    user: str
    folder: str
    environment: list[str]
    command: list[str]


class Builder:
    """Builds images in a store of its own.

    Args:
        folder: where everything is kept; empty at first.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        places = ("--root", str(folder / "store"), "--runroot", str(folder / "run"))
        self._buildah = ("buildah", *places)

    def base(self) -> str:
        """Make a minimal Debian that trusts the certificates that this machine trusts; returns its
        name."""
        system = self.folder / "system"
        _run("debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, str(system))
        shutil.copyfile(Path("/") / CERTIFICATES, system / CERTIFICATES)
        packed = self.folder / "system.tar"
        with tarfile.open(packed, "w") as archive:
            archive.add(system, ".", filter=_without_caches)
        made = self._out("from", "scratch")
        self._out("add", "--quiet", made, str(packed), "/")
        for name in TRUSTING:
            self._out("config", "--env", f"{name}=/{CERTIFICATES}", made)
        self._out("commit", "--quiet", made, "localhost/base")
        self._out("rm", made)
        return "localhost/base"

    def build(self, base: str) -> Image:
        """Build the image of this checkout and mount it."""
        options = ("--isolation", "chroot", "--format", "docker", "--build-arg", f"BASE={base}")
        self._out("build", *options, "--tag", "localhost/llm-ui", str(ROOT))
        told = json.loads(self._out("inspect", "--type", "image", "localhost/llm-ui"))
        config = told["Docker"]["config"]
        assert config["Healthcheck"]
        assert list(config["Volumes"]) == ["/data"]
        assert list(config["ExposedPorts"]) == ["3000/tcp"]
        made = self._out("from", "localhost/llm-ui")
        return Image(
            mounted=Path(self._out("mount", made)),
            size=self._size(),
            user=config["User"],
            folder=config["WorkingDir"],
            environment=config["Env"],
            command=[*config["Entrypoint"], *config["Cmd"]],
        )

    def _size(self) -> int:
        """The bytes of all layers, the base's included."""
        told = json.loads(self._out("images", "--json", "localhost/llm-ui"))
        number, unit = told[0]["size"].split()
        return int(float(number) * {"MB": 10**6, "GB": 10**9}[unit])

    def remove(self) -> None:
        """Unmount and remove everything."""
        self._out("rm", "--all")
        self._out("rmi", "--all", "--force")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _out(self, *arguments: str) -> str:
        return _run(*self._buildah, *arguments)


class Container(App):
    """A container of an image, used like an installation of its own.

    Args:
        folder: an empty folder for its data and its log.
    """

    def __init__(self, image: Image, folder: Path) -> None:
        super().__init__(folder, "")
        self.image = image
        self.data = folder / "data"
        user, group = (int(each) for each in image.user.split(":"))
        self.data.mkdir(mode=0o700)
        os.chown(self.data, user, group)

    async def start(self) -> None:
        """Run the image's command, as `docker run` does; returns when the server is ready."""
        await self.serve()

    def command(self) -> Sequence[str]:
        """Its own mounts and processes, the image's environment, and nothing of ours."""
        image = self.image
        user, group = image.user.split(":")
        inside = f"cd {shlex.quote(image.folder)} && exec {shlex.join(image.command)}"
        return [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"),
            *("env", "--ignore-environment", *image.environment, f"PORT={self.port}"),
            *("sh", "-c", ENTER, "enter", str(image.mounted), str(self.data), user, group),
            *("sh", "-c", inside),
        ]

    def tell_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        """Signal the container's first process: the one that made its namespaces waits for it, and
        ignores signals."""
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)


def _without_caches(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    name = entry.name.removeprefix("./")
    return None if any(name.startswith(f"{each}/") for each in EMPTY) else entry


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}{done.stderr}"[-6000:]
    return done.stdout.strip()
