"""What is played when a person votes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import made_up
import numpy as np
import pytest
import soundfile

from mixtape.evaluate import excerpts


def test_each_song_is_heard_from_its_middle_without_a_click(tmp_path: Path) -> None:
    ramp = np.linspace(0, 0.9, 20 * 44100).astype(np.float32)
    soundfile.write(tmp_path / "ramp.wav", ramp, 44100, subtype="FLOAT")
    song = replace(made_up.track(1), path=tmp_path / "ramp.wav", duration_s=20.0)
    gone = replace(song, path=tmp_path / "gone.wav")
    sound = excerpts.joined([song, gone])
    length = round(excerpts.EXCERPT_S * 44100)
    assert sound.shape == (length + 44100, 2)
    assert sound[length // 2, 0] == pytest.approx(0.45, abs=0.01)
    assert np.abs(sound[[0, length - 1]]).max() < 0.01
    assert not sound[length:].any()


def test_playing_waits_until_it_is_over_and_a_device_gets_every_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excerpts, "EXCERPT_S", 0.2)
    soundfile.write(tmp_path / "song.wav", np.full(44100, 0.5, np.float32), 44100)
    song = replace(made_up.track(1), path=tmp_path / "song.wav", duration_s=1.0)
    assert excerpts.play([song], silent=True)
    sound = excerpts.joined([song])
    source = excerpts._served(sound)
    next(source)
    got = b"".join(source.send(1000) for _ in range(10))
    np.testing.assert_array_equal(np.frombuffer(got, np.float32).reshape(-1, 2)[: len(sound)], sound)
    assert len(got) == 10 * 1000 * 8
