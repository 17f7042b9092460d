"""The show as a whole: exported twice, and live in a window nobody sees, steered by OSC through a real socket."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from pythonosc.osc_message_builder import OscMessageBuilder

from mixtape.library import Library

ROOT = Path(__file__).resolve().parents[2]


def _mixtape(*words: object, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "installation.cli", *map(str, words)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )


def _export(library: Path, out: Path, *more: object) -> None:
    words = ("export", "--out", out, "--seconds", 2, "--size", "160x90", "--fps", 10, "--library", library)
    done = _mixtape(*words, *more)
    _, said = done.communicate(timeout=300)
    assert done.returncode == 0, said


def test_an_export_has_the_size_rate_length_and_sound_asked_for_and_repeats_to_the_byte(library: Path, tmp_path: Path) -> None:
    for name in ("first.mp4", "second.mp4"):
        _export(library, tmp_path / name)
    assert (tmp_path / "first.mp4").read_bytes() == (tmp_path / "second.mp4").read_bytes()
    with av.open(str(tmp_path / "first.mp4")) as video:
        picture, sound = video.streams.video[0], video.streams.audio[0]
        assert (picture.width, picture.height, float(picture.average_rate or 0)) == (160, 90, 10.0)
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(picture)]
        assert len(frames) == 20
        assert abs(float(sound.duration * sound.time_base) - 2.0) < 0.1
    assert np.abs(np.diff(np.stack(frames).astype(np.int16), axis=0)).max() > 8, "nothing moves"
    with av.open(str(tmp_path / "first.mp4")) as video:
        heard = np.concatenate([frame.to_ndarray() for frame in video.decode(video.streams.audio[0])], axis=1)
    assert np.abs(heard).max() > 0.05, "nothing sounds"


@pytest.fixture
def show(library: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A live show under SDL's offscreen driver, and its OSC port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = tmp_path / "config.toml"
    config.write_text(f"[control]\nosc_port = {port}\n[show]\nwidth = 160\nheight = 90\nfps = 30\n", encoding="utf-8")
    for log in (library / "shows").glob("*.jsonl"):
        # What an earlier show did must not be taken for what this one does.
        log.unlink()
    words = ("show", "--windowed", "--frames", 3000, "--library", library, "--config", config)
    running = _mixtape(*words, SDL_VIDEODRIVER="offscreen")
    yield running, port
    running.terminate()
    try:
        _, said = running.communicate(timeout=60)
    finally:
        running.kill()
    if os.name != "nt":
        assert running.returncode == 0, said
        assert "Traceback" not in said


def _lines(library: Path) -> list[dict[str, object]]:
    logs = sorted((library / "shows").glob("*.jsonl"))
    return [json.loads(line) for line in logs[-1].read_text(encoding="utf-8").splitlines()] if logs else []


def _plays(library: Path) -> list[object]:
    return [line["track_id"] for line in _lines(library) if line["kind"] == "play"]


def _until(wanted: str, library: Path, running: subprocess.Popen[str], **fields: object) -> dict[str, object]:
    """Wait for a line in the show's log."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if running.poll() is not None:
            pytest.fail(f"the show ended: {running.stderr.read() if running.stderr else ''}")
        for line in _lines(library):
            if line["kind"] == wanted and all(line.get(name) == value for name, value in fields.items()):
                return line
        time.sleep(0.05)
    pytest.fail(f"no {wanted} {fields} in {_lines(library)}")


def test_osc_through_a_real_socket_picks_song_scene_and_recipe(library: Path, show: tuple[subprocess.Popen[str], int]) -> None:
    running, port = show
    with Library(library) as opened:
        tracks = opened.tracks()
    _until("play", library, running)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:

        def send(address: str, *values: object) -> None:
            message = OscMessageBuilder(address)
            for value in values:
                message.add_arg(value)
            out.sendto(message.build().dgram, ("127.0.0.1", port))

        out.sendto(b"/mixtape/next\0\0\0garbage", ("127.0.0.1", port))
        send("/mixtape/seed", tracks[5].title)
        _until("play", library, running, track_id=tracks[5].id)
        send("/mixtape/seed", tracks[2].id)
        _until("play", library, running, track_id=tracks[2].id)
        send("/mixtape/scene", "wall")
        _until("event", library, running, knob="scene", value="wall")
        known = {tracks[2].id, tracks[5].id}
        begun = _plays(library)
        send("/mixtape/next")
        _until("event", library, running, knob="next")
        deadline = time.monotonic() + 60
        while len(_plays(library)) == len(begun) and time.monotonic() < deadline:
            time.sleep(0.05)
        send("/mixtape/recipe", "loop")
        send("/mixtape/similar/rhythm", 3.0)
        made = _until("event", library, running, knob="tape")
    assert _plays(library)[: len(begun)] == begun
    assert _plays(library)[len(begun)] not in known
    assert made["source"] == "recipes" and str(made["value"]).startswith("loop:0:3:1:1:1:1 ")


def test_without_a_display_the_show_says_so_and_stops(library: Path) -> None:
    hidden = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "SDL_VIDEODRIVER": ""}
    done = _mixtape("show", "--library", library, **hidden)
    _, said = done.communicate(timeout=120)
    assert done.returncode == 1
    assert "no display" in said and "mixtape export" in said


def test_a_recording_begun_over_osc_is_whole_though_the_show_is_ended_in_its_midst(
    library: Path, show: tuple[subprocess.Popen[str], int]
) -> None:
    running, port = show
    before = set((library / "shows").glob("*.mp4"))
    message = OscMessageBuilder("/mixtape/record")
    message.add_arg(1)
    deadline = time.monotonic() + 60
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        # Said again until it is heard: the show may not listen yet.
        while not any(line.get("knob") == "recorded" for line in _lines(library)) and time.monotonic() < deadline:
            out.sendto(message.build().dgram, ("127.0.0.1", port))
            time.sleep(0.2)
    assert _until("event", library, running, knob="recorded", value=True)["source"] == "recorder"
    assert str(_until("event", library, running, knob="record", value=True)["source"]).startswith("osc")
    time.sleep(2.0)
    running.terminate()
    running.wait(60)
    (path,) = set((library / "shows").glob("*.mp4")) - before
    assert not list((library / "shows").glob("*.part"))
    with av.open(str(path)) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
        assert frames[0].shape == (90, 160, 3)
        assert len(frames) > 30
        assert np.abs(np.diff(np.stack(frames).astype(np.int16), axis=0)).max() > 8, "nothing moves"
        length_s = len(frames) / 30
    with av.open(str(path)) as video:
        heard = np.concatenate([frame.to_ndarray() for frame in video.decode(audio=0)], axis=1)
    assert np.abs(heard).max() > 0.02, "nothing sounds"
    assert abs(heard.shape[1] / 44100 - length_s) < 0.25
