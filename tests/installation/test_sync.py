"""What is seen belongs to what is heard: the frames of an export against its own sound."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from installation.clock import FixedClock
from installation.decks import Mixer
from installation.lastpass import LastPass
from installation.show import Show
from installation.sound import OfflineSound
from installation.stage import Stage
from mixtape.config import Config, changed
from mixtape.features.listen import listen

RATE = 44100
CLICKS_S = (1.0, 2.25, 3.5)


@pytest.fixture
def exported_world(tmp_path, make_world):
    """A world whose songs are all the same 6 s with clicks, as they were really heard, and that file."""
    song = np.random.default_rng(1).standard_normal((6 * RATE, 2)).astype(np.float32) * 1e-3
    for click_s in CLICKS_S:
        song[round(click_s * RATE) :][:200] += 0.8 * np.sin(np.arange(200) * 0.9)[:, None].astype(np.float32)
    soundfile.write(tmp_path / "clicks.flac", song, RATE)
    heard = listen(tmp_path / "clicks.flac").timeline
    world = replace(make_world(6, seconds=6.0), timeline=lambda _: heard)

    return world, tmp_path / "clicks.flac"


@pytest.fixture
def exported(exported_world):
    """The states of an export at a frame rate, and its sound (n, 2)."""
    world, path = exported_world
    return lambda fps, seconds: _played(world, lambda _: path, seconds, fps=fps)


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


def _played(world, path_of, seconds, *, fps=30.0, stage=None, **mixer):
    """The states and the sound (n, 2) of an export of `world`, drawn by `stage` or by none."""
    states, out = [], []
    stage = stage or SimpleNamespace(errors=(), draw=lambda state, _into, *, shown: states.append(state))
    sampler = SimpleNamespace(request=lambda _: None, take=lambda: None)
    with OfflineSound(Mixer(path_of, ahead=False, **mixer)) as sound:
        show, clock = Show(world, stage, sound, sampler, say=lambda _: None), FixedClock(fps)
        show.open()
        for _ in range(round(seconds * fps)):
            show.frame(clock.tick(show.heard_s), ())
            out.append(sound.advance(1.0 / fps))
    return states, np.concatenate(out)


@pytest.mark.parametrize("fps", [24.0, 60.0])
@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_songs_without_a_crossfade_join_to_the_sample_in_the_show(tmp_path, make_world, fps, kind):
    # Each song is two seconds of one tone, a whole number of its waves: joined rightly, the tone never ends.
    tone = 0.5 * np.sin(2 * np.pi * 100 * np.arange(2 * RATE) / RATE).astype(np.float32)
    soundfile.write(tmp_path / f"tone.{kind}", np.stack([tone, tone], axis=1), RATE, subtype="PCM_16")
    world = make_world(4, seconds=2.0, config=changed(Config(), "show", crossfade_s=0.0, volume=1.0))
    states, sound = _played(world, lambda _: tmp_path / f"tone.{kind}", 9.0, fps=fps)
    assert len(states[-1].history) == 5
    whole, _ = soundfile.read(tmp_path / f"tone.{kind}", dtype="float32")
    np.testing.assert_array_equal(sound, np.tile(whole, (5, 1))[: 9 * RATE])


def test_songs_of_a_third_of_a_second_play_one_after_another(tmp_path, make_world):
    soundfile.write(tmp_path / "a.wav", np.full((13_230, 2), 0.25), RATE)
    for crossfade_s in (0.0, 4.0):
        world = make_world(6, seconds=0.3, config=changed(Config(), "show", crossfade_s=crossfade_s))
        states, sound = _played(world, lambda _: tmp_path / "a.wav", 5.0)
        assert 8 < len(states[-1].history) < 20
        assert np.isfinite(sound).all()


def test_a_click_is_a_flash_of_the_picture_within_a_frame(exported_world, gl):
    """The brightness of the drawn frames, not the state: the wall answers an onset in the frame it is heard."""
    world, path = exported_world
    fps, light = 30.0, []
    world = replace(world, config=changed(world.config, "show", scene="wall", energy=1.0, grain=0.0))
    stage = Stage(gl, world, size=(160, 90), patient=True, last_pass=LastPass(gl))

    def draw(state, into, *, shown):
        stage.draw(state, into, shown=shown)
        light.append(stage.read().astype(np.float64))

    drawn = SimpleNamespace(errors=(), draw=draw, put_tiles=stage.put_tiles)
    _, sound = _played(world, lambda _: path, 4.0, fps=fps, stage=drawn)
    change = np.array([np.abs(after - before).mean() for before, after in itertools.pairwise(light)])
    loud = np.flatnonzero(np.abs(sound[:, 0]) > 0.3)
    heard_s = loud[np.concatenate([[True], np.diff(loud) > RATE // 10])] / RATE
    for click_s in heard_s[heard_s > 1.5]:
        frame = round(click_s * fps)
        near = change[frame - 6 : frame + 6]
        flash = frame - 6 + int(np.argmax(near)) + 1
        assert abs(flash - click_s * fps) <= 1.0, f"heard at {click_s:.3f} s"
        assert near.max() > 3 * np.median(change)
