"""What a person at the command line relies on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from installation.cli import app

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _mixtape(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "installation.cli", *words], capture_output=True, text=True, encoding="utf-8", cwd=ROOT
    )


def _commands() -> list[str]:
    return [command.callback.__name__ for command in app.registered_commands if command.callback]


def test_help_lists_the_commands_and_loads_nothing_heavy() -> None:
    shown = _mixtape("--help").stdout
    assert {"build", "train", "playlist", "show", "export"} <= set(_commands())
    assert all(f"  {command} " in shown for command in _commands())
    heavy = ("numpy", "torch", "av", "pygame", "moderngl", "rich")
    code = f"import sys, installation.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("command", _commands())
def test_every_command_explains_itself_with_an_example_and_stands_in_the_readme(command: str) -> None:
    shown = _mixtape(command, "--help")
    assert shown.returncode == 0 and f"Example: mixtape {command}" in shown.stdout
    assert f"mixtape {command}" in README


def test_an_error_is_one_line_with_the_remedy_and_debug_adds_where_it_came_from(tmp_path: Path) -> None:
    plain = _mixtape("songs", "--library", str(tmp_path / "nowhere"))
    assert plain.returncode == 1 and plain.stdout == ""
    assert len(plain.stderr.splitlines()) == 1 and "mixtape build" in plain.stderr
    assert "Traceback" in _mixtape("songs", "--library", str(tmp_path / "nowhere"), "--debug").stderr
