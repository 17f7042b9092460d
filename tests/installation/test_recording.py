"""The running show as a video: in time, whole, and never at the show's expense."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
import soundfile

from installation.decks import Mixer
from installation.messages import Play, Record
from installation.record import Recorder
from installation.recording import Recording, fitted
from installation.room.listener import Listener
from installation.scenes.overlay import NOTHING, Shown
from installation.sound import DeviceSound
from installation.stage import Stage
from installation.tap import Tap
from mixtape.config import Config, changed
from mixtape.errors import MixtapeError

RATE = 44100
BLOCK, LATENCY = 1323, 3969


class Painted:
    """A stage whose picture is one shade."""

    size = (64, 36)

    def __init__(self):
        self.shade = 0

    def look(self, size):
        pixels = np.full((size[1], size[0], 3), self.shade, np.uint8)
        return lambda: pixels


class Device:
    """A sound card of this computer's clock times `pace`, in lumps of 30 ms that come up to 8 ms late."""

    def __init__(self, tap, sound, *, pace=1.0):
        self._tap, self._sound, self._pace, self._rng = tap, sound, pace, np.random.default_rng(2)
        self._handed, self.lost = 0, lambda now_s: False

    def until(self, now_s):
        while self._handed / RATE / self._pace + 0.008 < now_s:
            due_s = self._handed / RATE / self._pace
            if not self.lost(due_s):
                samples = self._sound[self._handed : self._handed + BLOCK]
                self._tap.put(samples, now_s=due_s + self._rng.uniform(0, 0.008), latency=LATENCY)
            self._handed += BLOCK

    def heard(self, now_s):
        return now_s * RATE * self._pace - LATENCY + BLOCK


def pictures(path):
    with av.open(str(path)) as container:
        return np.array([frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)])


def sound_of(path):
    with av.open(str(path)) as container:
        frames = [(frame.pts * frame.time_base, frame.to_ndarray()[0]) for frame in container.decode(audio=0)]
    first = round(frames[0][0] * RATE)
    joined = np.concatenate([samples for _, samples in frames])
    return joined[-first:] if first < 0 else np.concatenate([np.zeros(first), joined])


def begun(recording, stage, at_s):
    """Let it open its file."""
    recording.obey(Record(True))
    for _ in range(500):
        recording.frame(stage, at_s=at_s)
        if recording.running or not recording._wished:
            break
        time.sleep(0.01)


def drained(recording):
    """Let the encoder catch up: a test runs faster than any show."""
    recorder = recording._take.recorder
    while recorder._put > recorder._taken:
        time.sleep(0.001)


def recorded(tmp_path, frame_times_s, *, clicks_s, pace=1.0, lost=None, seconds=13.0):
    """A recording from 1 s on of frames at these times, white for 60 ms where a click is heard; the file."""
    samples = np.zeros((round(seconds * RATE), 2), np.float32)
    for click_s in clicks_s:
        samples[round(click_s * RATE) :][:100] = 0.9
    tap, stage = Tap(), Painted()
    device = Device(tap, samples, pace=pace)
    device.lost = lost or device.lost
    recording = Recording(tmp_path, tap, fps=30, height=0)
    device.until(1.0)
    begun(recording, stage, 1.0)
    for at_s in frame_times_s:
        device.until(at_s)
        heard_s = device.heard(at_s) / RATE
        stage.shade = 255 if any(0.0 <= heard_s - click_s < 0.06 for click_s in clicks_s) else 0
        recording.frame(stage, at_s=at_s)
        drained(recording)
    recording.obey(Record(False))
    recording.frame(stage, at_s=frame_times_s[-1])
    (words,) = recording.close()
    assert words.startswith("recorded: ")
    (path,) = tmp_path.glob("*.mp4")
    return path


def rises(values, least):
    """Where values come up from below."""
    return np.flatnonzero((values[1:] >= least) & (values[:-1] < least)) + 1


SHOWS = {
    "60 frames a second": np.arange(1.0, 12.0, 1 / 60),
    "30 frames a second": np.arange(1.0, 12.0, 1 / 30),
    "uneven, 14 to 40": 1.0 + np.cumsum(np.random.default_rng(5).uniform(0.025, 0.07, 220)),
}


@pytest.mark.parametrize("show", SHOWS)
@pytest.mark.parametrize("pace", [1.0, 1.0005])
def test_a_flash_and_its_click_are_together_and_every_frame_is_there(tmp_path, show, pace):
    clicks_s, times_s = (2.5, 5.0, 7.3, 9.9), SHOWS[show]
    path = recorded(tmp_path, times_s, clicks_s=clicks_s, pace=pace)
    frames, heard = pictures(path), sound_of(path)
    assert abs(len(frames) - (times_s[-1] - 1.0) * 30) <= 2
    assert abs(len(heard) / RATE - len(frames) / 30) < 0.1
    flashes_s = rises(frames, 128.0) / 30
    heard_s = np.flatnonzero(np.abs(heard) > 0.4)
    heard_s = heard_s[np.concatenate([[True], np.diff(heard_s) > RATE // 2])] / RATE
    assert len(flashes_s) == len(heard_s) == len(clicks_s)
    slowest_s = np.diff(times_s).max()
    assert np.abs(flashes_s - heard_s).max() < slowest_s + 0.5 / 30
    assert abs(np.mean(flashes_s - heard_s)) < 0.5 * slowest_s + 0.010


def test_sound_that_is_lost_for_a_while_is_silence_of_that_length(tmp_path):
    clicks_s = (2.5, 8.0)
    path = recorded(tmp_path, SHOWS["60 frames a second"], clicks_s=clicks_s, lost=lambda now_s: 4.0 < now_s < 6.0)
    heard = np.flatnonzero(np.abs(sound_of(path)) > 0.4) / RATE
    assert heard[-1] - heard[0] == pytest.approx(5.5, abs=0.05)
    flashes_s = rises(pictures(path), 128.0) / 30
    assert flashes_s[1] - flashes_s[0] == pytest.approx(5.5, abs=0.05)


def test_a_computer_that_slept_does_not_record_the_night():
    tap = Tap()
    tap.put(np.ones((BLOCK, 2), np.float32), now_s=0.0, latency=0)
    tap.put(np.ones((BLOCK, 2), np.float32), now_s=28_800.0, latency=0)
    assert BLOCK <= tap.heard(28_800.0) <= 2 * BLOCK
    assert tap.read(0, 10**9).shape == (2 * BLOCK, 2)


def test_what_is_no_longer_kept_is_silence():
    tap = Tap(seconds=0.1)
    for lump in range(10):
        tap.put(np.full((BLOCK, 2), lump + 1.0, np.float32), now_s=lump * BLOCK / RATE, latency=0)
    kept = tap.read(0, 10 * BLOCK)
    assert len(kept) == 10 * BLOCK
    assert not kept[: 10 * BLOCK - 4410].any()
    assert (kept[-BLOCK:] == 10.0).all()


def test_a_room_without_any_sound_is_recorded_in_silence(tmp_path):
    tap, stage = Tap(), Painted()
    recording = Recording(tmp_path, tap, fps=30, height=0)
    begun(recording, stage, 5.0)
    for at_s in np.arange(5.0, 7.0, 1 / 60):
        recording.frame(stage, at_s=at_s)
        drained(recording)
    (words,) = recording.close()
    assert "without sound" in words
    (path,) = tmp_path.glob("*.mp4")
    assert len(pictures(path)) == pytest.approx(60, abs=2)
    assert len(sound_of(path)) / RATE == pytest.approx(2.0, abs=0.3)
    assert not sound_of(path).any()


def test_it_begins_and_ends_in_mid_show_as_often_as_somebody_likes(tmp_path):
    tap, stage = Tap(), Painted()
    recording = Recording(tmp_path / "shows", tap, fps=30, height=0)
    told = []
    for turn in range(3):
        begun(recording, stage, 2.0 * turn)
        for at_s in np.arange(2.0 * turn, 2.0 * turn + 0.5, 1 / 60):
            recording.frame(stage, at_s=at_s)
        assert "min" not in recording.words()
        assert ".mp4" in recording.words()
        recording.obey(Record(False))
        recording.frame(stage, at_s=2.0 * turn + 0.6)
        assert not recording.running
        told += [event.value for event in recording.drain(0.0)]
    recording.close()
    assert told == [True, False] * 3
    assert len(list((tmp_path / "shows").glob("*.mp4"))) == 3
    assert not list((tmp_path / "shows").glob("*.part"))


def test_a_disk_with_little_room_ends_the_recording_with_a_whole_file(tmp_path):
    stage = Painted()
    recording = Recording(tmp_path, Tap(), fps=30, height=0, keep_free_bytes=10**18)
    begun(recording, stage, 0.0)
    for at_s in np.arange(0.0, 1.0, 1 / 60):
        recording.frame(stage, at_s=at_s)
        if not recording.running:
            break
        drained(recording)
    assert not recording.running
    words = recording.close()
    assert "free" in words[0]
    assert words[1].startswith("recorded: ")
    assert len(pictures(next(tmp_path.glob("*.mp4")))) >= 1


def test_an_encoder_that_fails_ends_the_recording_and_nothing_else(tmp_path):
    class Broken(Recorder):
        def frame(self, pixels, *, number):
            if number >= 10:
                raise MixtapeError("the encoder broke")
            super().frame(pixels, number=number)

    stage = Painted()
    recording = Recording(tmp_path, Tap(), fps=30, height=0, open_recorder=Broken)
    begun(recording, stage, 0.0)
    for at_s in np.arange(0.0, 1.0, 1 / 60):
        recording.frame(stage, at_s=at_s)
    assert not recording.running
    assert [event.value for event in recording.drain(0.0)] == [True, False]
    assert "the encoder broke" in recording.errors()[0]


def test_a_button_that_bounces_does_not_fill_a_folder(tmp_path):
    stage, recording = Painted(), Recording(tmp_path, Tap(), fps=30, height=0)
    begun(recording, stage, 0.0)
    for frame in range(90):
        at_s = frame / 60
        recording.obey(Record(frame % 2 == 0))
        recording.frame(stage, at_s=at_s)
    recording.obey(Record(False))
    recording.close()
    assert len(list(tmp_path.iterdir())) <= 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_is_full_ends_the_recording_and_nothing_else(tmp_path):
    def on_a_full_disk(path, **given):
        path.with_name(path.name + ".part").symlink_to("/dev/full")
        return Recorder(path, **given)

    stage, noise = Painted(), np.random.default_rng(1)
    stage.size = (320, 240)
    stage.look = lambda size: lambda: noise.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    recording = Recording(tmp_path, Tap(), fps=30, height=0, open_recorder=on_a_full_disk)
    begun(recording, stage, 0.0)
    for at_s in np.arange(0.0, 20.0, 1 / 30):
        recording.frame(stage, at_s=at_s)
        if not recording.running:
            break
        drained(recording)
    assert not recording.running
    (told,) = recording.errors()
    assert "the disk is full" in told and "make room; what there is can be played" in told and "--out" not in told
    assert [event.value for event in recording.drain(0.0)] == [True, False]


def test_with_a_room_to_listen_to_it_is_what_the_room_sounds_like():
    heard = []
    listener = Listener("", SimpleNamespace(), durations_s={}, open_input=lambda take, _: heard.append(take), now_s=lambda: 5.0)
    listener._try_to_open()
    heard[0](np.linspace(0.0, 1.0, 441, dtype=np.float32))
    samples = listener.tap.read(0, 441)
    np.testing.assert_array_equal(samples, np.linspace(0.0, 1.0, 441, dtype=np.float32)[:, None].repeat(2, axis=1))


@pytest.mark.slow
def test_in_real_time_through_the_real_sound_a_flash_is_at_its_click(tmp_path):
    clicks_s = np.arange(2.0, 24.0, 1.7)
    song = np.zeros((25 * RATE, 2), np.float32)
    for click_s in clicks_s:
        song[round(click_s * RATE) :][:100] = 0.9
    soundfile.write(tmp_path / "clicks.wav", song, RATE)
    stage, jitter = Painted(), np.random.default_rng(3)
    with DeviceSound(Mixer(lambda _: tmp_path / "clicks.wav", ahead=True), null=True) as sound:
        recording = Recording(tmp_path / "shows", sound.tap, fps=30, height=0)
        sound.play(Play("clicks", 0.0, 0.0))
        began_s = time.perf_counter()
        while (at_s := time.perf_counter()) < began_s + 23.0:
            if at_s > began_s + 1.0:
                recording.obey(Record(True))
            heard_s = sound.position()[1]
            stage.shade = 255 if any(0.0 <= heard_s - click_s < 0.1 for click_s in clicks_s) else 0
            recording.frame(stage, at_s=at_s)
            time.sleep(jitter.uniform(0.008, 0.03))
        assert recording.close()[-1].startswith("recorded: ")
    (path,) = (tmp_path / "shows").glob("*.mp4")
    heard = np.flatnonzero(np.abs(sound_of(path)) > 0.4)
    heard_s = heard[np.concatenate([[True], np.diff(heard) > RATE // 2])] / RATE
    flashes_s = rises(pictures(path), 128.0) / 30
    assert len(flashes_s) == len(heard_s) >= 12
    apart_s = flashes_s - heard_s
    print(
        f"flashes after clicks by {1000 * apart_s.mean():.1f} ms, from {1000 * apart_s.min():.1f} to {1000 * apart_s.max():.1f}"
    )
    assert np.abs(apart_s).max() < 0.06
    assert abs(apart_s.mean()) < 0.025


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "shows").write_text("a file")
    recording = Recording(tmp_path / "shows", Tap(), fps=30, height=0)
    begun(recording, Painted(), 0.0)
    assert "nothing is recorded" in recording.errors()[0]
    assert not recording.running


@pytest.mark.parametrize(
    ("size", "height", "recorded"),
    [
        ((1920, 1080), 0, (1920, 1080)),
        ((3840, 2160), 1080, (1920, 1080)),
        ((1281, 721), 1080, (1280, 720)),
        ((900, 1600), 800, (450, 800)),
    ],
)
def test_a_recording_is_as_large_as_the_picture_or_smaller(size, height, recorded):
    assert fitted(size, height) == recorded


def test_a_bare_press_does_the_other(small_world, play):
    from installation.messages import ControlEvent, Moment
    from installation.step import step

    state = play(small_world, 1.0)
    moment = Moment(31, 1.1, 0.1, 1.0)
    state, asked = step(state, [ControlEvent("osc", "record", None, 1.1)], moment, small_world)
    assert asked == (Record(True),)
    state, _ = step(state, [ControlEvent("recorder", "recorded", True, 1.1)], moment, small_world)
    assert state.recording
    state, asked = step(state, [ControlEvent("osc", "record", None, 1.1)], moment, small_world)
    assert asked == (Record(False),)
    state, _ = step(state, [ControlEvent("osc", "recorded", False, 1.1)], moment, small_world)
    assert state.recording, "only the recorder itself knows"


# The picture -------------------------------------------------------------------------------------------------------------------


def test_a_picture_of_another_shape_stands_whole_on_black(gl, small_world, play):
    stage = Stage(gl, small_world, size=(320, 180), patient=True)
    stage.draw(play(small_world, 6.0))
    full = stage.read()
    np.testing.assert_array_equal(stage.look()(), full)
    tall = stage.look((160, 160))()
    assert tall.shape == (160, 160, 3)
    assert not tall[:35].any()
    assert not tall[-35:].any()
    half = full.reshape(90, 2, 160, 2, 3).mean(axis=(1, 3))
    assert np.abs(tall[35:125] - half).mean() < 4.0


def test_the_dot_is_on_the_screen_and_in_no_recording(gl, small_world, play):
    state = play(small_world, 6.0)
    stage = Stage(gl, small_world, size=(320, 180), patient=True)
    screen = gl.framebuffer([gl.texture((320, 180), 4)])

    def seen(shown):
        stage.draw(state, screen, shown=shown)
        return np.frombuffer(screen.read(components=3), np.uint8).reshape(180, 320, 3)[::-1].astype(int), stage.look()()

    (plain, recorded), (dotted, recorded_with) = seen(NOTHING), seen(Shown(dot=True))
    np.testing.assert_array_equal(recorded, recorded_with)
    differs = np.abs(dotted - plain).max(axis=2) > 8
    assert 10 < differs.sum() < 64
    rows, columns = np.nonzero(differs)
    assert rows.max() < 20
    assert columns.min() > 300
    assert dotted[differs][:, 0].mean() > 100


def test_record_is_a_toggle_that_every_controller_has():
    from installation.control.keys import KEYS
    from installation.control.knobs import event, find

    assert find("/mixtape/record").kind == "toggle"
    assert event("osc", "/mixtape/record", (1,), time_s=0.0).value is True
    assert event("osc", "/mixtape/record", ("/etc/passwd",), time_s=0.0).reason
    assert any(keys == "F9" for keys, _ in KEYS)
    assert changed(Config(), "show", record_fps=25).show.record_fps == 25
