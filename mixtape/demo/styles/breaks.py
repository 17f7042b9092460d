"""Music made of broken drums: jungle at 170, lo-fi hip hop at 78."""

from __future__ import annotations

import numpy as np

from mixtape.demo import drums, voices
from mixtape.demo.desk import SAMPLE_RATE_HZ, Desk, Echo, Master, Room, Strip, banded, filtered
from mixtape.demo.harmony import Note, Section, chord, degree, led, moved, phrase, sections
from mixtape.demo.plan import Song
from mixtape.demo.stage import Stage, Stroke, Voice, strum
from mixtape.types import FloatArray

_BREAK = {
    "kick": "X.x. .... ..xx ....",
    "snare": ".... X..o .o.. X..o",
    "ride": "x.x. x.x. x.x. x.x.",
    "ghost": "...o ..o. o... .oo.",
}


def jungle(song: Song) -> FloatArray:
    """One bar of drumming, played once, cut into sixteen slices and put together anew; a growling bass; soft pads far above."""
    stage = Stage(song, loose_s=0.001)
    tonic, bar_s = 48 + song.tonic % 12, 4 * stage.beat_s
    loop = _played_break(stage, bar_s)
    roots = ((0, 0, 5, 3), (0, 3, 5, 5), (0, 6, 5, 6))[int(stage.rng.integers(3))]
    orders = [_chop(stage.rng, wildness) for wildness in (0.12, 0.3, 0.55)]
    tune = phrase(stage.rng, roots, scale=song.scale, tonic=tonic + 12, grid=1, density=0.6, low=2, high=11)
    for part in sections(song.bars, (("intro", 3), ("theme", 5), ("break", 3), ("return", 7), ("outro", 2))):
        _jungle_drums(stage, part, loop, orders)
        for bar in part.each_bar():
            root = roots[bar // 2 % 4]
            if bar % 2 == 0:
                _air(stage, chord(song.scale, tonic + 12, root, size=4), bar * 4)
            if part.name in ("theme", "return"):
                _reese(stage, degree(song.scale, tonic - 24, root), bar)
            if part.name in ("break", "return"):
                own = [n for n in tune if bar % 4 * 4 <= n.beat < bar % 4 * 4 + 4]
                stage.play(moved(own, beats=(bar - bar % 4) * 4), _glass, bus="lead", spread=0.6, hold=1.5)
    stage.desk.place(drums.crash(stage.rng), song.bars * bar_s, bus="breaks", gain=0.5)
    strips = {
        "breaks": Strip(0.95, low_cut_hz=55, room=0.06),
        "bass": Strip(0.85, high_cut_hz=900),
        "pad": Strip(0.2, low_cut_hz=250, room=0.5),
        "lead": Strip(0.4, room=0.3, echo=0.5),
    }
    return stage.desk.finish(
        strips, room=Room(2.4, 7000), echo=Echo(0.75 * stage.beat_s, 0.5), master=Master(-12.5, -0.8, glue=0.4)
    )


def _played_break(stage: Stage, bar_s: float) -> FloatArray:
    rng, desk = stage.rng, Desk(bar_s, np.random.default_rng([stage.song.seed, 3]), lead_s=0.0)
    kit = {
        "kick": Stroke((drums.kick(low_hz=62, sweep_hz=110, length_s=0.2),), 0.95),
        "snare": Stroke((drums.snare(rng, tone_hz=225, length_s=0.18), drums.snare(rng, tone_hz=229, length_s=0.2)), 0.8, 0.05),
        "ghost": Stroke((drums.snare(rng, tone_hz=235, length_s=0.09, wires=0.9),), 0.45),
        "ride": Stroke((drums.ride(rng, length_s=0.3), drums.hat(rng, length_s=0.08)), 0.32, 0.25),
    }
    player = Stage(stage.song, loose_s=0.004)
    player.desk = desk
    player.groove([0], kit, _BREAK)
    sound = np.tanh(1.6 * desk.bus("drums"))
    return filtered(np.asarray(sound, np.float32), "lowpass", 13_000)


def _chop(rng: np.random.Generator, wildness: float) -> list[tuple[int, bool]]:
    order = [(k, False) for k in range(16)]
    for at in range(0, 16, 2):
        if rng.random() < wildness:
            source = int(rng.choice([0, 4, 4, 6, 10, 12, 14]))
            order[at], order[at + 1] = (source, bool(rng.random() < 0.2)), (source + (0 if rng.random() < 0.4 else 1), False)
    return order


def _jungle_drums(stage: Stage, part: Section, loop: FloatArray, orders: list[list[tuple[int, bool]]]) -> None:
    if part.name == "break":
        return
    width, slice_s = loop.shape[1] // 16, stage.beat_s / 4
    for bar in part.each_bar():
        last = bar == part.bar + part.bars - 1
        order = orders[2] if last else orders[0 if part.name == "intro" else bar % 4 // 2]
        for place, (source, backwards) in enumerate(order):
            piece = loop[:, source * width : (source + 1) * width].copy()
            piece = voices.shaped(piece[:, ::-1] if backwards else piece, 0.001, 0.002)
            stage.desk.place(
                piece, bar * 4 * stage.beat_s + place * slice_s, bus="breaks", gain=0.55 if part.name == "intro" else 0.85
            )


def _reese(stage: Stage, pitch: float, bar: int) -> None:
    def voice(freq_hz: float, duration_s: float, _velocity: float) -> FloatArray:
        saws = voices.reeds(freq_hz * 2, duration_s, detune=(-18, 0, 21), top_hz=1600)
        sub = np.sin(2 * np.pi * freq_hz * voices.seconds(duration_s)).astype(np.float32)
        return voices.shaped(
            np.tanh(1.2 * (filtered(saws, "lowpass", 500) + sub)).astype(np.float32) * np.float32(0.6), 0.005, 0.05
        )

    line = ((0, 1.5), (2.5, 1.0)) if bar % 2 == 0 else ((0, 0.75), (1.5, 0.5), (2.75, 1.25))
    notes = [Note(bar * 4 + at, length, pitch + (7 if at == 2.75 else 0), 0.9) for at, length in line]
    stage.play(notes, voice, bus="bass", loose_s=0)


def _air(stage: Stage, pitches: tuple[float, ...], beat: float) -> None:
    def voice(freq_hz: float, duration_s: float, _velocity: float) -> FloatArray:
        return voices.shaped(voices.thick(freq_hz, duration_s + 0.6, stage.rng, tilt=1.5), 0.5, 0.6)

    stage.play(strum(pitches, beat, 8.0), voice, bus="pad", hold=1.0, loose_s=0)


def _glass(freq_hz: float, duration_s: float, velocity: float) -> FloatArray:
    return voices.electric_piano(freq_hz, duration_s + 0.2, velocity)


def lofi(song: Song) -> FloatArray:
    """A lazy, dusty beat behind muted electric piano, a round bass, a few plucked answers, the crackle of the record."""
    stage = Stage(song, swing=0.14, swing_step=0.25, loose_s=0.011)
    tonic = 48 + song.tonic % 12
    roots = ((1, 4, 0, 5), (3, 2, 1, 0), (0, 5, 1, 4), (3, 4, 2, 5))[int(stage.rng.integers(4))]
    tune = phrase(stage.rng, roots, scale=song.scale, tonic=tonic + 12, density=0.38, low=0, high=8)
    kit, hands = _dusty_kit(stage), None
    for part in sections(song.bars, (("intro", 1), ("theme", 4), ("break", 2), ("return", 4), ("outro", 1))):
        if part.name in ("theme", "return"):
            stage.groove(
                part.each_bar(),
                kit,
                {"kick": "X..x .... ..X. .o..", "snare": ".... X... .... X..o", "hat": "x.xo x.x. x.xo x.xx"},
            )
        if part.name == "break":
            stage.groove(part.each_bar(), kit, {"hat": "x.xo x.x. x.xo x.xx", "rim": ".... x... .... x..."})
        for bar in part.each_bar():
            hands = led(hands, chord(song.scale, tonic, roots[bar % 4], size=5)[1:], centre=60)
            _lazy_bar(stage, bar, hands, degree(song.scale, tonic - 12, roots[bar % 4]), part.name)
            if part.name in ("break", "return"):
                own = [n for n in tune if bar % 4 * 4 <= n.beat < bar % 4 * 4 + 4]
                stage.play(moved(own, beats=(bar - bar % 4) * 4), _nylon(stage), bus="lead", pan=0.2, hold=1.6)
    stage.play(strum(hands or (), song.bars * 4, 2.5, apart=0.06), _muted_keys, bus="keys")
    stage.desk.place(drums.crackle(song.duration_s, stage.rng), 0, bus="dust", pan=0.1)
    strips = {
        "drums": Strip(1.05, high_cut_hz=7500, room=0.07),
        "bass": Strip(0.75, high_cut_hz=700),
        "keys": Strip(0.55, low_cut_hz=140, high_cut_hz=3200, room=0.15),
        "lead": Strip(0.9, high_cut_hz=4500, room=0.2, echo=0.3),
        "dust": Strip(1.5),
    }
    return stage.desk.finish(
        strips, room=Room(0.9, 3500), echo=Echo(stage.beat_s * 0.75, 0.3, 1800), master=Master(-18.0, -2.0, glue=0.45)
    )


def _dusty_kit(stage: Stage) -> dict[str, Stroke]:
    rng = stage.rng
    return {
        "kick": Stroke((filtered(drums.kick(low_hz=55, sweep_hz=70, length_s=0.26, click=0.1), "lowpass", 1500),), 1.0),
        "snare": Stroke(tuple(drums.snare(rng, tone_hz=170, length_s=0.2, bright_hz=4200) for _ in range(2)), 0.6, -0.05),
        "hat": Stroke(tuple(banded(drums.hat(rng), 3000, 9000) for _ in range(3)), 0.3, 0.3),
        "rim": Stroke((drums.rim(),), 0.4, -0.3),
    }


def _lazy_bar(stage: Stage, bar: int, hands: tuple[float, ...], low: float, name: str) -> None:
    beat = bar * 4.0
    stage.play(strum(hands, beat, 2.3, velocity=0.8, apart=0.03), _muted_keys, bus="keys", spread=0.4)
    stage.play(strum(hands, beat + 2.5, 1.2, velocity=0.55), _muted_keys, bus="keys", spread=0.4)
    if name != "intro":
        line = ((0.0, 1.2, 0), (1.75, 0.5, 0), (2.5, 0.9, 7), (3.5, 0.5, 12))
        stage.play([Note(beat + at, length, low + up, 0.85) for at, length, up in line], _round_bass, bus="bass")


def _muted_keys(freq_hz: float, duration_s: float, velocity: float) -> FloatArray:
    t = voices.seconds(duration_s + 0.1)
    wow = 1.0 + 0.0025 * np.sin(2 * np.pi * 0.9 * t + freq_hz)
    phase = 2 * np.pi * freq_hz * np.cumsum(wow) / SAMPLE_RATE_HZ
    tone = np.sin(phase + 0.7 * velocity * np.exp(-5 * t) * np.sin(phase)) * np.exp(-1.3 * t)
    return voices.shaped((tone * velocity).astype(np.float32), 0.008, min(0.12, duration_s * 0.3))


def _round_bass(freq_hz: float, duration_s: float, velocity: float) -> FloatArray:
    return voices.closing(freq_hz, duration_s, bright=0.06, close_per_s=2.5) * np.float32(velocity * 1.2)


def _nylon(stage: Stage) -> Voice:
    def voice(freq_hz: float, duration_s: float, _velocity: float) -> FloatArray:
        return voices.pluck(freq_hz, duration_s + 0.3, stage.rng, bright=0.3, ring_s=1.4)

    return voice
