"""Sets up what the scripts need, with the standard library alone: a virtual environment, the pinned packages, GL.

`ready(...)` returns the environment's Python. The first time takes minutes and shows a bar; after that a stamp inside the
environment says that nothing has changed, and it takes milliseconds.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)
GL_PACKAGES = ("libegl1", "libegl-mesa0", "libgl1", "libgl1-mesa-dri", "libglx-mesa0")
TEXT_PACKAGES = ("libfribidi0",)
_TEXT_PROBE = "from PIL import features; assert features.check('fribidi')"
_GL_PROBE = "import moderngl; moderngl.create_context(standalone=True, backend='egl', require=330).release()"


class SetupError(Exception):
    """The environment cannot be made; the message says what to type."""


def ready(*, dev: bool = False) -> Path:
    """Make or check the environment and return its Python. `dev` adds the linter, the type checker and the test runner."""
    if sys.version_info < OLDEST:
        raise SetupError(f"Python {sys.version.split()[0]} is too old: 3.11 or newer is needed, start this script with that one")
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp, wanted = VENV / "mixtape-ready", _fingerprint(dev)
    if python.exists() and stamp.exists() and wanted in stamp.read_text(encoding="utf-8").split():
        return python
    if not _works(python):
        _make_venv()
    _install(python, dev)
    if sys.platform.startswith("linux"):
        _ensure_debian(python)
    # Development packages include all others, so their stamp stands for both.
    stamp.write_text(" ".join({wanted, _fingerprint(False)}), encoding="utf-8")
    return python


def run(command: list[str]) -> int:
    """Run a command in the project's folder with unbuffered output and return its exit code."""
    return subprocess.call(command, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"})


def main(work: object) -> None:
    """Run `work()` as a script: its result is the exit code, a SetupError is one line."""
    try:
        sys.exit(work())  # type: ignore[operator]
    except SetupError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _fingerprint(dev: bool) -> str:
    parts = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    parts += [sys.version.encode(), str(ROOT).encode(), b"dev" if dev else b""]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:24]


def _works(python: Path) -> bool:
    if not python.exists():
        return False
    return subprocess.call([str(python), "-m", "pip", "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def _make_venv() -> None:
    print(f"making {VENV.name} ...", flush=True)
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
        return
    # Debian keeps the venv module in a package of its own.
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    _debian([package], "Python's venv module is missing")
    if subprocess.call(command) != 0:
        raise SetupError(f"{VENV} cannot be made; type: {' '.join(command)}")


def _install(python: Path, dev: bool) -> None:
    target = f"{ROOT}[dev]" if dev else str(ROOT)
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "-c",
        str(ROOT / "constraints.txt"),
        "-e",
        target,
    ]
    expected = sum(1 for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if "==" in line)
    log: list[str] = []
    seen = 0
    bar = Bar("installing packages")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", cwd=ROOT
    ) as pip:
        for line in pip.stdout or ():
            log.append(line)
            words = line.split()
            if words[:1] == ["Collecting"]:
                seen += 1
                bar.show(min(0.8, 0.8 * seen / expected), words[1])
            elif words[:2] == ["Installing", "collected"]:
                bar.show(0.85, "unpacking")
    if pip.returncode != 0:
        bar.end("failed")
        raise SetupError(
            "".join(log[-12:]) + f"\nthe packages could not be installed; to see all of it type: {' '.join(command)}"
        )
    bar.end("done")


def _ensure_debian(python: Path) -> None:
    if not _runs(python, _TEXT_PROBE):
        with contextlib.suppress(SetupError):  # without it Arabic letters stand unjoined, which ends nothing
            _debian(list(TEXT_PACKAGES), "the library for right-to-left text is missing")
    if _runs(python, _GL_PROBE):
        return
    _debian(list(GL_PACKAGES), "OpenGL (software or hardware) is missing")
    if not _runs(python, _GL_PROBE):
        print("OpenGL still cannot be opened here: the map, playlists and posters work, show and export will not.", flush=True)


def _runs(python: Path, code: str) -> bool:
    return subprocess.call([str(python), "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def _debian(packages: list[str], missing: str) -> None:
    """Install Debian packages when that is possible here, else say the line to type."""
    line = f"apt-get install --no-install-recommends -y {' '.join(packages)}"
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not (root and shutil.which("apt-get")):
        raise SetupError(f"{missing}; type: sudo {line}")
    bar = Bar(f"{missing}, installing it")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for share, command in ((0.3, "apt-get update"), (0.9, line)):
        bar.show(share, command.split()[1])
        done = subprocess.run(command.split(), env=environment, capture_output=True, text=True, errors="replace")
        if done.returncode != 0 and command == line:
            bar.end("failed")
            raise SetupError(f"{done.stderr.strip()[-600:]}\n{missing}; type: {line}")
    bar.end("done")


class Bar:
    """A progress bar in one line of a terminal, or a line now and then where there is none."""

    def __init__(self, title: str) -> None:
        self._title, self._start, self._said = title, time.monotonic(), -1.0
        self.show(0.0, "")

    def show(self, share: float, note: str) -> None:
        """Draw the bar at `share` 0..1."""
        full = round(24 * share)
        line = f"{self._title} [{'#' * full}{'.' * (24 - full)}] {100 * share:3.0f} % {note[:28]}"
        if sys.stdout.isatty():
            print(f"\r{line:<100}", end="", flush=True)
        elif share >= self._said + 0.25:
            print(line, flush=True)
            self._said = share

    def end(self, word: str) -> None:
        """Finish with a word and the time it took."""
        line = f"{self._title}: {word} after {time.monotonic() - self._start:.0f} s"
        print(f"\r{line:<100}" if sys.stdout.isatty() else line, flush=True)
