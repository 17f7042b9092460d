"""Sets up what the scripts need, with the standard library alone: a virtual environment, the pinned packages, GL.

`ready(...)` returns the environment's Python. The first time takes minutes and shows a bar; after that a stamp inside the
environment says that nothing has changed, and it takes milliseconds. Killed at any moment, the next start goes on.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)
GL_PACKAGES = ("libegl1", "libegl-mesa0", "libgl1", "libgl1-mesa-dri", "libglx-mesa0")
TEXT_PACKAGE = "libfribidi0"
FONT_PACKAGES = ("fonts-dejavu-core", "fonts-droid-fallback")
"""Hebrew, Arabic, Greek, Cyrillic, and Chinese, Japanese, Korean: the made-up collection has titles in some of them."""

_TEXT_PROBE = "import ctypes; ctypes.CDLL('libfribidi.so.0')"
_GL_PROBE = """
import ctypes
ctypes.CDLL("libGL.so.1")
egl = ctypes.CDLL("libEGL.so.1")
egl.eglGetProcAddress.restype = ctypes.c_void_p
pointer, number = ctypes.c_void_p, ctypes.c_int
query = ctypes.CFUNCTYPE(number, number, pointer, pointer)(egl.eglGetProcAddress(b"eglQueryDevicesEXT"))
display = ctypes.CFUNCTYPE(pointer, number, pointer, pointer)(egl.eglGetProcAddress(b"eglGetPlatformDisplayEXT"))
devices, count = (pointer * 8)(), number()
assert query(8, devices, ctypes.byref(count)) and count.value
egl.eglInitialize.argtypes = (pointer, pointer, pointer)
EGL_PLATFORM_DEVICE_EXT = 0x313F
assert any(egl.eglInitialize(display(EGL_PLATFORM_DEVICE_EXT, each, None), None, None) for each in devices[: count.value])
"""


class SetupError(Exception):
    """The environment cannot be made; the message says what to type."""


def ready(*, dev: bool = False) -> Path:
    """Make or check the environment and return its Python. `dev` adds the linter, the type checker and the test runner."""
    if sys.version_info < OLDEST:
        raise SetupError(f"Python {sys.version.split()[0]} is too old: 3.11 or newer is needed, start this script with that one")
    python = program("python")
    stamp, wanted = VENV / "mixtape-ready", _fingerprint(dev)
    if python.exists() and stamp.exists() and wanted in stamp.read_text(encoding="utf-8").split():
        return python
    print("setting up; only the first start takes this long", flush=True)
    if sys.platform.startswith("linux"):
        _ensure_debian()
    if _moved(VENV) or not _works(python):
        _make_venv()
    forget_half_installed(VENV)
    _install(python, dev)
    # Development packages include all others, so their stamp stands for both.
    stamp.write_text(" ".join({wanted, _fingerprint(False)}), encoding="utf-8")
    return python


def program(name: str) -> Path:
    """Where the environment keeps a program."""
    return VENV / "Scripts" / f"{name}.exe" if os.name == "nt" else VENV / "bin" / name


def run(command: list[str]) -> int:
    """Run a command in the project's folder with unbuffered output and return its exit code."""
    return subprocess.call(command, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"})


def main(work: Callable[[], int]) -> None:
    """Run `work()` as a script: its result is the exit code, a SetupError is one line."""
    # A pipe on Windows takes only the letters of its code page, and a folder may have any name.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        sys.exit(work())
    except SetupError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _fingerprint(dev: bool) -> str:
    parts = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    parts += [sys.version.encode(), str(ROOT).encode(), b"dev" if dev else b""]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:24]


def _works(python: Path) -> bool:
    return python.exists() and _runs([str(python), "-m", "pip", "--version"])


def _moved(venv: Path) -> bool:
    """Whether an environment was made in another place: the programs in it then start the Python of that place."""
    try:
        lines = (venv / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.startswith("command =") and not line.rstrip().endswith(str(venv)) for line in lines)


def _make_venv() -> None:
    print(f"making {VENV.name} ...", flush=True)
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if made.returncode != 0:
        raise SetupError(f"{made.stdout.strip()[-600:]}\n{VENV} cannot be made; remove it if it is there, and start again")


def forget_half_installed(venv: Path) -> None:
    """Let pip install again what a kill left half-installed: pip writes RECORD last, but believes a folder without it."""
    for site in _site_folders(venv):
        for folder in site.glob("*.dist-info"):
            if not (folder / "RECORD").is_file():
                shutil.rmtree(folder)


def _install(python: Path, dev: bool) -> None:
    pins = ROOT / "constraints.txt"
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "-c", str(pins)]
    # Compiling every module takes as long as unpacking it, and most are never imported.
    command = [*pip, "--no-compile", "-e", f"{ROOT}[dev]" if dev else str(ROOT)]
    expected = sum("==" in line for line in pins.read_text(encoding="utf-8").splitlines())
    log: list[str] = []
    with Bar("installing packages") as bar:
        running = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", cwd=ROOT
        )
        for line in running.stdout or ():
            log.append(line)
            if names := names_to_install(line):
                bar.follow(_unpacking(installed(VENV), len(names)))
            elif note := fetching(line):
                fetched = sum(each.startswith("Collecting") for each in log)
                bar.show(min(0.5, 0.5 * fetched / expected), note)
        code = running.wait()
        if code == 0 and sys.flags.dont_write_bytecode:
            bar.show(1.0, "compiling")
            _runs([str(python), "-m", "compileall", "-q", "-j", "0", *map(str, _site_folders(VENV))])
        bar.word = "done" if code == 0 else "failed"
    if code != 0:
        raise SetupError(pip_failure(log, typed(command)))


def fetching(line: str) -> str:
    """What pip's line says it fetches, as a short note; nothing for its other lines."""
    words = line.split()
    if words[:3] == ["Installing", "build", "dependencies:"]:
        return "build tools"
    if words[:1] == ["Collecting"]:
        return words[1]
    if words[:1] == ["Downloading"] and len(words) > 3:
        return f"{words[1].rpartition('/')[2].split('-')[0]} {' '.join(words[2:4])}"
    return ""


def names_to_install(line: str) -> list[str]:
    """The packages of pip's line before it unpacks them all; nothing for its other lines."""
    head, _, names = line.partition("Installing collected packages: ")
    return [name.strip() for name in names.split(",") if name.strip()] if not head.strip() else []


def _unpacking(before: int, count: int) -> Callable[[], tuple[float, str]]:
    return lambda: (0.5 + 0.5 * min(1.0, (installed(VENV) - before) / count), "unpacking")


def pip_failure(log: list[str], command: str) -> str:
    """What to say when pip failed: its own last words, the likely reason, the line to type."""
    said = "".join(log)
    reason = "the packages could not be installed"
    if "NewConnectionError" in said or "ConnectionError" in said or "Max retries" in said or "ReadTimeout" in said:
        reason = "the packages cannot be fetched: no connection to the package index; look after the network and start again"
    elif "No space left" in said or "Errno 28" in said:
        reason = "the disk is full: the packages take 1.5 GB (on Linux with NVIDIA's libraries 6 GB)"
    last = [line for line in log if line.strip() and not line.startswith("WARNING: Retrying")][-8:]
    return f"{''.join(last)}\n{reason}\nto see all of it, type: {command}"


def typed(command: list[str]) -> str:
    """A command as it is typed in this system's shell."""
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)


def installed(venv: Path) -> int:
    """How many packages an environment holds whole."""
    return sum(1 for site in _site_folders(venv) for _ in site.glob("*.dist-info/RECORD"))


def _site_folders(venv: Path) -> list[Path]:
    return [*venv.glob("lib/python3*/site-packages"), *venv.glob("Lib/site-packages")]


def _runs(command: list[str]) -> bool:
    try:
        return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def missing_packages() -> list[str]:
    """The Debian packages without which nothing can be made or shown here; asked in processes of their own."""
    needed = []
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        needed.append(f"python{sys.version_info.major}.{sys.version_info.minor}-venv")
    if not _runs([sys.executable, "-c", _GL_PROBE]):
        needed += [name for name in GL_PACKAGES if not _runs(["dpkg", "--status", name])]
    return needed


def wished_packages(fonts: Path = Path("/usr/share/fonts")) -> list[str]:
    """The Debian packages without which some titles look wrong and nothing else happens."""
    wished = [] if _runs([sys.executable, "-c", _TEXT_PROBE]) else [TEXT_PACKAGE]
    return wished if any(fonts.glob("**/*.[to]t[fc]")) else [*wished, *FONT_PACKAGES]


def _ensure_debian() -> None:
    """Install what the system lacks, all at once and before anything is made, or say the line to type."""
    needed, wished = missing_packages(), wished_packages()
    packages = [*needed, *wished]
    line = f"apt-get install --no-install-recommends -y {' '.join(packages)}"
    apt = shutil.which("apt-get")
    if packages and apt and os.geteuid() == 0:
        _apt(line)
    elif needed and apt:
        raise SetupError(f"the system lacks {', '.join(packages)}; type:\n    sudo {line}\nand start this script again")
    elif needed:
        raise SetupError(
            f"the system lacks what Debian calls {', '.join(packages)}; install it as this system does, and try again"
        )
    elif wished:
        print(f"note: without Debian's {', '.join(wished)} some titles are drawn wrongly", flush=True)
    if not _runs([sys.executable, "-c", _GL_PROBE]):
        print("OpenGL cannot be opened here: the map, playlists and posters work, show and export will not", flush=True)


def _apt(line: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with Bar("installing system packages") as bar:
        for share, command in ((0.1, "apt-get update"), (0.4, line)):
            bar.show(share, command.split()[1])
            done = subprocess.run(command.split(), env=environment, capture_output=True, text=True, errors="replace")
        bar.word = "done" if done.returncode == 0 else "failed"
    if done.returncode != 0:
        raise SetupError(f"{done.stderr.strip()[-600:]}\nthe system's packages could not be installed; type:\n    {line}")


class Bar:
    """A progress bar with its seconds in one line of a terminal, or a line now and then where there is none."""

    word = "stopped"

    def __init__(self, title: str) -> None:
        self._title, self._start, self._said_s = title, time.monotonic(), 0.0
        self._now: Callable[[], tuple[float, str]] = lambda: (0.0, "")
        self._ended = threading.Event()
        self._ticks = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Bar:
        self._draw()
        self._ticks.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._ticks.join()
        line = f"{self._title}: {self.word} after {time.monotonic() - self._start:.0f} s"
        print(f"\r{line:<100}" if sys.stdout.isatty() else line, flush=True)

    def show(self, share: float, note: str) -> None:
        """Stand at `share` 0..1 with a note, from the next tick on."""
        self._now = lambda: (share, note)

    def follow(self, now: Callable[[], tuple[float, str]]) -> None:
        """Ask `now()` for the share and the note at every tick."""
        self._now = now

    def _tick(self) -> None:
        while not self._ended.wait(1.0):
            self._draw()

    def _draw(self) -> None:
        """Terminals get a line a second, files one every 15 s."""
        share, note = self._now()
        full, seconds = round(24 * share), time.monotonic() - self._start
        line = f"{self._title} [{'#' * full}{'.' * (24 - full)}] {100 * share:3.0f} % {seconds:4.0f} s  {note[:28]}"
        if sys.stdout.isatty():
            print(f"\r{line:<100}", end="", flush=True)
        elif not self._said_s or seconds >= self._said_s + 15:
            self._said_s = max(seconds, 0.001)
            print(line, flush=True)
