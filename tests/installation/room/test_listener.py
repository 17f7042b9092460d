"""The listener on a clock of the test's own: an input that gives what it is told, a mind that answers at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from installation.room import inputs
from installation.room.inputs import DeviceInput, FileInput, input_names, opened
from installation.room.listener import RECENT_S, Listener, Ring
from installation.room.placing import Placed
from installation.room.thinking import Answer, Question
from installation.room.told import Now, read_place, read_song
from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.errors import AudioError
from mixtape.fingerprint.index import Match
from mixtape.types import FloatArray
from scripts.figures.rooms import song

SOUND = song(1, seconds=30)


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Fed:
    """An input that the test speaks into."""

    name = "desk"

    def __init__(self, take) -> None:
        self.take, self.closed = take, False

    def close(self) -> None:
        self.closed = True


class Known:
    """Knows `SOUND` as song "here" while `here`, by comparing samples; everything else belongs to (0.25, 0.75)."""

    def __init__(self) -> None:
        self.here, self.asked, self._answer = True, list[Question](), None

    def ask(self, question: Question) -> bool:
        self.asked.append(question)
        begins = np.flatnonzero(SOUND[:-64] == question.recent[5000])
        at = next((k - 5000 for k in begins if np.array_equal(SOUND[k : k + 64], question.recent[5000:5064])), None)
        match = Match("here", at / SAMPLE_RATE_HZ, 99) if self.here and at is not None else None
        placed = Placed(("there",), (0.25, 0.75)) if question.longer is not None and match is None else None
        self._answer = Answer(question.at, match, placed)
        return True

    def answer(self) -> Answer | None:
        answer, self._answer = self._answer, None
        return answer

    def close(self) -> None:
        pass


class Evening:
    """A listener, its clock, its inputs and what it told."""

    def __init__(self, *, inputs: int = 99) -> None:
        self.clock, self.mind, self.fed = Clock(), Known(), list[Fed]()
        self.left = inputs
        self.listener = Listener(
            "desk", self.mind, durations_s={"here": 30.0, "there": 30.0}, open_input=self._open, now_s=self.clock
        )
        self.listener._try_to_open()
        self.told: list[tuple[float, str, str]] = []
        self.words: list[str] = []

    def _open(self, take, wish):
        assert wish == "desk"
        if self.left <= 0:
            raise LookupError("no input is named 'desk'; there is none")
        self.left -= 1
        self.fed.append(Fed(take))
        return self.fed[-1]

    def hear(self, sound: FloatArray | None, seconds: float) -> None:
        """Let so many seconds pass, 50 turns each; the input hears `sound` or, for None, nothing at all."""
        step = SAMPLE_RATE_HZ // 50
        for turn in range(round(50 * seconds)):
            self.clock.now_s += 0.02
            if sound is not None:
                self.fed[-1].take(sound[turn * step : (turn + 1) * step])
            self.listener.turn()
            for event in self.listener.drain(self.clock.now_s):
                assert event.source == "room"
                self.told.append((event.time_s, event.knob, str(event.value)))
            self.words += self.listener.errors()

    def wait_for_an_input(self) -> None:
        for _ in range(60):
            if self.listener.output_name == "desk":
                return
            self.hear(None, 0.1)
        raise AssertionError("no input was opened within 6 s")

    def last(self, knob: str) -> tuple[float, str]:
        return next((time_s, value) for time_s, told, value in reversed(self.told) if told == knob)

    @property
    def level(self) -> float:
        return Now.of(self.last("heard")[1]).level


def test_a_song_is_told_once_with_the_second_that_is_heard_now() -> None:
    evening = Evening()
    evening.hear(SOUND[5 * SAMPLE_RATE_HZ :], 9.0)
    songs = [(time_s, value) for time_s, knob, value in evening.told if knob == "song"]
    assert len(songs) == 1
    track_id, song_s = read_song(songs[0][1])
    assert track_id == "here"
    assert song_s == pytest.approx(5.0 + songs[0][0] - 100.0, abs=0.03)
    assert songs[0][0] - 100.0 < RECENT_S
    assert evening.level > 0.05


def test_other_music_has_a_place_and_a_song_that_ends_gives_way_to_it() -> None:
    evening = Evening()
    evening.hear(SOUND, 6.0)
    evening.mind.here = False
    evening.hear(song(2, seconds=13), 13.0)
    place, track_id, _ = read_place(evening.last("place")[1])
    assert (place, track_id) == ((0.25, 0.75), "there")
    assert all(question.longer is None for question in evening.mind.asked[:3])


def test_a_song_that_is_over_is_known_no_more() -> None:
    evening = Evening()
    evening.hear(SOUND[22 * SAMPLE_RATE_HZ :], 7.9)
    assert evening.listener._judge.knows
    evening.hear(np.zeros(2 * SAMPLE_RATE_HZ, np.float32), 2.0)
    assert not evening.listener._judge.knows


def test_in_silence_nothing_is_asked() -> None:
    evening = Evening()
    evening.hear(np.zeros(6 * SAMPLE_RATE_HZ, np.float32), 6.0)
    assert evening.mind.asked == []
    assert evening.level == 0.0


def test_a_lost_input_is_silence_is_said_once_and_comes_back() -> None:
    evening = Evening()
    evening.hear(SOUND, 2.0)
    evening.left = 0
    evening.hear(None, 8.0)
    assert evening.level == 0.0
    assert evening.fed[0].closed
    assert len([words for words in evening.words if "desk is heard no more" in words]) == 1
    assert len([words for words in evening.words if "no input is named 'desk'" in words]) == 1
    evening.left = 1
    evening.wait_for_an_input()
    evening.hear(SOUND, 3.0)
    assert evening.words[-1] == "listening to desk"
    assert evening.level > 0.05


def test_a_device_that_opens_and_gives_nothing_is_not_opened_every_second() -> None:
    evening = Evening()
    evening.hear(None, 12.0)
    assert len(evening.fed) == 3
    assert len(evening.words) <= 2


def test_without_any_input_the_show_goes_on_and_looks_again() -> None:
    evening = Evening(inputs=0)
    evening.hear(None, 3.0)
    assert [words for words in evening.words if "the show goes on in silence" in words]
    assert len([knob for _, knob, _ in evening.told if knob == "heard"]) == 150
    evening.left = 1
    evening.wait_for_an_input()


def test_a_ring_holds_the_last_seconds() -> None:
    ring = Ring(1.0)
    assert len(ring.last(1.0)) == 0
    for start in range(0, 100_000, 7000):
        ring.write(np.arange(start, start + 7000, dtype=np.float32))
    assert np.array_equal(ring.last(0.5), np.arange(ring.total - 22050, ring.total, dtype=np.float32))
    ring.write(np.arange(100_000, dtype=np.float32))
    assert np.array_equal(ring.last(2.0), np.arange(100_000 - SAMPLE_RATE_HZ, 100_000, dtype=np.float32))


def test_a_file_is_heard_at_its_own_pace_and_then_silence(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "night.wav", SOUND[: SAMPLE_RATE_HZ // 5], SAMPLE_RATE_HZ)
    came: list[FloatArray] = []
    file = opened(came.append, wish=str(tmp_path / "night.wav"))
    assert isinstance(file, FileInput)
    _until(lambda: sum(map(len, came)) > SAMPLE_RATE_HZ // 3)
    file.close()
    sound = np.concatenate(came)
    assert np.abs(sound[: SAMPLE_RATE_HZ // 5] - SOUND[: SAMPLE_RATE_HZ // 5]).max() < 1e-3
    assert not sound[SAMPLE_RATE_HZ // 5 :].any()
    (tmp_path / "no.wav").write_bytes(b"")
    with pytest.raises(AudioError):
        opened(came.append, wish=str(tmp_path / "no.wav"))


def test_the_null_device_gives_silence_and_a_name_that_is_not_there_says_what_is(monkeypatch: pytest.MonkeyPatch) -> None:
    import miniaudio

    null = [miniaudio.Backend.NULL]
    came: list[FloatArray] = []
    device = DeviceInput(came.append, name="", backends=null)
    _until(lambda: sum(map(len, came)) > 4000)
    device.close()
    device.close()
    assert came[0].dtype == np.float32
    assert came[0].ndim == 1
    assert not np.concatenate(came).any()
    with pytest.raises(LookupError, match="no input is named 'turntable'; there is"):
        DeviceInput(came.append, name="turntable", backends=null)
    monkeypatch.setattr(inputs, "real_backends", lambda: null)
    assert len(input_names()) == 1


def _until(done) -> None:
    import time

    for _ in range(1000):
        if done():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")
