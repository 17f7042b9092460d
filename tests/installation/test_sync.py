"""What is seen belongs to what is heard: the frames of an export against its own sound, without drawing any."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from installation.clock import FixedClock
from installation.decks import Mixer
from installation.show import Show
from installation.sound import OfflineSound
from mixtape.features.listen import listen

RATE = 44100
CLICKS_S = (1.0, 2.25, 3.5)


@pytest.fixture
def exported(tmp_path, make_world):
    """The states of an export at a frame rate, and its sound (n, 2): songs of 6 s, each with the same clicks."""
    song = np.random.default_rng(1).standard_normal((6 * RATE, 2)).astype(np.float32) * 1e-3
    for click_s in CLICKS_S:
        song[round(click_s * RATE) :][:200] += 0.8 * np.sin(np.arange(200) * 0.9)[:, None].astype(np.float32)
    soundfile.write(tmp_path / "clicks.flac", song, RATE)
    heard = listen(tmp_path / "clicks.flac").timeline
    world = replace(make_world(6, seconds=6.0), timeline=lambda _: heard)

    def export(fps, seconds):
        states, out = [], []
        stage = SimpleNamespace(errors=(), draw=lambda state, _into, *, shown: states.append(state))
        sampler = SimpleNamespace(request=lambda _: None, take=lambda: None)
        with OfflineSound(Mixer(lambda _: tmp_path / "clicks.flac", ahead=False)) as sound:
            show, clock = Show(world, stage, sound, sampler), FixedClock(fps)
            show.open()
            for _ in range(round(seconds * fps)):
                show.frame(clock.tick(show.heard_s), ())
                out.append(sound.advance(1.0 / fps))
        return states, np.concatenate(out)

    return export


@pytest.mark.parametrize("fps", [24000 / 1001, 30.0, 60.0])
def test_a_click_is_seen_within_a_frame_of_being_heard_in_every_song(exported, fps):
    states, sound = exported(fps, 13.0)
    loud = np.flatnonzero(np.abs(sound[:, 0]) > 0.4)
    heard_s = loud[np.concatenate([[True], np.diff(loud) > RATE // 10])] / RATE
    assert len(heard_s) >= 8
    assert len({state.track_id for state in states}) >= 3
    pulse = np.array([state.audio.pulse for state in states])
    for click_s in heard_s:
        frame = round(click_s * fps)
        near = pulse[max(0, frame - 4) : frame + 4]
        rises = frame - 4 + 1 + int(np.argmax(np.diff(near)))
        assert abs(rises - click_s * fps) <= 1.0, f"heard at {click_s:.3f} s"


def test_the_sound_of_an_export_has_neither_gaps_nor_jumps(exported):
    _, sound = exported(30.0, 13.0)
    assert len(sound) == 13 * RATE
    quiet = np.sqrt(np.mean(np.square(sound[: 13 * RATE].reshape(-1, RATE // 20, 2)), axis=(1, 2)))
    assert quiet.min() > 0.5e-3
