"""Music of plucked strings: a harpsichord in two voices, and a steel-string guitar with a fiddle beside it."""

from __future__ import annotations

import numpy as np

from mixtape.demo import drums, voices
from mixtape.demo.desk import Echo, Master, Room, Strip
from mixtape.demo.harmony import Note, chord, degree, led, moved, phrase, sections
from mixtape.demo.plan import Song
from mixtape.demo.stage import Stage, Stroke, Voice, strum
from mixtape.types import FloatArray

_CIRCLE = (0, 3, 6, 2, 5, 1, 4, 0)
_BALLADS = ((0, 3, 0, 4), (0, 5, 3, 4), (0, 4, 3, 0), (3, 0, 4, 0))


def baroque(song: Song) -> FloatArray:
    """Over the circle of fifths the right hand runs, the left hand answers two octaves lower, strings join at the return."""
    stage = Stage(song, loose_s=0.009)
    tonic = 48 + song.tonic % 12
    figure = stage.rng.permutation([0, 2, 4, 7, 4, 2, 4, 2])
    subject = phrase(stage.rng, _CIRCLE, scale=song.scale, tonic=tonic + 12, grid=4, density=0.6, low=0, high=9)
    hands: tuple[float, ...] | None = None
    for part in sections(song.bars, (("prelude", 2), ("subject", 5), ("answer", 4), ("return", 5))):
        for bar in part.each_bar():
            root = _CIRCLE[bar % 8]
            hands = led(hands, chord(song.scale, tonic, root), centre=64)
            own = moved([n for n in subject if bar % 8 * 4 <= n.beat < bar % 8 * 4 + 4], beats=(bar - bar % 8) * 4)
            _harpsichord_bar(stage, song, part.name, bar, root, figure, own)
            if part.name == "return":
                _consort(stage, hands, bar)
    _cadence(stage, song, tonic)
    strips = {"harpsichord": Strip(0.8, low_cut_hz=60, room=0.22), "strings": Strip(0.42, low_cut_hz=120, room=0.4)}
    return stage.desk.finish(strips, room=Room(1.9, 5500, gap_s=0.02), echo=Echo(), master=Master(-19.0, -1.5, glue=0.08))


def _harpsichord(stage: Stage) -> Voice:
    def voice(freq_hz: float, duration_s: float, _velocity: float) -> FloatArray:
        eight = voices.pluck(freq_hz, duration_s + 0.15, stage.rng, bright=0.92, ring_s=2.2, pick=0.12)
        four = voices.pluck(freq_hz * 2, duration_s + 0.15, stage.rng, bright=0.9, ring_s=1.3, pick=0.15)
        return eight * np.float32(0.7) + four * np.float32(0.4)

    return voice


def _harpsichord_bar(stage: Stage, song: Song, name: str, bar: int, root: int, figure: np.ndarray, own: list[Note]) -> None:
    tonic, beat = 48 + song.tonic % 12, bar * 4.0
    runs = [Note(beat + k / 2, 0.5, degree(song.scale, tonic + 12, root + int(figure[k])), 0.75) for k in range(8)]
    quick = [
        Note(beat + k / 4, 0.27, degree(song.scale, tonic + 12, root + int(figure[k % 8]) + (k // 8)), 0.7) for k in range(16)
    ]
    pedal = [
        Note(beat + at, length, degree(song.scale, tonic - 12, root) + up, 0.8)
        for at, length, up in ((0, 2, 0), (2, 1, 12), (3, 1, 7))
    ]
    right = {"prelude": runs, "subject": own, "answer": quick, "return": own + quick[::2]}[name]
    left = moved(own, pitch=-24) if name == "answer" else pedal
    stage.play(right, _harpsichord(stage), bus="harpsichord", pan=0.2, hold=1.05)
    stage.play(left, _harpsichord(stage), bus="harpsichord", pan=-0.25, hold=1.0)


def _consort(stage: Stage, pitches: tuple[float, ...], bar: int) -> None:
    def bowed(freq_hz: float, duration_s: float, _velocity: float) -> FloatArray:
        return voices.shaped(
            voices.thick(freq_hz, duration_s, stage.rng, tilt=1.2, width_cents=14, formants_hz=(500, 2400)), 0.12, 0.25
        )

    stage.play(strum(pitches, bar * 4, 4.1), bowed, bus="strings", spread=1.0, hold=1.0)


def _cadence(stage: Stage, song: Song, tonic: float) -> None:
    third = 4.0
    final = (tonic - 12, tonic, tonic + 7, tonic + 12, tonic + 12 + third, tonic + 19)
    stage.play(strum(final, song.bars * 4, 3.6, apart=0.14), _harpsichord(stage), bus="harpsichord", spread=0.6)


def folk(song: Song) -> FloatArray:
    """Thumb on the low strings, fingers rolling above, the tune picked out, then a fiddle, a tambourine, a foot on the floor."""
    stage = Stage(song, swing=0.05, swing_step=0.5, loose_s=0.008)
    tonic = 43 + song.tonic % 8
    roots = _BALLADS[int(stage.rng.integers(4))]
    tune = phrase(stage.rng, roots, scale=song.scale, tonic=tonic + 24, density=0.55, low=-2, high=7)
    roll = stage.rng.permutation([1, 2, 3, 2])
    kit = {
        "stomp": Stroke((drums.kick(low_hz=70, sweep_hz=30, length_s=0.16, click=0.15),), 0.6),
        "jingle": Stroke(tuple(drums.hat(stage.rng, length_s=0.1, low_hz=5200) for _ in range(3)), 0.25, 0.35),
    }
    for part in sections(song.bars, (("intro", 2), ("verse", 4), ("fiddle", 4), ("return", 5), ("ending", 1))):
        if part.name in ("fiddle", "return"):
            stage.groove(part.each_bar(), kit, {"stomp": "X.......x.......", "jingle": "....x..o....x.oo"})
        for bar in part.each_bar():
            root = roots[bar % 4]
            _travis(stage, song, tonic, root, bar, roll)
            own = moved([n for n in tune if bar % 4 * 4 <= n.beat < bar % 4 * 4 + 4], beats=(bar - bar % 4) * 4)
            if part.name in ("verse", "return"):
                stage.play(own, _steel(stage, bright=0.75), bus="tune", pan=0.15, hold=1.5)
            if part.name in ("fiddle", "return"):
                stage.play(moved(own, pitch=0.0 if part.name == "fiddle" else 12.0), _fiddle, bus="fiddle", pan=-0.3, hold=1.02)
    stage.play(
        strum([tonic, tonic + 7, tonic + 12, tonic + 16, tonic + 19, tonic + 24], song.bars * 4, 4.5, apart=0.09),
        _steel(stage),
        bus="guitar",
    )
    strips = {
        "guitar": Strip(0.85, low_cut_hz=70, room=0.14),
        "tune": Strip(1.3, low_cut_hz=120, room=0.2),
        "fiddle": Strip(0.5, low_cut_hz=220, high_cut_hz=6500, room=0.4),
        "drums": Strip(1.5, room=0.15),
    }
    return stage.desk.finish(strips, room=Room(1.2, 5500), echo=Echo(), master=Master(-18.0, -1.5, glue=0.15))


def _steel(stage: Stage, *, bright: float = 0.62) -> Voice:
    def voice(freq_hz: float, duration_s: float, velocity: float) -> FloatArray:
        return voices.pluck(freq_hz, duration_s + 0.2, stage.rng, bright=bright * (0.7 + 0.3 * velocity), ring_s=3.2, pick=0.16)

    return voice


def _fiddle(freq_hz: float, duration_s: float, velocity: float) -> FloatArray:
    tone = voices.reeds(freq_hz, duration_s, detune=(-3, 3), vibrato=24, top_hz=7000)
    return voices.shaped(tone * np.float32(velocity), min(0.07, duration_s * 0.3), min(0.08, duration_s * 0.3))


def _travis(stage: Stage, song: Song, tonic: float, root: int, bar: int, roll: np.ndarray) -> None:
    pitches = [degree(song.scale, tonic, root + s) for s in (0, 4, 7, 9, 11)]
    thumb = [Note(bar * 4 + k, 1.4, pitches[0] if k % 2 == 0 else pitches[1], 0.85) for k in range(4)]
    fingers = [Note(bar * 4 + k + 0.5, 1.2, pitches[1 + int(roll[k])], 0.6) for k in range(4)]
    pinch = [Note(bar * 4, 1.6, pitches[4], 0.6)] if bar % 2 == 0 else []
    stage.play(thumb + fingers + pinch, _steel(stage), bus="guitar", spread=0.7, hold=1.2)
