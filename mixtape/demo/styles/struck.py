"""Music of things that are struck: bronze, piano strings, wooden bars."""

from __future__ import annotations

import numpy as np

from mixtape.demo import drums, voices
from mixtape.demo.desk import Echo, Master, Room, Strip
from mixtape.demo.harmony import Note, chord, degree, led, moved, phrase, sections
from mixtape.demo.plan import Song
from mixtape.demo.stage import Stage, Stroke, strum
from mixtape.types import FloatArray


def gamelan(song: Song) -> FloatArray:
    """A slow core melody, the same melody four times as fast in two interlocking parts above it, gongs that close each cycle."""
    stage = Stage(song, loose_s=0.004)
    tonic = 50 + song.tonic % 5
    core = [int(s) for s in stage.rng.integers(0, 5, 8)]
    drum = {"hand": Stroke((drums.bongo(freq_hz=150, length_s=0.3), drums.bongo(freq_hz=210)), 0.7, 0.15)}
    for part in sections(song.bars, (("opening", 1), ("slow", 3), ("full", 5), ("soft", 2), ("fast", 4))):
        if part.name in ("full", "fast"):
            stage.groove(part.each_bar(), drum, {"hand": "x.ox .xo. xx.o x.x."})
        for bar in part.each_bar():
            if bar % 4 == 0:
                stage.desk.place(voices.gong(62.0 + song.tonic), stage.at(bar * 4), bus="gong", gain=0.9)
            _core(stage, song, tonic, core, bar)
            if part.name != "opening":
                _interlock(stage, song, tonic, core, bar, fast=part.name in ("full", "fast"), soft=part.name == "soft")
    stage.desk.place(voices.gong(62.0 + song.tonic), stage.at(song.bars * 4), bus="gong")
    stage.play([Note(song.bars * 4, 6.0, degree(song.scale, tonic, core[0]), 0.8)], voices.bronze, bus="core", hold=1.0)
    strips = {
        "core": Strip(0.7, room=0.25),
        "upper": Strip(0.5, low_cut_hz=250, room=0.22),
        "gong": Strip(0.42, room=0.15),
        "drums": Strip(1.1, room=0.2),
    }
    return stage.desk.finish(strips, room=Room(2.0, 6000), echo=Echo(), master=Master(-17.0, -1.5, glue=0.12, fade_out_s=3.0))


def _core(stage: Stage, song: Song, tonic: float, core: list[int], bar: int) -> None:
    notes = [Note(bar * 4 + 2 * k, 2.4, degree(song.scale, tonic, core[(bar * 2 + k) % 8]), 0.8) for k in range(2)]
    stage.play(notes, voices.bronze, bus="core", pan=-0.2, hold=1.4)


def _interlock(stage: Stage, song: Song, tonic: float, core: list[int], bar: int, *, fast: bool, soft: bool) -> None:
    """Polos on the beat, sangsih between: together one line that no single player could play."""
    grid = 4 if fast else 2
    size = 5 if song.scale == "slendro" else 7
    wave = (0, 1, 0, 2, 1, 0, 1, 2)
    for k in range(4 * grid):
        target = core[(bar * 2 + k // (2 * grid)) % 8]
        pitch = degree(song.scale, tonic, target + size * (2 if fast else 1) + wave[(k + bar) % 8])
        note = Note(bar * 4 + k / grid, 1.1 / grid, pitch, 0.4 if soft else (0.8 if k % grid == 0 else 0.6))
        stage.play([note], lambda f, d, v: voices.bronze(f, d + 0.15, v, beat_hz=7.0), bus="upper", pan=0.6 if k % 2 else -0.5)


def nocturne(song: Song) -> FloatArray:
    """A left hand that rises and falls, a singing right hand with an ornament here and there, a storm, and the night again."""
    stage = Stage(song, loose_s=0.014)
    tonic = 48 + song.tonic % 12
    roots = ((0, 3, 4, 0), (0, 5, 3, 4), (0, 6, 5, 4))[int(stage.rng.integers(3))]
    tune = phrase(stage.rng, roots, scale=song.scale, tonic=tonic + 24, density=0.48, low=-3, high=6)
    storm = phrase(stage.rng, roots, scale=song.scale, tonic=tonic + 12, density=0.8, low=0, high=11)
    for part in sections(song.bars, (("prelude", 1), ("song", 4), ("storm", 3), ("return", 4))):
        loud = 1.25 if part.name == "storm" else 0.85
        for bar in part.each_bar():
            root = roots[bar % 4]
            _left_hand(stage, song, tonic, root, bar, loud, busy=part.name == "storm")
            own = [n for n in (storm if part.name == "storm" else tune) if bar % 4 * 4 <= n.beat < bar % 4 * 4 + 4]
            if part.name != "prelude":
                line = moved(own, beats=(bar - bar % 4) * 4, gain=loud)
                stage.play(line, voices.piano, bus="piano", pan=0.15, hold=1.5)
                _ornament(stage, line)
                if part.name == "storm":
                    stage.play(moved(line, pitch=12), voices.piano, bus="piano", pan=0.2, hold=1.3)
    final = (tonic - 24, tonic - 12, *chord(song.scale, tonic, 0), tonic + 12, tonic + 24)
    stage.play(strum(final, song.bars * 4, 4.0, velocity=0.5, apart=0.18), voices.piano, bus="piano", spread=0.5, hold=1.0)
    strips = {"piano": Strip(0.9, room=0.26)}
    return stage.desk.finish(
        strips, room=Room(2.3, 4800, gap_s=0.018), echo=Echo(), master=Master(-22.0, -2.0, glue=0.0, fade_out_s=2.0)
    )


def _left_hand(stage: Stage, song: Song, tonic: float, root: int, bar: int, loud: float, *, busy: bool) -> None:
    ladder = [degree(song.scale, tonic - 24, root + s) for s in (0, 4, 7, 9, 11, 9, 7, 4)]
    count = 16 if busy else 8
    notes = [Note(bar * 4 + 4 * k / count, 1.6, ladder[k % 8], min((0.62 if k else 0.8) * loud, 1.0)) for k in range(count)]
    stage.play(notes, voices.piano, bus="piano", pan=-0.2, spread=0.4, hold=1.0)


def _ornament(stage: Stage, line: list[Note]) -> None:
    for note in line:
        if note.length >= 1.5 and stage.rng.random() < 0.4:
            graces = [Note(note.beat + 1 + k / 6, 0.2, note.pitch + (2 if k % 2 else 0), 0.4) for k in range(4)]
            stage.play(graces, voices.piano, bus="piano", pan=0.15)


def minimal(song: Song) -> FloatArray:
    """One pattern of twelve, played by two marimbas; the second slips ahead by a note every few bars. Winds breathe over it."""
    stage = Stage(song, loose_s=0.002)
    tonic = 48 + song.tonic % 12
    pattern = [int(p) for p in stage.rng.permutation([0, 2, 4, 7, 4, 9, 2, 4, 7, 2, 11, 4])]
    rests = set(stage.rng.choice(12, 2, replace=False).tolist())
    roots = ((0, 0, 5, 3), (0, 4, 0, 3), (0, 1, 0, 4))[int(stage.rng.integers(3))]
    hands: tuple[float, ...] | None = None
    for pulse in range(song.bars * 8):
        bar, place = pulse // 8, pulse % 12
        root = roots[bar * 8 // max(song.bars * 2, 1) % 4]
        slip = max(0, (bar - song.bars // 6) * 12 // song.bars)
        _two_marimbas(stage, song, tonic, pulse, root, pattern, (place, (place + slip) % 12), rests)
    for bar in range(song.bars // 6, song.bars, 4):
        root = roots[bar * 8 // max(song.bars * 2, 1) % 4]
        hands = led(hands, chord(song.scale, tonic, root, size=4), centre=64)
        _winds(stage, hands, bar, swell=0.5 + bar / song.bars)
    stage.play(
        strum(chord(song.scale, tonic - 12, 0, size=5), song.bars * 4, 4.0),
        lambda f, d, v: voices.mallet(f, d, v, wood=0.1),
        bus="left",
    )
    strips = {
        "left": Strip(0.8, room=0.14),
        "right": Strip(0.8, room=0.14),
        "deep": Strip(0.7, room=0.1),
        "winds": Strip(0.42, low_cut_hz=150, room=0.35),
    }
    return stage.desk.finish(strips, room=Room(1.4, 5500), echo=Echo(), master=Master(-17.5, -1.5, glue=0.1))


def _two_marimbas(
    stage: Stage, song: Song, tonic: float, pulse: int, root: int, pattern: list[int], places: tuple[int, int], rests: set[int]
) -> None:
    for bus, side, place in (("left", -0.55, places[0]), ("right", 0.55, places[1])):
        if place not in rests and (bus == "left" or pulse >= 16):
            pitch = degree(song.scale, tonic + 12, root + pattern[place])
            note = Note(pulse / 2, 0.5, pitch, 0.85 if place % 3 == 0 else 0.6)
            stage.play([note], lambda f, d, v: voices.mallet(f, d + 0.25, v, wood=0.55), bus=bus, pan=side)
    if pulse % 12 == 0 and pulse >= 48:
        note = Note(pulse / 2, 3.0, degree(song.scale, tonic - 12, root), 0.8)
        stage.play([note], lambda f, d, v: voices.mallet(f, d + 0.4, v, wood=0.2), bus="deep")


def _winds(stage: Stage, pitches: tuple[float, ...], bar: int, *, swell: float) -> None:
    def voice(freq_hz: float, duration_s: float, _velocity: float) -> FloatArray:
        tone = voices.thick(freq_hz, duration_s, stage.rng, tilt=1.5, width_cents=8, formants_hz=(900,), top_hz=4500)
        return voices.shaped(tone, 0.35 * duration_s, 0.4 * duration_s)

    for k, pitch in enumerate(pitches):
        stage.play(
            [Note(bar * 4 + 4 * k, 10.0, pitch, min(swell, 1.0))], voice, bus="winds", pan=float(np.sin(k * 2.1)) * 0.6, hold=1.0
        )
