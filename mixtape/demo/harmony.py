"""Scales, chords, melodies and rhythms, as pure functions of a random generator.

Pitches are MIDI numbers (60 = middle C, may be fractional for other tunings), times are beats from the start of the song.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

SCALES: dict[str, tuple[float, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "harmonic": (0, 2, 3, 5, 7, 8, 11),
    "pelog": (0, 1.2, 2.7, 5.4, 6.7, 7.9, 9.5),
    "slendro": (0, 2.4, 4.8, 7.2, 9.6),
}


@dataclass(frozen=True, slots=True)
class Note:
    """One note: when and how long in beats, how high as a MIDI number, how strong from 0 to 1."""

    beat: float
    length: float
    pitch: float
    velocity: float = 0.7


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of the song: its name, the bar it begins in, and how many bars it lasts."""

    name: str
    bar: int
    bars: int

    def each_bar(self) -> Iterator[int]:
        """The numbers of its bars."""
        return iter(range(self.bar, self.bar + self.bars))


def hertz(pitch: float) -> float:
    """Frequency of a MIDI pitch: 440 * 2^((pitch - 69) / 12)."""
    return float(440.0 * 2.0 ** ((pitch - 69.0) / 12.0))


def degree(scale: str, tonic: float, step: int) -> float:
    """Pitch of a scale step; 0 is the tonic, 7 (in a seven-note scale) its octave, negative steps lie below."""
    notes = SCALES[scale]
    return tonic + notes[step % len(notes)] + 12.0 * (step // len(notes))


def chord(scale: str, tonic: float, root: int, *, size: int = 3) -> tuple[float, ...]:
    """Stacked thirds of the scale on step `root`: three make a triad, four a seventh, five a ninth."""
    return tuple(degree(scale, tonic, root + 2 * k) for k in range(size))


def led(previous: Sequence[float] | None, pitches: Sequence[float], *, centre: float = 60.0) -> tuple[float, ...]:
    """The chord with each pitch in the octave nearest to the previous chord's middle (or to `centre`): quiet hands."""
    middle = float(np.mean(previous)) if previous else centre
    middle = 0.7 * middle + 0.3 * centre
    return tuple(sorted(p + 12.0 * round((middle - p) / 12.0) for p in pitches))


def sections(bars: int, plan: Sequence[tuple[str, int]]) -> list[Section]:
    """Share `bars` among named parts by weight, every part at least one bar, the largest taking up the rounding."""
    total = sum(weight for _, weight in plan)
    sizes = [max(1, round(bars * weight / total)) for _, weight in plan]
    sizes[int(np.argmax(sizes))] += bars - sum(sizes)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return [Section(name, int(start), size) for (name, _), start, size in zip(plan, starts, sizes, strict=True)]


def rhythm(rng: np.random.Generator, *, beats: int = 4, grid: int = 2, density: float = 0.6) -> list[tuple[float, float]]:
    """Onset and length in beats over `beats`, on a grid of `grid` steps a beat; strong places are likelier."""
    steps = np.arange(beats * grid)
    strength = np.where(steps % (2 * grid) == 0, 1.35, np.where(steps % grid == 0, 1.0, 0.6))
    on = np.flatnonzero(rng.random(len(steps)) < density * strength)
    on = on if len(on) else np.array([0])
    ends = np.append(on[1:], beats * grid)
    return [(float(a) / grid, float(b - a) / grid) for a, b in zip(on, ends, strict=True)]


def walk(rng: np.random.Generator, length: int, *, start: int, low: int, high: int, leap: float = 0.15) -> list[int]:
    """A melody in scale steps: mostly seconds, sometimes a leap that is then turned back, bent inwards at the edges."""
    steps, here, last = [], start, 0
    for _ in range(length):
        steps.append(here)
        if abs(last) > 2:
            last = -int(np.sign(last))
        else:
            last = int(rng.choice([-4, -3, 3, 4, 5])) if rng.random() < leap else int(rng.choice([-2, -1, -1, 1, 1, 2, 0]))
        if not low <= here + last <= high:
            last = -last
        here = int(np.clip(here + last, low, high))
    return steps


def phrase(
    rng: np.random.Generator,
    roots: Sequence[int],
    *,
    scale: str,
    tonic: float,
    beats: int = 4,
    grid: int = 2,
    density: float = 0.6,
    low: int = -2,
    high: int = 9,
) -> list[Note]:
    """A tune over one root per bar. Its first bar is a motif; the others repeat it with the harmony, every fourth answers anew.

    On strong beats the nearest chord step is taken, so the tune agrees with what is under it.
    """
    motif = rhythm(rng, beats=beats, grid=grid, density=density)
    contour = walk(rng, len(motif), start=int(rng.integers(2, 5)), low=low, high=high)
    notes: list[Note] = []
    for bar, root in enumerate(roots):
        own, line = motif, contour
        if bar % 4 == 3:
            own = rhythm(rng, beats=beats, grid=grid, density=density * 0.7)
            line = walk(rng, len(own), start=contour[-1], low=low, high=high)
        shift = (root + 3) % 7 - 3 if bar % 2 else 0
        for (at, length), step in zip(own, line, strict=True):
            step = _agree(step + shift, root) if at % 1 == 0 else step + shift
            notes.append(Note(bar * beats + at, length, degree(scale, tonic, step), float(rng.uniform(0.6, 0.9))))
    return notes


def _agree(step: int, root: int) -> int:
    near = [root + 7 * octave + third for octave in (-2, -1, 0, 1, 2) for third in (0, 2, 4)]
    return min(near, key=lambda candidate: (abs(candidate - step), candidate))


def moved(notes: Sequence[Note], *, beats: float = 0.0, pitch: float = 0.0, gain: float = 1.0) -> list[Note]:
    """The same notes later, higher or stronger."""
    return [replace(n, beat=n.beat + beats, pitch=n.pitch + pitch, velocity=min(n.velocity * gain, 1.0)) for n in notes]


def steps(pattern: str) -> list[tuple[int, float]]:
    """Read a drum line: 'x' a stroke, 'X' an accent, 'o' a ghost, anything else a rest; spaces are for the eye."""
    strength = {"x": 0.75, "X": 1.0, "o": 0.35}
    return [(at, strength[mark]) for at, mark in enumerate(pattern.replace(" ", "")) if mark in strength]
