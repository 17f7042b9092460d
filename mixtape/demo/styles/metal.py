"""Metal: two guitars through amplifiers, double kick, blast beats, a bass underneath, and a tune in thirds above."""

from __future__ import annotations

import numpy as np

from mixtape.demo import drums, voices
from mixtape.demo.desk import Echo, Master, Room, Strip, boosted, filtered
from mixtape.demo.harmony import Note, Section, degree, moved, phrase, sections
from mixtape.demo.plan import Song
from mixtape.demo.stage import Stage, Stroke, Voice
from mixtape.types import FloatArray

_RIFF_SHAPES = ("X.xxX.xxX.xxXxxx", "XxxxX.x.XxxxX.X.", "X.xX.xX.xX.xX.xx", "XxXxxxXxXxXxxxXx")


def metal(song: Song) -> FloatArray:
    """Palm-muted chugs against open fifths, a blast over tremolo picking in the middle, half time at the end, one last chord."""
    stage = Stage(song, loose_s=0.002)
    low = 40.0 - (song.tonic % 4)
    riffs = [_riff(stage.rng, song.scale, low) for _ in range(2)]
    roots = (0, 0, 5, 1)
    tune = phrase(stage.rng, roots, scale=song.scale, tonic=low + 36, density=0.8, low=-2, high=9)
    kit = _kit(stage)
    for part in sections(song.bars, (("intro", 2), ("theme", 4), ("blast", 3), ("return", 4), ("slow", 3))):
        _drums(stage, kit, part)
        for bar in part.each_bar():
            if part.name in ("blast", "return"):
                own = [n for n in tune if bar % 4 * 4 <= n.beat < bar % 4 * 4 + 4]
                _lead(stage, moved(own, beats=(bar - bar % 4) * 4))
            _guitars(stage, song, part.name, bar, riffs[part.name == "theme"], degree(song.scale, low, roots[bar % 4]))
    _last_chord(stage, kit, low)
    stage.desk.buses["guitar"] = _amplified(stage.desk.bus("guitar"), drive=9.0)
    stage.desk.buses["lead"] = _amplified(stage.desk.bus("lead"), drive=5.0)
    strips = {
        "guitar": Strip(0.5, low_cut_hz=75, room=0.05),
        "lead": Strip(0.4, low_cut_hz=300, room=0.25, echo=0.3),
        "bass": Strip(0.95, high_cut_hz=1200),
        "drums": Strip(0.95, room=0.12),
    }
    return stage.desk.finish(
        strips, room=Room(1.1, 6500), echo=Echo(0.5 * stage.beat_s, 0.35), master=Master(-10.0, -0.8, glue=0.45)
    )


def _riff(rng: np.random.Generator, scale: str, low: float) -> list[tuple[float, float, bool]]:
    """Two bars of sixteenths: where, how high, and whether the palm lets go."""
    shape = "".join(_RIFF_SHAPES[int(k)] for k in rng.integers(0, len(_RIFF_SHAPES), 2))
    notes, step = [], 0
    for place, mark in enumerate(shape):
        if mark == "X":
            step = int(rng.choice([0, 0, 1, 2, 3, 5]))
        if mark != ".":
            notes.append((place / 4, degree(scale, low, step if mark == "X" else 0), mark == "X"))
    return notes


def _string(stage: Stage, *, muted: bool) -> Voice:
    def voice(freq_hz: float, duration_s: float, _velocity: float) -> FloatArray:
        ring = 0.25 if muted else 5.0
        fifth = voices.pluck(freq_hz * 2 ** (7 / 12), duration_s, stage.rng, bright=0.5, ring_s=ring, pick=0.1)
        root = voices.pluck(freq_hz, duration_s, stage.rng, bright=0.55, ring_s=ring, pick=0.1)
        return root + fifth * np.float32(0.25 if muted else 0.8)

    return voice


def _guitars(stage: Stage, song: Song, name: str, bar: int, riff: list[tuple[float, float, bool]], root: float) -> None:
    beat, mutes = bar * 4.0, list[Note]()
    if name == "slow":
        chords = [(0.0, 1.9, 0.0), (2.0, 0.9, 1.0), (3.0, 0.95, 0.0)]
        notes = [Note(beat + at, length, root + up, 0.9) for at, length, up in chords]
    elif name == "blast":
        notes = [Note(beat + k / 4, 0.26, root + 12, 0.8) for k in range(16)]
    else:
        half = [(at - 4 * (bar % 2), pitch, loud) for at, pitch, loud in riff if 4 * (bar % 2) <= at < 4 * (bar % 2) + 4]
        notes = [Note(beat + at, 0.4, pitch, 0.9) for at, pitch, loud in half if loud]
        mutes = [Note(beat + at, 0.25, pitch, 0.8) for at, pitch, loud in half if not loud]
    for side in (-0.9, 0.9):
        stage.play(notes, _side(stage, side, muted=False), bus="guitar", pan=side, hold=1.0)
        stage.play(mutes, _side(stage, side, muted=True), bus="guitar", pan=side, hold=1.0)
    stage.play(notes + mutes, _bass, bus="bass", gain=0.7)


def _side(stage: Stage, side: float, *, muted: bool) -> Voice:
    """The guitarist on one side: the same part, another instrument, a few cents off."""

    def voice(freq_hz: float, duration_s: float, velocity: float) -> FloatArray:
        detuned = freq_hz * (1.0 + 0.0012 * side)
        note = Note(0, duration_s / stage.beat_s, 69 + 12 * float(np.log2(detuned / 440.0)), velocity)
        return stage.sound(_string(stage, muted=muted), note, 1.0, f"string{muted}")

    return voice


def _bass(freq_hz: float, duration_s: float, velocity: float) -> FloatArray:
    grit = voices.closing(freq_hz, duration_s, bright=0.5, close_per_s=3)
    return np.tanh(2.0 * grit * velocity).astype(np.float32) * np.float32(0.6)


def _lead(stage: Stage, notes: list[Note]) -> None:
    def voice(freq_hz: float, duration_s: float, velocity: float) -> FloatArray:
        return voices.reeds(freq_hz, duration_s, vibrato=30, top_hz=5000) * np.float32(velocity)

    stage.play(notes, voice, bus="lead", pan=-0.3, hold=1.0)
    stage.play(moved(notes, pitch=-12), voice, bus="lead", pan=0.3, hold=1.0)


def _amplified(sound: FloatArray, *, drive: float) -> FloatArray:
    """Tightened, driven into tanh, then through a loudspeaker: a bump at 120 Hz, a bite at 2.6 kHz, little above 5 kHz."""
    tight = filtered(sound, "highpass", 110.0, order=1)
    driven = np.tanh(drive * tight / (np.percentile(np.abs(tight[:, ::7]), 95) + 1e-6) * 0.6).astype(np.float32)
    cabinet = boosted(boosted(driven, 120, gain=0.6, q=1.2), 2600, gain=0.8, q=1.5)
    return filtered(filtered(cabinet, "lowpass", 4800, order=4), "highpass", 80)


def _kit(stage: Stage) -> dict[str, Stroke]:
    rng = stage.rng
    return {
        "kick": Stroke((drums.kick(low_hz=58, sweep_hz=190, fall=60, length_s=0.16, click=1.1),), 0.85),
        "snare": Stroke(tuple(drums.snare(rng, tone_hz=205, length_s=0.2, wires=0.9) for _ in range(3)), 0.85, 0.03),
        "hat": Stroke(tuple(drums.hat(rng, length_s=0.12, low_hz=6000) for _ in range(3)), 0.35, 0.4),
        "ride": Stroke((drums.ride(rng, length_s=0.6), drums.ride(rng, length_s=0.6)), 0.4, -0.4),
        "crash": Stroke((drums.crash(rng), drums.crash(rng)), 0.5, -0.5),
        "tom": Stroke((drums.tom(freq_hz=140), drums.tom(freq_hz=100), drums.tom(freq_hz=76)), 0.8, 0.2),
    }


def _drums(stage: Stage, kit: dict[str, Stroke], part: Section) -> None:
    lines = {
        "intro": {"kick": "X... X... X... X...", "crash": "X... .... .... ....", "hat": "x... x... x... x..."},
        "theme": {"kick": "X.xx X.xx X.xx X.xx", "snare": ".... X... .... X...", "hat": "x.x. x.x. x.x. x.x."},
        "blast": {"kick": "X.X. X.X. X.X. X.X.", "snare": ".X.X .X.X .X.X .X.X", "ride": "x.x. x.x. x.x. x.x."},
        "return": {"kick": "xxxx xxxx xxxx xxxx", "snare": ".... X... .... X...", "ride": "X... x... X... x..."},
        "slow": {
            "kick": "X... ..X. ..xx ....",
            "snare": ".... .... X... ....",
            "crash": "X... .... X... ....",
            "ride": "x... x... x... x...",
        },
    }[part.name]
    bars = list(part.each_bar())
    stage.groove(bars[:-1], kit, lines)
    stage.groove(bars[-1:], kit, {**lines, "snare": ".... X... x.xx XXXX", "tom": ".... .... ..x. x.xx"})
    stage.stroke(kit["crash"], part.bar * 4, 1.0)


def _last_chord(stage: Stage, kit: dict[str, Stroke], low: float) -> None:
    end = stage.song.bars * 4
    for side in (-0.9, 0.9):
        stage.play([Note(end, 2.4 / stage.beat_s, low, 1.0)], _side(stage, side, muted=False), bus="guitar", pan=side, hold=1.0)
    stage.play([Note(end, 2.0 / stage.beat_s, low, 1.0)], _bass, bus="bass", gain=0.7)
    stage.stroke(kit["crash"], end, 1.0)
    stage.stroke(kit["kick"], end, 1.0)
