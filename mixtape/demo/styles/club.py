"""Music for dancing: house, techno and trance, four kicks to the bar."""

from __future__ import annotations

import numpy as np

from mixtape.demo import drums, voices
from mixtape.demo.desk import Echo, Master, Room, Strip
from mixtape.demo.harmony import Note, Section, chord, degree, led, moved, phrase, sections
from mixtape.demo.plan import Song
from mixtape.demo.stage import Stage, Stroke, Voice, strum
from mixtape.types import FloatArray

_HOUSE_ROOTS = ((0, 3, 5, 4), (0, 5, 3, 6), (5, 3, 0, 0), (3, 0, 4, 5))
_TRANCE_ROOTS = ((0, 5, 2, 6), (5, 6, 0, 0), (0, 2, 6, 5), (5, 2, 6, 0))
_FORM = (("intro", 2), ("theme", 4), ("break", 2), ("return", 5), ("outro", 1))
_KICKS = {"intro", "theme", "return", "outro"}


def _club_kit(stage: Stage, *, kick: FloatArray) -> dict[str, Stroke]:
    rng = stage.rng
    return {
        "kick": Stroke((kick,), 1.0),
        "clap": Stroke((drums.clap(rng), drums.clap(rng)), 0.6, 0.05),
        "hat": Stroke(tuple(drums.hat(rng) for _ in range(3)), 0.3, 0.25),
        "open": Stroke((drums.hat(rng, length_s=0.22),), 0.33, -0.2),
        "rim": Stroke((drums.rim(),), 0.4, -0.35),
        "shaker": Stroke(tuple(drums.shaker(rng) for _ in range(3)), 0.45, 0.45),
        "crash": Stroke((drums.crash(rng),), 0.3, 0.1),
    }


def _rise_into(stage: Stage, bar: int, bars: float) -> None:
    sound = drums.riser(bars * stage.beats * stage.beat_s, stage.rng)
    stage.desk.place(sound, (bar - bars) * stage.beats * stage.beat_s, bus="noise", gain=0.6)


def house(song: Song) -> FloatArray:
    """Swung hats, stabs of ninth chords on electric piano and organ, a rubber bass, a tune that comes back over the full kit."""
    stage = Stage(song, swing=0.09, swing_step=0.25)
    kit, tonic = _club_kit(stage, kick=drums.kick(low_hz=50, sweep_hz=130, length_s=0.3)), 48 + song.tonic % 12
    roots = _HOUSE_ROOTS[int(stage.rng.integers(len(_HOUSE_ROOTS)))]
    stabs = _stab_rhythm(stage.rng)
    tune = phrase(stage.rng, roots, scale=song.scale, tonic=tonic + 12, grid=4, density=0.33, low=0, high=9)
    hands: tuple[float, ...] | None = None
    for part in sections(song.bars, _FORM):
        _house_drums(stage, kit, part)
        for bar in part.each_bar():
            root = roots[bar % 4]
            hands = led(hands, chord(song.scale, tonic, root, size=5)[1:], centre=61)
            _house_bar(stage, part.name, bar, hands, degree(song.scale, tonic - 12, root), stabs)
            if part.name in ("return", "break"):
                own = [n for n in tune if bar % 4 * 4 <= n.beat < bar % 4 * 4 + 4]
                stage.play(moved(own, beats=(bar - bar % 4) * 4), _vibes, bus="lead", spread=0.4, hold=1.6)
    end = song.bars * stage.beats
    stage.play(strum(hands or (), end, 4.0), voices.electric_piano, bus="keys")
    stage.stroke(kit["crash"], end, 0.8)
    strips = {
        "kick": Strip(0.95),
        "drums": Strip(1.25, low_cut_hz=180, room=0.07),
        "bass": Strip(0.5, high_cut_hz=1800, pump=0.45),
        "keys": Strip(0.42, low_cut_hz=160, room=0.22, echo=0.12, pump=0.5),
        "pad": Strip(0.3, low_cut_hz=240, room=0.3, pump=0.75),
        "lead": Strip(0.6, room=0.3, echo=0.4),
        "noise": Strip(1.2, room=0.3),
    }
    return stage.desk.finish(strips, room=Room(1.5, 6000), echo=Echo(0.75 * stage.beat_s, 0.45), master=Master(-13.0, glue=0.35))


def _vibes(freq_hz: float, duration_s: float, velocity: float) -> FloatArray:
    return voices.mallet(freq_hz, duration_s + 0.3, velocity, wood=0.15)


def _rubber(freq_hz: float, duration_s: float, velocity: float) -> FloatArray:
    return voices.closing(freq_hz, duration_s, bright=0.25 + 0.2 * velocity, close_per_s=7)


def _stab_rhythm(rng: np.random.Generator) -> tuple[float, ...]:
    options = ((0.0, 0.75, 1.5, 2.75), (0.5, 1.25, 2.5, 3.25), (0.0, 1.5, 2.25, 3.5), (0.75, 1.5, 2.5, 3.75))
    return options[int(rng.integers(len(options)))]


def _house_drums(stage: Stage, kit: dict[str, Stroke], part: Section) -> None:
    full = part.name in ("theme", "return")
    if part.name in _KICKS:
        stage.kick_on(part.each_bar(), kit["kick"], (0, 1, 2, 3))
    lines = {"shaker": "oxoo oxoo oxoo oxox", "hat": "..x. ..x. ..x. ..xo"}
    if full:
        lines |= {"open": "..X. ..X. ..X. ..X.", "clap": ".... X... .... X...", "rim": "...x .... ..x. .x.."}
        stage.stroke(kit["crash"], part.bar * 4, 0.8)
    stage.groove(part.each_bar(), kit, lines)
    if part.name == "break":
        _rise_into(stage, part.bar + part.bars, min(2, part.bars))


def _house_bar(stage: Stage, name: str, bar: int, hands: tuple[float, ...], low: float, stabs: tuple[float, ...]) -> None:
    beat = bar * 4.0
    if name != "outro":
        for at in stabs:
            chords = strum(hands, beat + at, 0.4, velocity=0.75 if at % 1 else 0.9)
            stage.play(chords, voices.electric_piano, bus="keys", spread=0.5)
    if name in ("theme", "return"):
        line = [(0.5, 0), (1.25, 0), (1.5, 12), (2.5, 0), (3.25, 7), (3.5, 12)]
        stage.play([Note(beat + at, 0.42, low + up, 0.9) for at, up in line], _rubber, bus="bass", loose_s=0.001)
    if name in ("break", "return"):
        _pad(stage, hands, beat, 4.0)


def _pad(stage: Stage, pitches: tuple[float, ...], beat: float, length: float, *, tilt: float = 1.25) -> None:
    def voice(freq_hz: float, duration_s: float, _velocity: float) -> FloatArray:
        return voices.shaped(voices.thick(freq_hz, duration_s + 0.3, stage.rng, tilt=tilt), 0.12, 0.3)

    stage.play(strum(pitches, beat, length), voice, bus="pad", hold=1.0, loose_s=0)


def techno(song: Song) -> FloatArray:
    """A hard kick with a rumble behind it, an acid line that opens and closes over the song, metal percussion in threes."""
    stage = Stage(song, loose_s=0.001)
    kit = _club_kit(stage, kick=drums.kick(low_hz=46, sweep_hz=240, fall=42, length_s=0.32, click=0.7))
    tonic = 36 + (song.tonic % 7)
    line = _acid_line(stage, song, tonic)
    clang = _clang(stage)
    for part in sections(song.bars, (("intro", 3), ("theme", 4), ("break", 2), ("return", 6), ("outro", 2))):
        _techno_drums(stage, kit, part, clang)
        for bar in part.each_bar():
            progress = bar / song.bars
            _acid_bar(stage, line, bar, part.name, opening=float(np.sin(np.pi * progress) ** 1.5))
            if part.name in ("break", "return"):
                _stab(stage, song, tonic, bar)
    stage.stroke(kit["crash"], song.bars * 4, 0.9)
    strips = {
        "kick": Strip(1.1, room=0.05),
        "rumble": Strip(0.55, high_cut_hz=110, pump=0.9),
        "drums": Strip(1.2, low_cut_hz=300, room=0.1),
        "clang": Strip(1.4, low_cut_hz=500, room=0.35, echo=0.35),
        "acid": Strip(0.55, low_cut_hz=70, room=0.08, echo=0.22, pump=0.35),
        "stab": Strip(0.7, low_cut_hz=200, room=0.5, echo=0.55),
        "noise": Strip(1.2, room=0.3),
    }
    return stage.desk.finish(
        strips, room=Room(2.2, 3800), echo=Echo(0.75 * stage.beat_s, 0.55), master=Master(-11.0, -0.8, glue=0.3, fade_out_s=2.5)
    )


def _acid_line(stage: Stage, song: Song, tonic: float) -> list[tuple[float, float, bool]]:
    rng = stage.rng
    picks = rng.choice([0, 0, 0, 1, 2, 4, 7], 16)
    return [
        (k / 4, degree(song.scale, tonic, int(p)), bool(rng.random() < 0.3)) for k, p in enumerate(picks) if rng.random() < 0.78
    ]


def _acid_bar(stage: Stage, line: list[tuple[float, float, bool]], bar: int, name: str, *, opening: float) -> None:
    if name == "outro":
        return
    level = round(opening * 5) / 5
    for at, pitch, accent in line:
        cutoff = 250 + 3200 * level * (1.3 if accent else 0.8)

        def voice(freq_hz: float, duration_s: float, _velocity: float, top: float = cutoff, hard: bool = accent) -> FloatArray:
            return voices.acid(freq_hz, duration_s, cutoff_hz=top, resonance=2.5, accent=0.9 if hard else 0.3)

        note = Note(bar * 4 + at, 0.24, pitch, 0.8)
        sound = stage.sound(voice, note, 0.95, f"acid{level}{accent}")
        stage.desk.place(sound, stage.at(note.beat), bus="acid", gain=0.8)


def _clang(stage: Stage) -> FloatArray:
    freqs = stage.rng.uniform(700, 4200, 9)
    return voices.shaped(voices.partials(freqs, 0.25 / np.sqrt(np.arange(1, 10)), stage.rng.uniform(14, 40, 9), 0.3), 0.001, 0.05)


def _techno_drums(stage: Stage, kit: dict[str, Stroke], part: Section, clang: FloatArray) -> None:
    if part.name in _KICKS:
        stage.kick_on(part.each_bar(), kit["kick"], (0, 1, 2, 3))
        rumble = voices.shaped(drums.kick(low_hz=44, sweep_hz=20, length_s=0.9, click=0), 0.02, 0.3)
        for bar in part.each_bar():
            for beat in range(4):
                stage.desk.place(rumble, (bar * 4 + beat + 0.25) * stage.beat_s, bus="rumble", gain=0.5)
    lines = {"open": "..X. ..X. ..X. ..X."} if part.name != "intro" else {}
    if part.name in ("theme", "return"):
        lines |= {"hat": "xoxo xoxo xoxo xoxx", "clap": ".... X... .... X..o"}
        stage.stroke(kit["crash"], part.bar * 4, 0.7)
    stage.groove(part.each_bar(), kit, lines)
    stage.groove(part.each_bar(), {"clang": Stroke((clang,), 0.6, -0.4, "clang")}, {"clang": "x..x ..x. .x.. x.x."})
    if part.name == "break":
        _rise_into(stage, part.bar + part.bars, min(3, part.bars))


def _stab(stage: Stage, song: Song, tonic: float, bar: int) -> None:
    def voice(freq_hz: float, duration_s: float, _velocity: float) -> FloatArray:
        return voices.closing(freq_hz, duration_s + 0.2, bright=0.5, close_per_s=16)

    pitches = [degree(song.scale, tonic + 24, s) for s in (0, 2, 4, 6)]
    shift = (0.0, 0.0, 1.0, -2.0)[bar % 4]
    stage.play(strum([p + shift for p in pitches], bar * 4 + 1.75, 0.3), voice, bus="stab", loose_s=0)


def trance(song: Song) -> FloatArray:
    """A wide arpeggio of thick saws under a gate, an off-beat bass, a long break with the tune alone, then everything."""
    stage = Stage(song, loose_s=0.001)
    kit, tonic = _club_kit(stage, kick=drums.kick(low_hz=51, sweep_hz=200, length_s=0.28, click=0.6)), 48 + song.tonic % 12
    roots = _TRANCE_ROOTS[int(stage.rng.integers(len(_TRANCE_ROOTS)))]
    tune = phrase(stage.rng, roots, scale=song.scale, tonic=tonic + 12, density=0.5, low=2, high=10)
    pattern = stage.rng.permutation([0, 1, 2, 3, 2, 1, 0, 3, 1, 2, 3, 0, 2, 3, 1, 3])
    hands: tuple[float, ...] | None = None
    for part in sections(song.bars, (("intro", 2), ("theme", 4), ("break", 4), ("return", 8), ("outro", 2))):
        _trance_drums(stage, kit, part)
        for bar in part.each_bar():
            root = roots[bar % 4]
            hands = led(hands, chord(song.scale, tonic, root), centre=62)
            _trance_bar(stage, part.name, bar, hands, degree(song.scale, tonic - 12, root), pattern)
            if part.name in ("break", "return"):
                own = [n for n in tune if bar % 4 * 4 <= n.beat < bar % 4 * 4 + 4]
                stage.play(moved(own, beats=(bar - bar % 4) * 4), _super_saw(stage), bus="lead", hold=1.0, loose_s=0)
    stage.stroke(kit["crash"], song.bars * 4, 1.0)
    _pad(stage, hands or (), song.bars * 4, 4.0)
    strips = {
        "kick": Strip(1.0),
        "drums": Strip(1.3, low_cut_hz=350, room=0.08),
        "bass": Strip(0.5, high_cut_hz=2500, pump=0.6),
        "arp": Strip(0.5, low_cut_hz=220, room=0.15, echo=0.35, pump=0.4),
        "pad": Strip(0.5, low_cut_hz=180, room=0.35, pump=0.7),
        "lead": Strip(1.0, low_cut_hz=250, room=0.35, echo=0.4, pump=0.25),
        "noise": Strip(1.2, room=0.4),
    }
    return stage.desk.finish(
        strips, room=Room(2.6, 7500), echo=Echo(0.75 * stage.beat_s, 0.5, 5500), master=Master(-11.5, -0.8, glue=0.35)
    )


def _super_saw(stage: Stage) -> Voice:
    def voice(freq_hz: float, duration_s: float, _velocity: float) -> FloatArray:
        sound = voices.thick(freq_hz, max(duration_s, 0.25), stage.rng, tilt=0.85, width_cents=20, top_hz=12_000)
        return voices.shaped(sound, 0.006, 0.08)

    return voice


def _trance_bar(stage: Stage, name: str, bar: int, hands: tuple[float, ...], low: float, pattern: np.ndarray) -> None:
    beat = bar * 4.0
    ladder = (*hands, hands[0] + 12)
    if name != "break" or bar % 2:
        arp = [
            Note(beat + k / 4, 0.25, ladder[step] + (12 if k % 8 == 6 else 0), 0.6 + 0.3 * (k % 4 == 0))
            for k, step in enumerate(pattern)
        ]
        stage.play(
            arp,
            lambda f, d, v: voices.closing(f, d + 0.1, bright=0.35 + 0.3 * v, close_per_s=10),
            bus="arp",
            spread=1.2,
            loose_s=0,
        )
    if name in ("theme", "return", "outro"):
        bass = [Note(beat + k + at, 0.24, low, 0.9) for k in range(4) for at in (0.25, 0.5, 0.75)]
        stage.play(bass, lambda f, d, v: voices.closing(f, d, bright=0.4, close_per_s=8), bus="bass", loose_s=0)
    if name in ("intro", "break", "return"):
        _pad(stage, hands, beat, 4.0, tilt=1.05)


def _trance_drums(stage: Stage, kit: dict[str, Stroke], part: Section) -> None:
    if part.name in ("theme", "return", "outro"):
        stage.kick_on(part.each_bar(), kit["kick"], (0, 1, 2, 3))
        lines = {"open": "..X. ..X. ..X. ..X.", "clap": ".... X... .... X...", "hat": "x.xo x.xo x.xo xoxo"}
        stage.groove(part.each_bar(), kit, lines)
        stage.stroke(kit["crash"], part.bar * 4, 1.0)
    if part.name == "break":
        _rise_into(stage, part.bar + part.bars, min(4, part.bars))
        roll = [(part.bar + part.bars - 1) * 4 + k / 4 for k in range(16)]
        for k, beat in enumerate(roll):
            stage.stroke(kit["clap"], beat, 0.25 + 0.045 * k)
