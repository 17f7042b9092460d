"""The show's ear in the room: takes in sound, follows it, asks what it is, and tells the show by events.

In the show it stands where the sound would: the show makes none of its own then. A thread takes in what the input heard; it
follows the music itself and asks a process beside it what plays. What the loop drains has been worked out before.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Self

import numpy as np

from installation.messages import ControlEvent, Offset, Pause, Play, Volume
from installation.room.following import Follower
from installation.room.inputs import Input, Take, opened
from installation.room.thinking import Answer, Mind, Question
from installation.room.told import SOURCE, place_text, song_text
from installation.tap import Tap
from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.types import FloatArray

RECENT_S, LONGER_S = 10.0, 30.0
"""What a song is recognised by, and what other music is placed by."""

_TURN_S = 0.01
_FIRST_S, _ASK_EVERY_S, _PLACE_EVERY_S = 4.0, 1.5, 5.0
_FEWEST_S = 10.0
_LOST_S, _RETRY_S = 1.0, 5.0
_QUIET = 1e-4
_STALE_S = 0.2
_MOVED_S, _SAME_S = 0.04, 0.5
_MISSES = 5
"""So many questions without an answer before a recognised song counts as over: a break or a loud guest is not its end."""


class Listener:
    """Use it in a `with`; `drain` gives the events of a frame. As the show's sound it obeys in silence."""

    underruns = 0

    def __init__(
        self,
        wish: str,
        mind: Mind,
        *,
        durations_s: dict[str, float],
        open_input: Callable[[Take, str], Input] = lambda take, wish: opened(take, wish=wish),
        now_s: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Hear the input that is wished for (`inputs.opened`). `durations_s` says how long each song is; clock and input may be
        others, for tests."""
        self._wish, self._mind, self._open_input, self._now_s = wish, mind, open_input, now_s
        self._judge = Judge(durations_s)
        self._came: deque[FloatArray] = deque()
        self._told: deque[str] = deque(maxlen=100)
        self._said: set[str] = set()
        self._follower, self._ring = Follower(), Ring(LONGER_S)
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None
        self._input: Input | None = None
        self._fresh, self.tap = True, Tap()
        self._heard_s = self._tried_s = self._input_since_s = now_s()
        self._asked_s = self._placed_s = -LONGER_S

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Open the input and begin to listen. Without an input the show goes on, in silence, and looks for one again."""
        if self._thread is None:
            self._try_to_open()
            self._thread = threading.Thread(target=self._run, name="room", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Let go of the input and the process; may be called twice."""
        self._closed.set()
        if self._thread:
            self._thread.join(2.0)
        if self._input:
            self._input.close()
        self._mind.close()

    def drain(self, time_s: float) -> Sequence[ControlEvent]:
        """What has been heard since the last call, for the frame at show time `time_s`."""
        with self._lock:
            now = self._follower.now(later_s=min(self._now_s() - self._heard_s, _STALE_S))
            told = self._judge.events(self._ring.total, late_s=min(max(self._now_s() - self._heard_s, 0.0), _STALE_S))
        return [ControlEvent(SOURCE, "heard", now.text, time_s), *(ControlEvent(SOURCE, *each, time_s) for each in told)]

    def turn(self) -> None:
        """What the thread does again and again: take in what came, ask, hear the answer, look after the input."""
        now_s = self._now_s()
        came = [self._came.popleft() for _ in range(len(self._came))]
        if came:
            self._heard_s = now_s
            self._greet()
        elif (missing_s := now_s - self._heard_s) > _STALE_S:
            # Nothing comes: that is silence, and lasts as long as it lasts.
            came = [np.zeros(round(min(missing_s, LONGER_S) * SAMPLE_RATE_HZ), np.float32)]
            if self._input and now_s - self._input_since_s > _LOST_S:
                self._lose()
            self._heard_s = now_s
        with self._lock:
            for samples in came:
                self._ring.write(samples)
                self._follower.hear(samples)
            answer = self._mind.answer()
            if answer:
                self._judge.hear(answer)
        if answer and answer.error:
            self._say(answer.error)
        self._ask(now_s)
        if self._input is None and now_s - self._tried_s > _RETRY_S:
            self._try_to_open()

    def _run(self) -> None:
        while not self._closed.wait(_TURN_S):
            try:
                self.turn()
            except Exception as error:  # whatever a driver or a broken sample provokes: the show goes on
                self._say(f"listening failed for a moment: {type(error).__name__}: {error}")

    def _ask(self, now_s: float) -> None:
        recent = self._ring.last(RECENT_S)
        if now_s - self._asked_s < _ASK_EVERY_S or len(recent) < _FIRST_S * SAMPLE_RATE_HZ or np.abs(recent).max() < _QUIET:
            return
        place = not self._judge.knows and now_s - self._placed_s > _PLACE_EVERY_S
        longer = self._ring.last(LONGER_S) if place and self._ring.held >= _FEWEST_S * SAMPLE_RATE_HZ else None
        if self._mind.ask(Question(recent, longer, self._ring.total - len(recent))):
            self._asked_s = now_s
            self._placed_s = now_s if longer is not None else self._placed_s

    # The input ---------------------------------------------------------------------------------------------------------------

    def _try_to_open(self) -> None:
        self._tried_s = self._input_since_s = self._now_s()
        try:
            self._input = self._open_input(self._take, self._wish)
        except Exception as error:  # a sound driver may raise anything
            self._say(f"nothing is heard of the room: {error}; the show goes on in silence and looks again")
            return
        self._fresh = True

    def _greet(self) -> None:
        """Say what is heard, when the first sound of it comes: a device that opens may still give none."""
        if self._fresh and self._input:
            self._fresh = False
            self._said.clear()
            self._told.append(f"listening to {self._input.name}")

    def _lose(self) -> None:
        lost, self._input = self._input, None
        if lost:
            lost.close()
            self._say(f"{lost.name} is heard no more; the show goes on in silence and looks for it again")
            self._tried_s = self._tried_s if self._fresh else -_RETRY_S

    def _take(self, samples: FloatArray) -> None:
        self._came.append(samples)
        self._input_since_s = self._now_s()
        self.tap.put(np.repeat(samples[:, None], 2, axis=1), now_s=self._input_since_s, latency=0)

    def _say(self, words: str) -> None:
        if words not in self._said:
            self._said.add(words)
            self._told.append(words)

    # As the show's sound -------------------------------------------------------------------------------------------------------

    def play(self, command: Play) -> None:
        """The room plays."""

    def pause(self, command: Pause) -> None:
        """The room is not held."""

    def volume(self, command: Volume) -> None:
        """The room is as loud as it is."""

    def offset(self, command: Offset) -> None:
        """The picture follows what is heard."""

    def position(self) -> tuple[str, float]:
        """No song of the show's own."""
        return "", 0.0

    def spent(self) -> str:
        """No song of the show's own."""
        return ""

    def errors(self) -> list[str]:
        """What is to be said since the last call, in words for a person."""
        return [self._told.popleft() for _ in range(len(self._told))]

    @property
    def output_name(self) -> str:
        """Where sound comes from."""
        return self._input.name if self._input else "silence"


class Ring:
    """The last seconds of sound, and how many samples there were in all."""

    def __init__(self, seconds: float) -> None:
        self._samples = np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32)
        self.total = 0

    @property
    def held(self) -> int:
        """Samples that are there."""
        return min(self.total, len(self._samples))

    def write(self, samples: FloatArray) -> None:
        """Take in (n,) samples; of more than there is room for, the last."""
        kept = samples[-len(self._samples) :]
        at = (self.total + len(samples) - len(kept) + np.arange(len(kept))) % len(self._samples)
        self._samples[at] = kept
        self.total += len(samples)

    def last(self, seconds: float) -> FloatArray:
        """The last `seconds`, or what there is: (n,), a copy."""
        count = min(round(seconds * SAMPLE_RATE_HZ), self.held)
        return self._samples[(self.total - count + np.arange(count)) % len(self._samples)]


class Judge:
    """From answer to answer: which song plays, since when, and when to say so."""

    def __init__(self, durations_s: dict[str, float]) -> None:
        self._durations_s = durations_s
        self._song: tuple[str, float] | None = None
        self._misses = 0
        self._elsewhere_s: float | None = None
        self._news: list[tuple[str, str]] = []
        self._tell_song = False

    @property
    def knows(self) -> bool:
        """Whether a song of the collection is known to play."""
        return self._song is not None

    def hear(self, answer: Answer) -> None:
        """Heed an answer."""
        if answer.match is not None:
            self._recognised(answer.match.track_id, answer.match.song_s - answer.at / SAMPLE_RATE_HZ)
            return
        self._misses += not answer.error
        if self._song and self._misses >= _MISSES:
            self._song = None
        if self._song is None and answer.placed is not None:
            self._news = [("place", place_text(answer.placed.xy, answer.placed.ids[0], answer.placed.condition))]

    def events(self, total: int, *, late_s: float) -> list[tuple[str, str]]:
        """Knobs and values of what is new, when `total` samples came in, the last of them `late_s` ago."""
        news, self._news = self._news, []
        if self._song is None:
            return news
        track_id, zero_s = self._song
        song_s = zero_s + total / SAMPLE_RATE_HZ + late_s
        if song_s > self._durations_s.get(track_id, 0.0) + 1.0:
            self._song, self._misses = None, 0
            return news
        if self._tell_song:
            self._tell_song = False
            news.append(("song", song_text(track_id, song_s)))
        return news

    def _recognised(self, track_id: str, zero_s: float) -> None:
        """`zero_s` is the second of the song at the first sample of all listening."""
        self._misses, self._news = 0, []
        if self._song and self._song[0] == track_id:
            off_s = zero_s - self._song[1]
            if abs(off_s) < _MOVED_S:
                self._elsewhere_s = None
                return
            if abs(off_s) < _SAME_S:
                # Half-way: the same place, read a little differently.
                zero_s = self._song[1] + 0.5 * off_s
            elif self._elsewhere_s is None or abs(zero_s - self._elsewhere_s) > _SAME_S:
                # Music that repeats itself is found in two places by turns: only what is said twice is a jump.
                self._elsewhere_s = zero_s
                return
        self._song, self._elsewhere_s, self._tell_song = (track_id, zero_s), None, True
