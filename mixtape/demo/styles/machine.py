"""Music of two kinds of machine: the games console of 1986 and the night drive of a film that was never made."""

from __future__ import annotations

import numpy as np

from mixtape.demo import drums, voices
from mixtape.demo.desk import Echo, Master, Room, Strip
from mixtape.demo.harmony import Note, Section, chord, degree, led, moved, phrase, sections
from mixtape.demo.plan import Song
from mixtape.demo.stage import Stage, Stroke, strum
from mixtape.types import FloatArray

_GAME_ROOTS = ((0, 5, 3, 4), (0, 4, 5, 3), (5, 3, 0, 4), (0, 3, 4, 0))
_NIGHT_ROOTS = ((0, 5, 2, 6), (0, 3, 5, 6), (5, 6, 0, 0), (0, 2, 5, 4))


def chiptune(song: Song) -> FloatArray:
    """Four voices and no more: two pulses (one races through the chord), a stepped triangle for the bass, and noise for drums."""
    stage = Stage(song, loose_s=0.0)
    tonic = 60 + song.tonic % 12
    roots = _GAME_ROOTS[int(stage.rng.integers(4))]
    first = phrase(stage.rng, roots, scale=song.scale, tonic=tonic, density=0.75, low=-1, high=9)
    second = phrase(stage.rng, roots[::-1], scale=song.scale, tonic=tonic + 12, density=0.95, low=-3, high=7)
    noise = _noise_kit(stage)
    for part in sections(song.bars, (("intro", 1), ("theme", 4), ("bridge", 3), ("return", 4))):
        _noise_drums(stage, noise, part)
        for bar in part.each_bar():
            root = roots[::-1][bar % 4] if part.name == "bridge" else roots[bar % 4]
            _race(stage, chord(song.scale, tonic - 12, root), bar)
            _stepped_bass(stage, degree(song.scale, tonic - 24, root), bar)
            tune = second if part.name == "bridge" else first
            own = [n for n in tune if bar % 4 * 4 <= n.beat < bar % 4 * 4 + 4]
            if part.name != "intro":
                shift = 12.0 if part.name == "return" and bar % 8 >= 4 else 0.0
                _lead(stage, moved(own, beats=(bar - bar % 4) * 4, pitch=shift))
    end = song.bars * 4
    stage.play([Note(end, 1.0, tonic, 0.9)], lambda f, d, v: voices.pulse(f, d), bus="lead")
    stage.play([Note(end, 1.0, tonic - 24, 0.9)], lambda f, d, v: voices.staircase(f, d), bus="bass")
    strips = {"lead": Strip(0.7, echo=0.2), "race": Strip(0.42), "bass": Strip(0.42), "drums": Strip(0.5)}
    return stage.desk.finish(
        strips, room=Room(0.3), echo=Echo(stage.beat_s * 0.5, 0.3, 8000), master=Master(-15.0, -1.5, glue=0.0, fade_out_s=0.4)
    )


def _lead(stage: Stage, notes: list[Note]) -> None:
    stage.play(notes, lambda f, d, v: voices.pulse(f, d, duty=0.25), bus="lead", pan=-0.15, hold=0.85)


def _race(stage: Stage, pitches: tuple[float, ...], bar: int) -> None:
    ladder = (*pitches, pitches[0] + 12)
    notes = [Note(bar * 4 + k / 8, 0.125, ladder[k % 4] + (12 if k % 16 >= 8 else 0), 0.6) for k in range(32)]
    stage.play(notes, lambda f, d, v: voices.pulse(f, d, duty=0.125), bus="race", pan=0.45)


def _stepped_bass(stage: Stage, low: float, bar: int) -> None:
    notes = [Note(bar * 4 + k / 2, 0.5, low + (12 if k % 2 else 0), 0.9) for k in range(8)]
    stage.play(notes, lambda f, d, v: voices.staircase(f, d), bus="bass", hold=0.8)


def _noise_kit(stage: Stage) -> dict[str, Stroke]:
    def held(length_s: float, hold: int, fall: float) -> FloatArray:
        n = len(voices.seconds(length_s))
        coarse = np.repeat(stage.rng.choice([-1.0, 1.0], n // hold + 1), hold)[:n]
        return voices.shaped((coarse * np.exp(-voices.seconds(length_s) * fall) * 0.6).astype(np.float32), 0.0006, 0.005)

    return {
        "snare": Stroke((held(0.16, 6, 22),), 0.8),
        "hat": Stroke((held(0.04, 1, 70),), 0.4),
        "kick": Stroke((drums.tom(freq_hz=65, length_s=0.14),), 0.9),
    }


def _noise_drums(stage: Stage, kit: dict[str, Stroke], part: Section) -> None:
    bars = list(part.each_bar())
    stage.groove(bars[:-1], kit, {"kick": "X... ..x. X... ....", "snare": ".... X... .... X...", "hat": "x.x. x.x. x.x. x.xx"})
    stage.groove(bars[-1:], kit, {"kick": "X... ..x. X... ....", "snare": ".... X... x.x. XxXx", "hat": "x.x. x.x. .... ...."})


def synthwave(song: Song) -> FloatArray:
    """Eighth notes in the bass, a pad as wide as the road, a snare in a great room that is cut off, a lead that bends."""
    stage = Stage(song, loose_s=0.001)
    tonic = 48 + song.tonic % 12
    roots = _NIGHT_ROOTS[int(stage.rng.integers(4))]
    tune = phrase(stage.rng, roots, scale=song.scale, tonic=tonic + 12, density=0.5, low=2, high=11)
    kit = _night_kit(stage)
    hands: tuple[float, ...] | None = None
    for part in sections(song.bars, (("intro", 2), ("theme", 4), ("break", 2), ("return", 5), ("outro", 1))):
        _night_drums(stage, kit, part)
        for bar in part.each_bar():
            hands = led(hands, chord(song.scale, tonic, roots[bar % 4], size=4), centre=60)
            _night_bar(stage, part.name, bar, hands, degree(song.scale, tonic - 12, roots[bar % 4]))
            if part.name in ("theme", "return"):
                own = [n for n in tune if bar % 4 * 4 <= n.beat < bar % 4 * 4 + 4]
                stage.play(moved(own, beats=(bar - bar % 4) * 4), _bend, bus="lead", hold=1.05, loose_s=0)
    _night_bar(stage, "break", song.bars, hands or (), tonic - 12)
    stage.stroke(kit["snare"], song.bars * 4, 1.0)
    strips = {
        "kick": Strip(0.9),
        "drums": Strip(0.8, low_cut_hz=90),
        "bass": Strip(0.6, high_cut_hz=2600, pump=0.4),
        "pad": Strip(0.38, low_cut_hz=150, room=0.3, pump=0.45),
        "arp": Strip(0.4, low_cut_hz=300, room=0.2, echo=0.4),
        "lead": Strip(0.8, low_cut_hz=200, high_cut_hz=7000, room=0.3, echo=0.35),
    }
    return stage.desk.finish(
        strips, room=Room(2.4, 6000), echo=Echo(0.75 * stage.beat_s, 0.45, 4000), master=Master(-13.5, -1.0, glue=0.3)
    )


def _bend(freq_hz: float, duration_s: float, velocity: float) -> FloatArray:
    return voices.reeds(freq_hz, duration_s, detune=(-9, 0, 8), vibrato=22, top_hz=6500) * np.float32(velocity)


def _night_kit(stage: Stage) -> dict[str, Stroke]:
    rng = stage.rng
    return {
        "kick": Stroke((drums.kick(low_hz=52, sweep_hz=140, length_s=0.3),), 1.0),
        "snare": Stroke((_gated(stage),), 0.75),
        "hat": Stroke(tuple(drums.hat(rng, length_s=0.05) for _ in range(3)), 0.25, 0.3),
        "tom": Stroke((drums.tom(freq_hz=120), drums.tom(freq_hz=90)), 0.7, -0.4),
    }


def _gated(stage: Stage) -> FloatArray:
    """A snare in a hall, the hall shut off after a fifth of a second."""
    hall = drums.hiss(0.42, stage.rng) * np.float32(0.35)
    t = voices.seconds(0.42)
    hall *= (np.exp(-t * 1.5) * (1 - np.exp(-t * 80))).astype(np.float32)
    head = drums.snare(stage.rng, tone_hz=175, length_s=0.25)
    hall[: len(head)] += head
    return voices.shaped(hall[: round(0.3 * 44_100)], 0.0006, 0.02)


def _night_drums(stage: Stage, kit: dict[str, Stroke], part: Section) -> None:
    if part.name in ("theme", "return"):
        stage.kick_on(part.each_bar(), kit["kick"], (0, 2, 2.5))
        stage.groove(part.each_bar(), kit, {"snare": ".... X... .... X...", "hat": "x.x. x.x. x.x. x.xo"})
    elif part.name != "outro":
        stage.groove(part.each_bar(), kit, {"hat": "x.x. x.x. x.x. x.xo"})
    if part.name in ("intro", "break"):
        stage.groove([part.bar + part.bars - 1], kit, {"tom": ".... .... ..xx xXXX"})


def _night_bar(stage: Stage, name: str, bar: int, hands: tuple[float, ...], low: float) -> None:
    def wide(freq_hz: float, duration_s: float, _velocity: float) -> FloatArray:
        return voices.shaped(voices.thick(freq_hz, duration_s + 0.2, stage.rng, tilt=1.15, width_cents=24), 0.08, 0.25)

    stage.play(strum(hands, bar * 4, 4.0), wide, bus="pad", hold=1.0, loose_s=0)
    if bar >= stage.song.bars:
        return
    if name != "intro":
        bass = [Note(bar * 4 + k / 2, 0.45, low + (12 if k == 7 else 0), 0.9 if k % 2 == 0 else 0.7) for k in range(8)]
        stage.play(bass, lambda f, d, v: voices.closing(f, d, bright=0.3 + 0.3 * v, close_per_s=6), bus="bass", loose_s=0)
    if name in ("intro", "break", "return"):
        arp = [Note(bar * 4 + k / 4, 0.25, hands[(k * 3) % len(hands)] + 12, 0.7) for k in range(16)]
        stage.play(arp, lambda f, d, v: voices.closing(f, d + 0.1, bright=0.35, odd=True), bus="arp", spread=0.9, loose_s=0)
