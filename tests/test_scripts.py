"""What the scripts' set-up says and mends, without installing anything."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


@pytest.fixture(scope="module")
def environment() -> ModuleType:
    spec = importlib.util.spec_from_file_location("environment_under_test", SCRIPTS / "environment.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_old_python_is_told_which_one_is_needed(environment, monkeypatch):
    monkeypatch.setattr(environment.sys, "version_info", (3, 10, 13))
    with pytest.raises(environment.SetupError, match=r"3\.11 or newer"):
        environment.ready()


def test_a_package_that_a_kill_left_half_installed_is_forgotten(environment, tmp_path):
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    for name, whole in (("whole-1.0", True), ("half-1.0", False)):
        folder = site / f"{name}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text("Name: it\n")
        if whole:
            (folder / "RECORD").write_text("")
    environment.forget_half_installed(tmp_path)
    assert [each.name for each in site.iterdir()] == ["whole-1.0.dist-info"]
    assert environment.installed(tmp_path) == 1


def test_pips_lines_become_short_notes(environment):
    assert environment.fetching("Collecting numpy>=2.0 (from mixtape==0.1.0)\n") == "numpy>=2.0"
    assert environment.fetching("  Downloading torch-2.13.0-cp311-cp311-manylinux.whl (554.6 MB)\n") == "torch (554.6 MB)"
    assert environment.fetching("Requirement already satisfied: pip\n") == ""
    assert environment.names_to_install("Installing collected packages: lap, numpy, torch\n") == ["lap", "numpy", "torch"]
    assert environment.names_to_install("Collecting lap\n") == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("WARNING: Retrying after NewConnectionError('...')\n", "network"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n", "disk is full"),
        ("ERROR: something else\n", "could not be installed"),
    ],
)
def test_a_failed_installation_names_its_reason_and_the_line_to_type(environment, said, reason):
    message = environment.pip_failure([said], "python -m pip install x")
    assert reason in message
    assert message.endswith("python -m pip install x")


def test_an_environment_made_in_another_place_is_recognised(environment, tmp_path):
    (tmp_path / "pyvenv.cfg").write_text(f"home = /usr/bin\ncommand = /usr/bin/python3 -m venv --clear {tmp_path}\n")
    assert not environment._moved(tmp_path)
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\ncommand = /usr/bin/python3 -m venv --clear /elsewhere/.venv\n")
    assert environment._moved(tmp_path)


def test_fonts_are_wished_for_where_there_are_none(environment, tmp_path):
    assert set(environment.FONT_PACKAGES) <= set(environment.wished_packages(tmp_path))
    (tmp_path / "truetype").mkdir()
    (tmp_path / "truetype" / "Some.ttf").touch()
    assert not set(environment.FONT_PACKAGES) & set(environment.wished_packages(tmp_path))


@pytest.mark.parametrize(
    ("script", "words", "remedy"),
    [
        ("demo.py", ["--music", "no-such-folder"], "no such folder"),
        ("demo.py", ["--size", "big"], "WIDTHxHEIGHT"),
        ("demo.py", ["--seconds", "0"], "0.1 or more"),
        ("prebuild.py", ["no-such-folder"], "no such folder"),
        ("prebuild.py", [".", "--minutes", "0"], "more than 0"),
    ],
)
def test_what_is_mistyped_is_said_at_once(script, words, remedy):
    done = subprocess.run([sys.executable, str(SCRIPTS / script), *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert remedy in done.stderr
