"""Music of three people in a room: a swinging piano trio, and bossa nova with guitar and flute."""

from __future__ import annotations

from collections.abc import Sequence

from mixtape.demo import drums, voices
from mixtape.demo.desk import Echo, Master, Room, Strip
from mixtape.demo.harmony import Note, chord, degree, led, moved, phrase, sections
from mixtape.demo.plan import Song
from mixtape.demo.stage import Stage, Stroke, Voice, strum
from mixtape.types import FloatArray

_CHANGES = ((1, 4, 0, 5, 1, 4, 0, 0), (0, 3, 6, 2, 5, 1, 4, 0), (0, 0, 3, 3, 1, 4, 0, 4))


def jazz(song: Song) -> FloatArray:
    """The ride swings, the bass walks, the piano comps rootless ninths and then takes a solo; brushes at first, sticks later."""
    stage = Stage(song, swing=0.16, loose_s=0.008)
    tonic, kit = 48 + song.tonic % 12, _jazz_kit(stage)
    roots = _CHANGES[int(stage.rng.integers(3))]
    head = phrase(stage.rng, roots, scale=song.scale, tonic=tonic + 12, density=0.5, low=1, high=9)
    solo = phrase(stage.rng, roots, scale=song.scale, tonic=tonic + 12, density=0.85, low=0, high=13)
    hands: tuple[float, ...] | None = None
    for part in sections(song.bars, (("intro", 2), ("head", 6), ("solo", 7), ("return", 5))):
        ride = (
            {"ride": "X..x..X..x..", "foot": "...X.....X.."}
            if part.name != "intro"
            else {"brush": "x..x..x..x..", "foot": "...X.....X.."}
        )
        stage.groove(part.each_bar(), kit, {name: _triplets(line) for name, line in ride.items()}, loose_s=0.005)
        for bar in part.each_bar():
            root, follow = roots[bar % 8], roots[(bar + 1) % 8]
            _walk_bass(stage, song, tonic - 24, root, follow, bar)
            hands = led(hands, chord(song.scale, tonic, root, size=5)[1:], centre=60)
            _comp(stage, hands, bar)
            if part.name != "intro":
                tune = solo if part.name == "solo" else head
                own = [n for n in tune if bar % 8 * 4 <= n.beat < bar % 8 * 4 + 4]
                stage.play(moved(own, beats=(bar - bar % 8) * 4), voices.piano, bus="solo", pan=0.1, hold=1.1)
            if stage.rng.random() < 0.35:
                stage.stroke(kit["snare"], bar * 4 + float(stage.rng.choice([1.5, 2.5, 3.5])), 0.5)
    _jazz_ending(stage, song, tonic, kit)
    strips = {
        "drums": Strip(1.6, room=0.16),
        "bass": Strip(0.95, high_cut_hz=2200, room=0.05),
        "keys": Strip(0.7, low_cut_hz=130, room=0.18),
        "solo": Strip(0.8, room=0.2),
    }
    return stage.desk.finish(strips, room=Room(0.9, 5000, gap_s=0.008), echo=Echo(), master=Master(-18.5, -1.5, glue=0.12))


def _triplets(line: str) -> str:
    return line.replace(" ", "")


def _jazz_kit(stage: Stage) -> dict[str, Stroke]:
    rng = stage.rng
    return {
        "ride": Stroke(tuple(drums.ride(rng) for _ in range(3)), 0.5, 0.35),
        "foot": Stroke((drums.hat(rng, length_s=0.05),), 0.35, -0.3),
        "brush": Stroke(tuple(drums.brush(rng) for _ in range(3)), 0.5, -0.1),
        "snare": Stroke((drums.snare(rng, tone_hz=190, length_s=0.14, wires=0.8), drums.brush(rng, length_s=0.2)), 0.4, -0.1),
        "crash": Stroke((drums.crash(rng, length_s=2.0),), 0.3, 0.3),
    }


def _upright(stage: Stage) -> Voice:
    def voice(freq_hz: float, duration_s: float, _velocity: float) -> FloatArray:
        return voices.pluck(freq_hz, duration_s, stage.rng, bright=0.22, ring_s=1.6, pick=0.3)

    return voice


def _walk_bass(stage: Stage, song: Song, low: float, root: int, follow: int, bar: int) -> None:
    """Root, two chord notes on the way, then a half step beside the next root."""
    target = degree(song.scale, low, follow)
    here = degree(song.scale, low, root)
    inner = [degree(song.scale, low, root + int(s)) for s in stage.rng.permutation([2, 4, 7 if root < 3 else 4])[:2]]
    line = [here, *sorted(inner, reverse=target < here), target + float(stage.rng.choice([-1, 1]))]
    notes = [Note(bar * 4 + k, 0.95, pitch, 0.85 if k % 2 else 0.75) for k, pitch in enumerate(line)]
    stage.play(notes, _upright(stage), bus="bass", pan=-0.1)


def _comp(stage: Stage, hands: tuple[float, ...], bar: int) -> None:
    rhythms: Sequence[Sequence[tuple[float, float]]] = (
        ((0, 1.4), (2.5, 0.4)),
        ((1.5, 0.4), (3.5, 0.5)),
        ((0.5, 0.3), (2, 1.2)),
        ((1, 0.4), (2.5, 1.0)),
    )
    for at, length in rhythms[int(stage.rng.integers(4))]:
        stage.play(strum(hands, bar * 4 + at, length, velocity=0.5), voices.piano, bus="keys", pan=-0.25, spread=0.5)


def _jazz_ending(stage: Stage, song: Song, tonic: float, kit: dict[str, Stroke]) -> None:
    end = song.bars * 4.0
    final = chord(song.scale, tonic, 0, size=5)
    stage.play(strum(final, end, 2.2 / stage.beat_s, apart=0.12), voices.piano, bus="keys")
    stage.play([Note(end, 2.2 / stage.beat_s, tonic - 24, 0.9)], _upright(stage), bus="bass")
    stage.stroke(kit["crash"], end, 0.7)


def bossa(song: Song) -> FloatArray:
    """Thumb and fingers on a nylon guitar, a clave on the rim, shaker, a flute that sings twice and a bass on one and three."""
    stage = Stage(song, loose_s=0.007)
    tonic = 48 + song.tonic % 12
    roots = _CHANGES[int(stage.rng.integers(3))]
    tune = phrase(stage.rng, roots, scale=song.scale, tonic=tonic + 24, density=0.42, low=-2, high=6)
    kit = {
        "rim": Stroke((drums.rim(),), 0.35, -0.3),
        "shaker": Stroke(tuple(drums.shaker(stage.rng) for _ in range(4)), 0.5, 0.4),
        "kick": Stroke((drums.kick(low_hz=60, sweep_hz=50, length_s=0.2, click=0.1),), 0.5),
        "bongo": Stroke((drums.bongo(freq_hz=310), drums.bongo(freq_hz=240)), 0.4, 0.2),
    }
    hands: tuple[float, ...] | None = None
    for part in sections(song.bars, (("intro", 2), ("theme", 8), ("break", 4), ("return", 7))):
        lines = {"shaker": "xoxo xoxo xoxo xoxo"}
        if part.name != "intro":
            lines |= {"kick": "x..x x..x x..x x..x"}
        bars = list(part.each_bar())
        stage.groove(bars, kit, lines)
        stage.groove([b for b in bars if b % 2 == 0], kit, {"rim": "x..x..x."})
        stage.groove([b for b in bars if b % 2 == 1], kit, {"rim": "..x..x.."})
        if part.name == "break":
            stage.groove(bars, kit, {"bongo": "x.xo .x.o x.xo .xxo"})
        for bar in bars:
            hands = led(hands, chord(song.scale, tonic, roots[bar % 8], size=5)[1:], centre=59)
            _bossa_bar(stage, hands, degree(song.scale, tonic - 12, roots[bar % 8]), bar)
            if part.name in ("theme", "return"):
                own = [n for n in tune if bar % 8 * 4 <= n.beat < bar % 8 * 4 + 4]
                stage.play(moved(own, beats=(bar - bar % 8) * 4), _flute(stage), bus="flute", pan=0.25)
    stage.play(
        strum(chord(song.scale, tonic, 0, size=5), song.bars * 4, 2.2 / stage.beat_s, apart=0.1), _nylon(stage), bus="guitar"
    )
    strips = {
        "drums": Strip(1.0, room=0.12),
        "bass": Strip(0.8, high_cut_hz=900),
        "guitar": Strip(0.8, low_cut_hz=90, room=0.15),
        "flute": Strip(0.8, low_cut_hz=250, room=0.35, echo=0.1),
    }
    return stage.desk.finish(
        strips, room=Room(1.3, 6000), echo=Echo(0.5 * stage.beat_s, 0.3), master=Master(-17.0, -1.5, glue=0.15)
    )


def _nylon(stage: Stage) -> Voice:
    def voice(freq_hz: float, duration_s: float, _velocity: float) -> FloatArray:
        return voices.pluck(freq_hz, duration_s, stage.rng, bright=0.34, ring_s=1.8, pick=0.25)

    return voice


def _flute(stage: Stage) -> Voice:
    def voice(freq_hz: float, duration_s: float, velocity: float) -> FloatArray:
        return voices.breath(freq_hz, duration_s, stage.rng, velocity=velocity)

    return voice


def _bossa_bar(stage: Stage, hands: tuple[float, ...], low: float, bar: int) -> None:
    beat = bar * 4.0
    places = ((0, 0.9), (1.5, 0.9), (2.5, 0.4), (3.0, 0.9)) if bar % 2 == 0 else ((0.5, 0.9), (2, 0.9), (3.5, 0.5))
    for at, length in places:
        stage.play(strum(hands, beat + at, length, velocity=0.6, apart=0.015), _nylon(stage), bus="guitar", spread=0.5)
    fifth = low + 7 if stage.rng.random() < 0.8 else low - 5
    bass = [
        Note(beat, 1.4, low, 0.85),
        Note(beat + 1.5, 0.4, low, 0.5),
        Note(beat + 2, 1.4, fifth, 0.8),
        Note(beat + 3.5, 0.4, fifth, 0.5),
    ]
    stage.play(bass, _upright(stage), bus="bass")
