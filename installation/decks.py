"""Songs on decks, mixed into one stream that never stops between them.

Sound is (n, 2) float32 at 44.1 kHz. Every song that comes in is folded over all that sounds already:

    mixed = (mixed * cos(p) + song * sin(p)) / sqrt(1 + r sin(2 p)),    p running from 0 to pi/2 over its fade

r is how alike the two sound just now, -1..1: 0 for two different songs, where this is the fade of equal power, and 1 for a
song over itself, where it is the fade of equal amplitude (Fink, Holters and Zoelzer, "Signal-matched power-complementary
cross-fading and dry-wet mixing", DAFx 2016). So the power of the sum stays constant however many songs overlap and whatever
they are, and a song that is called away half-way in never jumps. Nothing in here reads a clock: sound is drawn by the sample,
which makes the live mix and the export the same code.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from mixtape.audio import SAMPLE_RATE_HZ, blocks
from mixtape.types import FloatArray

Opener = Callable[[Path, float], Iterator[FloatArray]]
"""Opens a file at a second: blocks (n, 2) float32 at 44.1 kHz."""

AHEAD_SAMPLES = 4 * SAMPLE_RATE_HZ
"""Decoded before it is needed, when decks run ahead."""

_CUT_JOINS_SAMPLES = SAMPLE_RATE_HZ // 10
_JOIN_SAMPLES = 3 * SAMPLE_RATE_HZ // 2
_ALIKE_SAMPLES = SAMPLE_RATE_HZ // 10
_MOST_RISE = 2.0
"""Songs that cancel each other are lifted by no more than 3 dB: twice the power."""
_CUT_SAMPLES = 256
_PAUSE_SLOPE = 1 / (0.02 * SAMPLE_RATE_HZ)
_VOLUME_SLOPE = 1 / (0.05 * SAMPLE_RATE_HZ)
_VOICES = 4
_KNEE = 0.92
_SPENT_SAMPLES = SAMPLE_RATE_HZ
"""So much silence after its last sample, and a song is taken to have no more, whatever its length was said to be."""


def open_blocks(path: Path, start_s: float) -> Iterator[FloatArray]:
    """The usual `Opener`: stereo blocks of 0.4 s through mixtape's decoder."""
    return blocks(path, block_samples=1 << 14, channels=2, start_s=start_s)


def ramp(now: float, target: float, *, frames: int, slope: float) -> npt.NDArray[np.float64]:
    """Gains (frames,) on the way from `now` to `target`, at most `slope` further with each sample."""
    reach = slope * np.arange(1, frames + 1)
    return now + np.clip(target - now, -reach, reach)


def limit_peaks(samples: FloatArray) -> FloatArray:
    """Round off what is louder than 0.92 so that nothing exceeds 1; everything below passes untouched.

    y = k + (1 - k) tanh((|x| - k) / (1 - k)) beyond the knee k, with the sign of x: smooth in value and slope.
    """
    loud = np.abs(samples)
    if not len(samples) or loud.max() <= _KNEE:
        return samples
    rounded = _KNEE + (1 - _KNEE) * np.tanh((loud - _KNEE) / (1 - _KNEE))
    return np.where(loud > _KNEE, np.copysign(rounded, samples), samples).astype(np.float32)


class Deck:
    """One song as a stream of samples: after its end, or when its file is broken, endless silence.

    With `ahead` a thread decodes before it is needed and `take` never waits; without, `take` decodes as much as it needs.
    """

    def __init__(self, open_song: Callable[[], Iterator[FloatArray]], *, ahead: bool) -> None:
        self.fault: str | None = None
        self.broken = False
        self.played = self.silent = 0
        self._open_song = open_song
        self._pieces: deque[FloatArray] = deque()
        self._count = 0
        self._ended = False
        self._closed = threading.Event()
        self._room = threading.Event()
        self._lock = threading.Lock()
        self._source: Iterator[FloatArray] | None = None
        self._ahead = ahead
        if ahead:
            threading.Thread(target=self._run_ahead, name="deck", daemon=True).start()

    @property
    def ready(self) -> bool:
        """Whether the first samples are there (or never will be)."""
        return not self._ahead or self._count > 0 or self._ended

    def close(self) -> None:
        """Let go of the file."""
        self._closed.set()
        self._room.set()
        if not self._ahead:
            self._let_go()

    @property
    def spent(self) -> bool:
        """Whether nothing more will be heard of it: its file broke, or ended a while ago."""
        return self.silent > (0 if self.broken else _SPENT_SAMPLES)

    def left(self) -> int | None:
        """Samples until the end, or None while the end is more than 1.5 s away."""
        if not self._ahead:
            self._fill(_JOIN_SAMPLES)
        with self._lock:
            return self._count if self._ended else None

    def take(self, frames: int) -> FloatArray:
        """The next (frames, 2) samples; fewer only where decoding ahead has not kept up."""
        if not self._ahead:
            self._fill(frames)
        taken: list[FloatArray] = []
        with self._lock:
            wanted = min(frames, self._count)
            self._count -= wanted
            missing = frames - wanted if self._ended else 0
            while wanted:
                piece = self._pieces.popleft()
                if len(piece) > wanted:
                    self._pieces.appendleft(piece[wanted:])
                taken.append(piece[:wanted])
                wanted -= len(taken[-1])
        self._room.set()
        taken.append(np.zeros((missing, 2), np.float32))
        samples = np.concatenate(taken)
        self.played += len(samples)
        self.silent += missing
        return samples

    def _fill(self, frames: int) -> None:
        while self._count < frames and not self._ended:
            self._draw()

    def _draw(self) -> None:
        try:
            if self._source is None:
                self._source = self._open_song()
            piece = np.asarray(next(self._source), np.float32).reshape(-1, 2)
        except StopIteration:
            self._ended = True
        except Exception as error:  # the show goes on, whatever a decoder thinks of a file
            self.fault = str(error) or type(error).__name__
            self.broken = self._ended = True
        else:
            with self._lock:
                self._pieces.append(piece)
                self._count += len(piece)

    def _run_ahead(self) -> None:
        while not self._ended and not self._closed.is_set():
            if self._count < AHEAD_SAMPLES:
                self._draw()
            else:
                self._room.wait(0.5)
                self._room.clear()
        self._let_go()

    def _let_go(self) -> None:
        source, self._source, self._ended = self._source, None, True
        if isinstance(source, Generator):
            with suppress(Exception):
                source.close()


class Likeness:
    """How alike two streams sound around each sample: r = <xy> / sqrt(<xx> <yy>), means falling off over the last 0.1 s.

    Follows sample by sample, so that the answer does not depend on the pieces it is asked in.
    """

    def __init__(self) -> None:
        self._rests = [np.zeros(1) for _ in range(3)]

    def of(self, x: FloatArray, y: FloatArray) -> npt.NDArray[np.float64]:
        """r (n,) of the next samples x and y, each (n, 2); 0 where one of them is silent."""
        keep = 1.0 - 1.0 / _ALIKE_SAMPLES
        means = []
        for place, (a, b) in enumerate(((x, y), (x, x), (y, y))):
            product = np.einsum("ij,ij->i", a, b, dtype=np.float64)
            mean, self._rests[place] = lfilter([1.0 - keep], [1.0, -keep], product, zi=self._rests[place])
            means.append(mean)
        power = np.sqrt(np.maximum(means[1] * means[2], 0.0))
        return np.clip(np.divide(means[0], power, out=np.zeros(len(x)), where=power > 1e-12), -1.0, 1.0)


@dataclass(slots=True)
class _Voice:
    """A deck in the mix: how far its fade is (in samples, `speed` a sample), and the samples it still waits."""

    track_id: str
    start_s: float
    deck: Deck
    fade: int
    delay: int
    gain: float
    phase: float = 0.0
    speed: float = 1.0
    likeness: Likeness = field(default_factory=lambda: Likeness())

    @property
    def unheard(self) -> bool:
        return self.deck.played == 0

    @property
    def arrived(self) -> bool:
        return self.phase >= self.fade and not self.unheard

    @property
    def song_s(self) -> float:
        return self.start_s + self.deck.played / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where the newest song was when output sample `frame` was drawn, and how many samples it moved from there."""

    frame: int
    track_id: str
    song_s: float
    delay: int
    moved: int


class Mixer:
    """Any number of songs into one stereo stream. `path_of` finds a track's file; KeyError means there is none.

    `ahead=False` decodes on demand: exact and deterministic, for export and tests. `ahead=True` never waits for a file; a fade
    starts when its song is ready. `gain_of` says what a song's samples are multiplied by, for as long as it plays;
    a song joined to one that may be `one_recording` with it keeps the gain of that, or the join would be heard as a step.
    To be used from one thread at a time. `starved` counts the pieces in which a song had begun and its decoder had not kept up.
    """

    def __init__(
        self,
        path_of: Callable[[str], Path],
        *,
        ahead: bool,
        volume: float = 1.0,
        opener: Opener = open_blocks,
        gain_of: Callable[[str], float] = lambda _: 1.0,
        one_recording: Callable[[str, str], bool] = lambda _before, _after: False,
    ) -> None:
        self.rendered = 0
        self.starved = 0
        self._path_of, self._opener, self._ahead = path_of, opener, ahead
        self._gain_of, self._one_recording = gain_of, one_recording
        self._voices: list[_Voice] = []
        self._marks: deque[_Mark] = deque(maxlen=512)
        self._volume = self._volume_goal = volume
        self._hold = self._hold_goal = 1.0
        self._faults: list[str] = []

    def play(self, track_id: str, *, start_s: float = 0.0, fade_s: float = 0.0, after_s: float | None = None) -> None:
        """Bring a song in from its second `start_s`, over `fade_s` seconds.

        It begins now, or when the song that came in last is at its second `after_s`, to the sample, and at that song's end at
        the latest. A cut (fade 0) in the last 0.1 s of a song waits for its last sample in any case.
        """
        while self._voices and self._voices[-1].unheard:
            self._voices.pop().deck.close()
        delay, joins = self._delay(after_s, fade_s)
        soft = _CUT_SAMPLES if self._voices or start_s else 0
        fade = 0 if joins and fade_s <= 0 else max(round(fade_s * SAMPLE_RATE_HZ), soft)
        runs_on = joins and self._one_recording(self._voices[-1].track_id, track_id)
        gain = self._voices[-1].gain if runs_on else self._gain_of(track_id)
        self._voices.append(_Voice(track_id, start_s, self._deck(track_id, start_s), fade, delay, gain))
        # More songs than can be told apart: the oldest hand over quickly, yet without a click.
        for voice in self._voices[1 : 1 + len(self._voices) - _VOICES]:
            voice.speed = max(voice.speed, (voice.fade - voice.phase) / (2 * _CUT_SAMPLES))

    def pause(self, paused: bool) -> None:
        """Hold all songs, or let them go on, with a ramp of 20 ms."""
        self._hold_goal = 0.0 if paused else 1.0

    def volume(self, volume: float) -> None:
        """Go to this loudness 0..1, as fast as nobody hears a step."""
        self._volume_goal = min(max(volume, 0.0), 1.0)

    def position(self, frame: int | None = None) -> tuple[str, float]:
        """Track id and second of the newest song: now, or when output sample `frame` was drawn. ("", 0.0) before the first."""
        if frame is None:
            return (self._voices[-1].track_id, self._voices[-1].song_s) if self._voices else ("", 0.0)
        mark = next((mark for mark in reversed(tuple(self._marks)) if mark.frame <= frame), None)
        if mark is None:
            return ("", 0.0) if not self._marks else (self._marks[0].track_id, self._marks[0].song_s)
        # The newest song may be asked for ahead of what is mixed: a picture that is shown late has to be drawn early.
        newest = mark is self._marks[-1] and mark.moved
        passed = max(frame - mark.frame - mark.delay, 0)
        passed = passed if newest else min(passed, mark.moved)
        return mark.track_id, mark.song_s + passed / SAMPLE_RATE_HZ

    def spent(self) -> str:
        """Id of the newest song when nothing more will be heard of it before its time, else ""."""
        # A slice: another thread may ask while a song comes or goes.
        return next((voice.track_id for voice in self._voices[-1:] if voice.deck.spent), "")

    def errors(self) -> list[str]:
        """What went wrong since the last call: one line for each song that cannot be heard to its end."""
        told, self._faults = self._faults, []
        return told

    def close(self) -> None:
        """Let go of all files."""
        for voice in self._voices:
            voice.deck.close()
        self._voices.clear()

    def render(self, frames: int) -> FloatArray:
        """The next (frames, 2) samples, none beyond -1..1."""
        hold = ramp(self._hold, self._hold_goal, frames=frames, slope=_PAUSE_SLOPE)
        moving = frames if self._hold_goal > 0 else int(np.count_nonzero(hold > 0))
        gain = hold * ramp(self._volume, self._volume_goal, frames=frames, slope=_VOLUME_SLOPE)
        out = np.zeros((frames, 2), np.float32)
        out[:moving] = self._sum(moving)
        if frames:
            self._hold = float(hold[-1])
            self._volume = float(ramp(self._volume, self._volume_goal, frames=frames, slope=_VOLUME_SLOPE)[-1])
        self.rendered += frames
        if np.all(gain == 1.0):
            return limit_peaks(out)
        return limit_peaks((out * gain[:, None]).astype(np.float32))

    def _sum(self, frames: int) -> FloatArray:
        newest = self._voices[-1] if self._voices else None
        before = (newest.song_s, newest.delay, newest.deck.played) if newest else (0.0, 0, 0)
        mixed = np.zeros((frames, 2), np.float32)
        for voice in self._voices if frames else ():
            self._fold(mixed, voice)
        if newest:
            moved = newest.deck.played - before[2]
            self._marks.append(_Mark(self.rendered, newest.track_id, before[0], before[1], moved))
        self._retire()
        return mixed

    def _fold(self, mixed: FloatArray, voice: _Voice) -> None:
        """Lay one song over what is mixed so far, in place."""
        wait = min(voice.delay, len(mixed))
        voice.delay -= wait
        under = mixed[wait:]
        if not len(under) or not voice.deck.ready:
            return
        song = voice.deck.take(len(under))
        if len(song) < len(under):
            self.starved += 1
            song = np.concatenate([song, np.zeros((len(under) - len(song), 2), np.float32)])
        if voice.gain != 1.0:
            song = song * np.float32(voice.gain)
        if voice.arrived or voice.fade == 0:
            under[:] = song
        else:
            place = np.clip((voice.phase + voice.speed * np.arange(len(under))) / voice.fade, 0, 1) * (np.pi / 2)
            alike = voice.likeness.of(under, song) if voice.fade > _ALIKE_SAMPLES else 0.0
            level = 1.0 / np.sqrt(np.maximum(1.0 + alike * np.sin(2 * place), 1.0 / _MOST_RISE))
            under[:] = under * (np.cos(place) * level)[:, None] + song * (np.sin(place) * level)[:, None]
        voice.phase += voice.speed * len(under)

    def _retire(self) -> None:
        """Forget the songs under one that has fully come in, and tell of those that failed."""
        for voice in self._voices:
            if voice.deck.fault:
                self._faults.append(f"cannot play {voice.deck.fault}")
                voice.deck.fault = None
        arrived = max((index for index, voice in enumerate(self._voices) if voice.arrived), default=0)
        for voice in self._voices[:arrived]:
            voice.deck.close()
        del self._voices[:arrived]

    def _delay(self, after_s: float | None, fade_s: float) -> tuple[int, bool]:
        """Samples until a song may begin, by the place of the song before; and whether that is behind its last sample."""
        if not self._voices:
            return 0, False
        before = self._voices[-1]
        left = before.deck.left()
        if after_s is None:
            alone = len(self._voices) == 1 and before.arrived
            near = fade_s <= 0 and alone and left is not None and left <= _CUT_JOINS_SAMPLES
            return (left, True) if near and left is not None else (0, False)
        until = round(max(after_s - before.song_s, 0.0) * SAMPLE_RATE_HZ)
        return (left, True) if left is not None and left <= until else (until, False)

    def _deck(self, track_id: str, start_s: float) -> Deck:
        def open_song() -> Iterator[FloatArray]:
            try:
                path = self._path_of(track_id)
            except KeyError:
                raise LookupError(f"song {track_id}: it is not in the library") from None
            return self._opener(path, start_s)

        return Deck(open_song, ahead=self._ahead)
