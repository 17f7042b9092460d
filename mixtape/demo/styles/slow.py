"""Music with time in it: dub, where the mixing desk is the solo instrument, and ambient, which has no drums at all."""

from __future__ import annotations

import numpy as np

from mixtape.demo import drums, voices
from mixtape.demo.desk import Echo, Master, Room, Strip, fade_out, filtered
from mixtape.demo.harmony import Note, Section, chord, degree, led, moved, phrase, sections
from mixtape.demo.plan import Song
from mixtape.demo.stage import Stage, Stroke, strum
from mixtape.types import FloatArray


def dub(song: Song) -> FloatArray:
    """One drop: the kick waits for the third beat, the organ answers off the beat, and strokes are thrown into the echo."""
    stage = Stage(song, swing=0.08, swing_step=0.25, loose_s=0.005)
    tonic = 48 + song.tonic % 12
    roots = ((0, 0, 3, 0), (0, 6, 0, 6), (0, 3, 4, 0), (0, 0, 6, 5))[int(stage.rng.integers(4))]
    riff = _bass_riff(stage.rng)
    tune = phrase(stage.rng, roots, scale=song.scale, tonic=tonic + 12, density=0.45, low=0, high=8)
    kit = _dub_kit(stage)
    for part in sections(song.bars, (("intro", 1), ("theme", 4), ("dub", 3), ("return", 4), ("outro", 1))):
        _one_drop(stage, kit, part)
        for bar in part.each_bar():
            low = degree(song.scale, tonic - 24, roots[bar % 4])
            if part.name != "intro":
                stage.play([Note(bar * 4 + at, length, low + up, 0.95) for at, length, up in riff], _deep, bus="bass")
            skank = chord(song.scale, tonic + 12, roots[bar % 4])
            _skank(stage, skank, bar, thrown=part.name == "dub")
            if part.name in ("theme", "return"):
                own = [n for n in tune if bar % 4 * 4 <= n.beat < bar % 4 * 4 + 4]
                stage.play(moved(own, beats=(bar - bar % 4) * 4), _melodica, bus="lead", pan=-0.25)
    stage.stroke(kit["throw"], 0, 0.8)
    _throws(stage, kit)
    strips = {
        "drums": Strip(0.8, room=0.14, echo=0.03),
        "throw": Strip(1.1, low_cut_hz=200, room=0.3, echo=1.0),
        "bass": Strip(0.55, high_cut_hz=420),
        "organ": Strip(0.75, low_cut_hz=220, high_cut_hz=3200, room=0.2, echo=0.18),
        "lead": Strip(0.42, low_cut_hz=250, high_cut_hz=4200, room=0.25, echo=0.45),
    }
    master = Master(-15.0, -1.0, glue=0.3, fade_out_s=3.0)
    return stage.desk.finish(strips, room=Room(2.6, 2800, gap_s=0.03), echo=Echo(0.75 * stage.beat_s, 0.66, 2200), master=master)


def _bass_riff(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    options: tuple[list[tuple[float, float, float]], ...] = (
        [(0, 0.7, 0), (0.75, 0.6, 7), (1.5, 0.9, 0), (3, 0.4, 10), (3.5, 0.45, 7)],
        [(0, 1.2, 0), (1.5, 0.45, 3), (2, 0.45, 5), (2.75, 1, 0)],
        [(0.5, 0.45, 0), (1, 0.45, 0), (1.5, 1.2, 7), (3, 0.9, 5)],
    )
    return options[int(rng.integers(len(options)))]


def _dub_kit(stage: Stage) -> dict[str, Stroke]:
    rng = stage.rng
    return {
        "kick": Stroke((drums.kick(low_hz=54, sweep_hz=90, length_s=0.3),), 0.9),
        "snare": Stroke((drums.rim(), drums.snare(rng, tone_hz=240, length_s=0.16)), 0.6, 0.05),
        "hat": Stroke(tuple(drums.hat(rng, length_s=0.05) for _ in range(3)), 0.28, -0.3),
        "tom": Stroke((drums.tom(freq_hz=150), drums.tom(freq_hz=190)), 0.6, 0.4),
        "throw": Stroke((drums.snare(rng, tone_hz=240, length_s=0.16),), 0.8, 0.0, "throw"),
    }


def _one_drop(stage: Stage, kit: dict[str, Stroke], part: Section) -> None:
    if part.name == "outro":
        stage.groove(part.each_bar(), kit, {"hat": "x.xo x.xo x.xo x.xo"})
        return
    stage.groove(
        part.each_bar(), kit, {"kick": ".... .... X... ....", "snare": ".... .... X... ...o", "hat": "x.xo x.xo x.xo x.xo"}
    )
    for k, strength in enumerate((0.5, 0.7, 0.9, 1.0)):
        stage.stroke(kit["tom"], (part.bar + part.bars) * 4 - 1 + k / 4, strength)


def _skank(stage: Stage, pitches: tuple[float, ...], bar: int, *, thrown: bool) -> None:
    places = (1, 3) if not thrown else ((1,) if bar % 2 else (3.5,))
    for at in places:
        notes = strum(pitches, bar * 4 + at, 0.3, velocity=0.8)
        stage.play(notes, lambda f, d, v: voices.organ(f, d), bus="throw" if thrown else "organ", pan=0.3)


def _throws(stage: Stage, kit: dict[str, Stroke]) -> None:
    for bar in range(3, stage.song.bars, 4):
        stage.stroke(kit["throw"], bar * 4 + 3, 0.9)
    stage.stroke(kit["throw"], stage.song.bars * 4, 1.0)


def _deep(freq_hz: float, duration_s: float, velocity: float) -> FloatArray:
    t = voices.seconds(duration_s)
    tone = np.sin(2 * np.pi * freq_hz * t) + 0.3 * np.sin(4 * np.pi * freq_hz * t) * np.exp(-3 * t)
    return voices.shaped(np.tanh(1.3 * tone * velocity).astype(np.float32) * np.float32(0.9), 0.01, min(0.06, duration_s / 3))


def _melodica(freq_hz: float, duration_s: float, velocity: float) -> FloatArray:
    return voices.shaped(
        voices.reeds(freq_hz, duration_s, detune=(-4, 5), vibrato=14, odd=True, top_hz=5000), 0.03, 0.06
    ) * np.float32(velocity)


def ambient(song: Song) -> FloatArray:
    """A drone that opens like a door, slow chords of many players, bells from far away, water; it comes and goes as a breath."""
    stage = Stage(song, loose_s=0.05)
    tonic = 48 + song.tonic % 12
    roots = ((0, 3, 5, 4), (0, 1, 3, 0), (5, 3, 0, 4), (0, 4, 1, 3))[int(stage.rng.integers(4))]
    parts = sections(song.bars, (("intro", 2), ("theme", 4), ("break", 2), ("return", 4)))
    hands: tuple[float, ...] | None = None
    for number, bar in enumerate(range(0, song.bars, 2)):
        root = roots[number % 4]
        hands = led(hands, chord(song.scale, tonic, root, size=5), centre=62)
        _cloud(stage, hands, bar * 4, choir=any(p.name == "return" and bar in p.each_bar() for p in parts))
        _drone(stage, degree(song.scale, tonic - 24, (root if number % 2 else 0)), bar * 4)
        _far_bells(stage, song, tonic, root, bar * 4)
    _water(stage)
    strips = {
        "pad": Strip(0.6, low_cut_hz=90, room=0.55),
        "choir": Strip(0.75, low_cut_hz=150, room=0.7),
        "drone": Strip(0.55, high_cut_hz=900, room=0.2),
        "bells": Strip(1.1, low_cut_hz=300, room=0.6, echo=0.5),
        "water": Strip(0.2, room=0.3),
    }
    master = Master(-21.0, -3.0, glue=0.1, fade_in_s=1.2, fade_out_s=6.0)
    return stage.desk.finish(strips, room=Room(4.8, 4800, gap_s=0.04), echo=Echo(1.5 * stage.beat_s, 0.55, 2600), master=master)


def _cloud(stage: Stage, pitches: tuple[float, ...], beat: float, *, choir: bool) -> None:
    def many(freq_hz: float, duration_s: float, _velocity: float) -> FloatArray:
        return voices.shaped(
            voices.thick(freq_hz, duration_s, stage.rng, tilt=1.6, width_cents=36), 0.25 * duration_s, 0.4 * duration_s
        )

    def singers(freq_hz: float, duration_s: float, _velocity: float) -> FloatArray:
        tone = voices.thick(freq_hz, duration_s, stage.rng, tilt=1.3, width_cents=45, formants_hz=(650, 1100, 2900), top_hz=5000)
        return voices.shaped(tone, 0.4 * duration_s, 0.4 * duration_s)

    stage.play(strum(pitches, beat, 11.0, apart=0.4), many, bus="pad", hold=1.0, spread=0.5)
    if choir:
        stage.play(strum([p + 12 for p in pitches[1:3]], beat + 1, 10.0), singers, bus="choir", hold=1.0)


def _drone(stage: Stage, pitch: float, beat: float) -> None:
    def voice(freq_hz: float, duration_s: float, _velocity: float) -> FloatArray:
        return voices.shaped(voices.thick(freq_hz, duration_s, stage.rng, tilt=1.1, width_cents=10, top_hz=700), 1.5, 2.0)

    stage.play([Note(beat, 10.0, pitch, 0.8)], voice, bus="drone", hold=1.0)


def _far_bells(stage: Stage, song: Song, tonic: float, root: int, beat: float) -> None:
    for at in np.sort(stage.rng.choice(np.arange(16) / 2, 4, replace=False)):
        pitch = degree(song.scale, tonic + 24, root + int(stage.rng.choice([0, 2, 4, 6, 8])))
        note = Note(beat + float(at), 4.0, pitch, float(stage.rng.uniform(0.2, 0.6)))
        stage.play(
            [note], lambda f, d, v: voices.bronze(f, d, v, beat_hz=1.1), bus="bells", pan=float(stage.rng.uniform(-0.8, 0.8))
        )


def _water(stage: Stage) -> None:
    n = stage.desk.length
    surf = filtered(stage.rng.standard_normal((2, n), dtype=np.float32), "lowpass", 700, order=1)
    t = np.arange(n, dtype=np.float32) / np.float32(44_100)
    swell = np.stack([0.5 + 0.5 * np.sin(2 * np.pi * 0.09 * t), 0.5 + 0.5 * np.sin(2 * np.pi * 0.07 * t + 2)])
    fade_out(surf, 4.0)
    stage.desk.place((surf * swell).astype(np.float32), 0, bus="water")
