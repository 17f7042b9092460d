"""Every knob of the project, once: its default, range, unit and one sentence.

`config.toml` is read into a frozen `Config`; all faults are told at once, a misspelt key with what was probably meant. The
file shipped at the top of the project is made from this module (`python -m mixtape.config > config.toml`), and the live half
makes its OSC addresses and its overlay from the knobs marked `live`.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from mixtape.errors import ConfigError
from mixtape.hexcolours import colours_fault
from mixtape.networks import networks_fault
from mixtape.projection import displays_fault, output_fault


@dataclass(frozen=True, slots=True)
class Knob:
    """One setting as data: dotted name, default, range or choices, unit, a sentence; `live` ones turn during the show.

    Where there are `others`, any text may stand beside the choices.
    """

    name: str
    default: Any
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    unit: str
    sentence: str
    live: bool
    others: bool = False
    check: Callable[[str], str | None] | None = None
    """Says what is wrong with a text, where it has a form."""

    glide_s: float = 0.0
    """A live number that is turned takes about three times this long to get there, so that no step of a controller is seen."""

    def fault(self, value: object) -> str | None:
        """What is wrong with `value` for this knob, or None when it can be used."""
        kind = type(self.default)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = number if kind is float else type(value) is kind
        if not fits:
            return f"{self.name} = {value!r}: {_KIND[kind]} is needed, such as {self.default!r}"
        if self.choices and not self.others and value not in self.choices:
            return f"{self.name} = {value!r}: one of {', '.join(self.choices)} is needed"
        if self.check and isinstance(value, str) and (wrong := self.check(value)):
            return f"{self.name}: {wrong}"
        # Written so that NaN, which compares false with everything, is a fault too.
        if number and self.low is not None and self.high is not None and not self.low <= value <= self.high:  # type: ignore[operator]
            return f"{self.name} = {value!r}: must be from {self.low:g} to {self.high:g}{' ' if self.unit else ''}{self.unit}"
        return None


_KIND = {float: "a number", int: "a whole number", bool: "true or false", str: "a text in quotes"}


def _number(
    default: float, low: float, high: float, unit: str, sentence: str, *, live: bool = False, glide_s: float = 0.0
) -> Any:
    about = {"low": low, "high": high, "unit": unit, "sentence": sentence, "live": live or glide_s > 0, "glide_s": glide_s}
    return field(default=default, metadata=about)


def _text(
    default: str,
    sentence: str,
    *,
    choices: tuple[str, ...] = (),
    others: bool = False,
    live: bool = False,
    check: Callable[[str], str | None] | None = None,
) -> Any:
    about = {"choices": choices, "others": others, "sentence": sentence, "live": live, "check": check}
    return field(default=default, metadata=about)


def _switch(default: bool, sentence: str, *, live: bool = False) -> Any:
    return field(default=default, metadata={"sentence": sentence, "live": live})


FLASHES = ("held", "held as in broadcasts", "not held though flashes can cause seizures")
"""What config can say about flashes: the limiter's profiles "window" and "broadcast", and none, said in plain words."""


_SOFT_S = 0.15
"""How softly knobs of the picture turn."""


def _output(number: int) -> Any:
    sentence = f"How output {number} shows its part, such as corners 0 0 1 0 1 1 0 1; rotate 180 (docs/displays.md)."
    return _text("", sentence, live=True, check=output_fault)


RECIPES = (
    "walk", "nearest_map", "nearest_features", "radio", "wander", "path", "waypoints", "loop", "energy_curve", "tempo_ramp",
    "contrast", "alchemy", "islands", "hidden_gems", "same_colours", "album", "tour",
)  # fmt: skip
"""What chooses the coming songs: the walk, and every recipe of `mixtape.playlists.registry`."""


def _similar(what: str) -> Any:
    sentence = f"How much {what} where the coming songs are chosen: 1 is as the map was built, 0 not at all."
    return _number(1.0, 0.0, 5.0, "", sentence, live=True)


@dataclass(frozen=True, slots=True)
class BuildConfig:
    """The offline chain from a folder to the map."""

    jobs: int = _number(0, 0, 256, "processes", "How many songs are heard at once; 0 takes every core.")
    rhythm_weight: float = _number(1.0, 0.0, 10.0, "", "How much rhythm and tempo count in the distance between songs.")
    timbre_weight: float = _number(2.0, 0.0, 10.0, "", "How much the colour of the sound counts in the distance between songs.")
    tone_weight: float = _number(1.0, 0.0, 10.0, "", "How much harmony counts in the distance between songs.")
    blocks_weight: float = _number(2.0, 0.0, 10.0, "", "How much patterns of sound in time count in the distance between songs.")
    ear_weight: float = _number(2.0, 0.0, 10.0, "", "How much the ear learned on this collection counts in the distance.")
    neighbours: int = _number(50, 1, 1000, "songs", "How many nearest songs are kept for each song.")
    perplexity: float = _number(30.0, 2.0, 500.0, "songs", "About how many songs each song looks at when the map is laid out.")
    seed: int = _number(1, 0, 2**31 - 1, "", "The number all chance in maps and recipes starts from.")


FAMILY = "fused:60 ear:60 ear:30 blocks:30 timbre:30 ssd:30 ssd:60 rp:60 rp:30 rh:30 tonal:30"
"""The maps after the first where nobody says others."""


@dataclass(frozen=True, slots=True)
class MapsConfig:
    """The family of maps."""

    family: str = _text(
        FAMILY,
        "The maps after the first, fused:30, each a feature set and a perplexity; put those side by side that are alike.",
    )
    steps: int = _number(
        8, 1, 64, "steps", "In how many steps one distance becomes the next where they share a third of each song's nearest."
    )
    rounds: int = _number(
        150, 10, 2000, "rounds", "How long the songs settle at each of these steps; at the map they go on until it helps no more."
    )
    up_to: int = _number(2000, 0, 5000, "songs", "A build makes the family for so many songs; for more, mixtape map does it.")


@dataclass(frozen=True, slots=True)
class EarConfig:
    """The ear that learns on the collection itself."""

    net: bool = _switch(True, "Whether a network learns beside the linear ear; it takes minutes where that takes seconds.")
    minutes: float = _number(0.0, 0.0, 10_000.0, "CPU-min", "How long the network learns; 0 goes by the size of the collection.")
    threads: int = _number(0, 0, 256, "threads", "CPU threads the network learns with; 0 takes every core.")


@dataclass(frozen=True, slots=True)
class PlaylistConfig:
    """Mixtapes."""

    length: int = _number(12, 1, 500, "songs", "How many songs a mixtape has, the seed among them.")
    artist_gap: int = _number(
        2, 0, 50, "songs", "How many songs lie between two of the same artist, where the collection allows."
    )
    album_cap: int = _number(2, 0, 500, "songs", "How many songs of one album a mixtape has at most; 0 is any number.")
    min_s: float = _number(30.0, 0.0, 3600.0, "s", "Shorter songs stay out of mixtapes, where there are others.")
    max_s: float = _number(1200.0, 0.0, 86_400.0, "s", "Longer songs stay out of mixtapes; 0 lets songs of any length in.")
    adventurous: float = _number(0.0, 0.0, 1.0, "", "How far mixtapes stray from what is nearest: 0 keeps close, 1 goes far.")


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """The network that dreams covers."""

    minutes: float = _number(30.0, 0.1, 100_000.0, "min", "How long training runs, over all its starts together.")
    pixels: int = _number(64, 64, 256, "px", "Side of the pictures: 64, 128 or 256; four times the work each.")
    batch: int = _number(32, 4, 4096, "pictures", "Pictures a training step looks at, over all processes.")
    threads: int = _number(0, 0, 256, "threads", "CPU threads of training; 0 takes every core.")
    device: str = _text("auto", "Where training runs.", choices=("auto", "cpu", "cuda"))


@dataclass(frozen=True, slots=True)
class ShowConfig:
    """The show: window, sound, scenes."""

    width: int = _number(1280, 160, 7680, "px", "Width of the window when it is not fullscreen, and of an export.")
    height: int = _number(720, 90, 4320, "px", "Height of the window when it is not fullscreen, and of an export.")
    fps: int = _number(60, 10, 240, "frames/s", "The most frames a second the window draws.")
    quality: str = _text(
        "auto",
        "How finely the window is drawn; auto holds its frames a second. An export is always drawn in full.",
        choices=("auto", "full", "high", "middle", "low", "lower", "least"),
        live=True,
    )
    display: int = _number(0, 0, 15, "", "Which display the show fills, the first being 0.")
    crossfade_s: float = _number(
        4.0, 0.0, 20.0, "s", "How long one song fades into the next; 0 joins them without a gap.", live=True
    )
    crossfade_at_sections: bool = _switch(
        False, "Whether a song is left where a section of it ends, or where it is quiet, up to 20 s before its end.", live=True
    )
    volume: float = _number(0.9, 0.0, 1.0, "", "Loudness of the songs.", live=True)
    level_songs: bool = _switch(True, "Whether every song is brought to the same loudness, as far as its peaks allow.")
    level_lufs: float = _number(-18.0, -40.0, -8.0, "LUFS", "The loudness songs are brought to.")
    sound_device: str = _text("", "A part of the sound device's name, as mixtape devices lists it; empty is the default one.")
    sound_offset_ms: float = _number(
        0.0, -500.0, 500.0, "ms", "Moves the picture later (+) or earlier (-) against the sound.", live=True
    )
    recipe: str = _text(
        "walk",
        "How the coming songs are chosen: walk goes from song to near song, any other is a mixtape from the song that plays.",
        choices=RECIPES,
        live=True,
    )
    variation: int = _number(0, 0, 999, "", "Which of many mixtapes of a recipe; 0 is the plain one.", live=True)
    similar_rhythm: float = _similar("rhythm and tempo count")
    similar_timbre: float = _similar("the colour of the sound counts")
    similar_tone: float = _similar("harmony counts")
    similar_blocks: float = _similar("patterns of sound in time count")
    similar_ear: float = _similar("the ear learned on this collection counts")
    scene: str = _text(
        "auto",
        "What is drawn, also a scene of your own by its name; auto lets the director choose.",
        choices=("auto", "map", "grid", "wall", "chart", "forming", "gallery"),
        others=True,
        live=True,
    )
    map: str = _text(
        "fused",
        "The map songs stand on, by its name or its place in the family's order; mixtape map lists those of a collection.",
        choices=("fused", *FAMILY.replace(":", "-").split()),
        others=True,
        live=True,
    )
    map_s: float = _number(8.0, 0.0, 60.0, "s", "How long one map takes to become another.", live=True)
    scene_mix: float = _number(
        0.0,
        0.0,
        1.0,
        "",
        "A fader from scene (0) to scene_other (1); between them both are seen and the director rests.",
        live=True,
    )
    scene_other: str = _text(
        "auto",
        "The scene at the far end of scene_mix, also one of your own; auto is the one that would come next.",
        choices=("auto", "map", "grid", "wall", "chart", "forming", "gallery"),
        others=True,
        live=True,
    )
    own_scenes: str = _text(
        "", "The folder of your own scenes, fragment shaders in ISF form; empty: scenes/ in the library. docs/shaders.md."
    )
    scene_s: float = _number(
        24.0, 4.0, 600.0, "s", "About how long the director stays with a scene; the music says when exactly.", live=True
    )
    look_x: float = _number(0.5, 0.0, 1.0, "", "Flies the camera over the map: from its left (0) to its right (1).", live=True)
    look_y: float = _number(
        0.5, 0.0, 1.0, "", "Flies the camera over the map: from its near end (0) to its far one (1).", live=True
    )
    look_zoom: float = _number(
        0.0, -1.0, 6.0, "", "Flies the camera nearer, twice as near with every 1; 0 sees the map.", live=True
    )
    look_s: float = _number(
        20.0, 0.0, 3600.0, "s", "How long the camera stays where it was flown before it follows the song again.", live=True
    )
    transition_s: float = _number(2.5, 0.0, 20.0, "s", "How long one scene takes to become another.", live=True)
    wall_rows: int = _number(8, 6, 36, "tiles", "Rows of the wall.", live=True)
    wall_cols: int = _number(14, 6, 36, "tiles", "Columns of the wall.", live=True)
    wall_strength: float = _number(
        1.0, 0.0, 1.5, "", "How strongly the song asks for its pictures; 0 lets the wall dream freely.", glide_s=_SOFT_S
    )
    wall_colours: float = _number(
        0.0, 0.0, 1.5, "", "How strongly the song's cover asks for its colours; 0 leaves colours to the music.", glide_s=_SOFT_S
    )
    wall_spread: float = _number(
        0.75, 0.0, 1.0, "", "How far the wall strays from the playing song to those that sound like it.", glide_s=_SOFT_S
    )
    wall_truncation: float = _number(
        1.0, 0.0, 1.2, "", "How wild the pictures are: low is calm and alike, high is varied.", glide_s=_SOFT_S
    )
    wall_speed: float = _number(1.0, 0.0, 4.0, "", "How fast the pictures wander when the music is loud.", live=True)
    energy: float = _number(0.6, 0.0, 1.0, "", "How much everything that moves answers the music.", glide_s=_SOFT_S)
    grain: float = _number(0.35, 0.0, 1.0, "", "Film grain over the picture.", glide_s=_SOFT_S)
    bloom: float = _number(0.4, 0.0, 1.0, "", "How far light spreads around bright places.", glide_s=_SOFT_S)
    grading: float = _number(
        0.5, 0.0, 1.0, "", "How much shadows and lights take the colours of the playing song's cover.", glide_s=_SOFT_S
    )
    palette: str = _text(
        "",
        "Colours in place of the song's cover's, 1 to 5 such as #1a2b3c #ffcc00, the leading one first; empty: the cover's.",
        live=True,
        check=colours_fault,
    )
    trails: float = _number(0.0, 0.0, 1.0, "", "How long light lingers where something bright has moved.", glide_s=_SOFT_S)
    flashes: str = _text(
        FLASHES[0],
        "Whether flashes are held to three a second in window, recording and export; docs/safety.md says what that means.",
        choices=FLASHES,
    )
    reduced_motion: bool = _switch(
        False,
        "No shakes, ripples or quick cuts: nothing answers onsets, the camera is slow, scenes stay long and fade.",
        live=True,
    )
    record_fps: int = _number(30, 1, 60, "frames/s", "Frames a second of a recording that is made during the show.")
    record_height: int = _number(
        1080, 0, 4320, "px", "How high a recording is at most, where the picture is larger; 0: always as large as the picture."
    )
    title_s: float = _number(7.0, 0.0, 60.0, "s", "How long the title card of a new song stays.", live=True)
    seed: int = _number(1, 0, 2**31 - 1, "", "The number all chance in the show starts from.")
    no_repeat: int = _number(
        50, 0, 100_000, "songs", "No song comes again within so many songs, or half the collection if that is less."
    )


@dataclass(frozen=True, slots=True)
class DisplaysConfig:
    """Several displays as one surface, and projectors that are pinned, turned and blended; docs/displays.md."""

    use: str = _text(
        "",
        "The displays that make one surface, such as 0 1; empty is show.display alone, all is every one.",
        check=displays_fault,
    )
    overlap: float = _number(0.0, 0.0, 0.5, "", "What share of its picture a projector has in common with the next.", live=True)
    projector_gamma: float = _number(2.2, 1.0, 3.5, "", "The gamma of the projectors, for soft edges of even light.", live=True)
    test_picture: bool = _switch(False, "Whether the picture to set displays up by is shown in place of the show.", live=True)
    output_1: str = _output(1)
    output_2: str = _output(2)
    output_3: str = _output(3)
    output_4: str = _output(4)
    output_5: str = _output(5)
    output_6: str = _output(6)


@dataclass(frozen=True, slots=True)
class ControlConfig:
    """What steers the show from outside."""

    osc: bool = _switch(True, "Whether the show listens for OSC.")
    osc_port: int = _number(9100, 1024, 65535, "", "The UDP port OSC arrives on.")
    osc_host: str = _text("127.0.0.1", "The address OSC is taken on; 127.0.0.1 is this computer alone, or with lan all it has.")
    lan: bool = _switch(False, "Whether OSC and OSCQuery are taken from the network too, of those in allow (docs/control.md).")
    allow: str = _text(
        "",
        "Who besides this computer may send then: addresses and networks, such as 192.168.1.20 10.0.0.0/24.",
        check=networks_fault,
    )
    osc_out: str = _text(
        "", "Who is told by OSC what plays and where knobs stand, such as 127.0.0.1:9000 (with norm after it knobs as 0 to 1)."
    )
    oscquery: bool = _switch(True, "Whether other programs may ask by OSCQuery which addresses there are; heard where OSC is.")
    oscquery_port: int = _number(9101, 1024, 65535, "", "The TCP port of OSCQuery.")
    oscquery_announced: bool = _switch(
        False, "Whether zeroconf announces OSCQuery; it hears the network's port 5353 for that, whatever osc_host is."
    )
    osc_out_hz: float = _number(30.0, 1.0, 120.0, "times/s", "How often they are told.")
    midi: bool = _switch(True, "Whether MIDI controllers turn knobs (docs/midi.md); m in the show binds them.")
    midi_ports: str = _text("", "Only MIDI ports with this in their names are used; empty: all.")
    midi_pickup: bool = _switch(True, "Whether a fader takes its knob only once it has come to where the knob stands.")
    midi_feedback: bool = _switch(True, "Whether lights and motor faders of MIDI controllers show where their knobs stand.")
    midi_clock_out: str = _text("", "MIDI outputs with this in their names get the song's beats as MIDI clock; empty: none.")
    midi_transport: bool = _switch(False, "Whether start and stop of a MIDI clock that is heard let the song go on and hold it.")
    remote: bool = _switch(
        False, "Whether guests' phones may open a page on the local network (docs/remote.md); needs the extra web."
    )
    remote_host: str = _text(
        "", "The address phones find the page at; empty is this computer's on its network, 127.0.0.1 hears this computer alone."
    )
    remote_port: int = _number(9110, 1024, 65535, "", "The TCP port of the page.")
    remote_code: bool = _switch(False, "Whether the code that opens the page on a phone is shown.", live=True)


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, by section."""

    build: BuildConfig = BuildConfig()
    maps: MapsConfig = MapsConfig()
    ear: EarConfig = EarConfig()
    playlist: PlaylistConfig = PlaylistConfig()
    train: TrainConfig = TrainConfig()
    show: ShowConfig = ShowConfig()
    displays: DisplaysConfig = DisplaysConfig()
    control: ControlConfig = ControlConfig()

    def value(self, name: str) -> Any:
        """The value of the knob `section.key`."""
        section, _, key = name.partition(".")
        return getattr(getattr(self, section), key)


def knobs() -> tuple[Knob, ...]:
    """Every knob there is, named `section.key`, in the order of config.toml."""
    return tuple(knob for section in dataclasses.fields(Config) for knob in _section_knobs(section.name, type(section.default)))


def _section_knobs(name: str, section: type) -> Iterator[Knob]:
    hints = get_type_hints(section)
    for each in dataclasses.fields(section):
        about = each.metadata
        yield Knob(
            name=f"{name}.{each.name}",
            default=hints[each.name](each.default),
            low=about.get("low"),
            high=about.get("high"),
            choices=about.get("choices", ()),
            unit=about.get("unit", ""),
            sentence=about["sentence"],
            live=about.get("live", False),
            others=about.get("others", False),
            check=about.get("check"),
            glide_s=about.get("glide_s", 0.0),
        )


def load(path: Path | None = None) -> Config:
    """Read `path`, or config.toml in the working folder when there is one, or take the defaults.

    Raises ConfigError naming every fault of the file at once.
    """
    source = path or Path("config.toml")
    if not source.is_file():
        if path is not None:
            raise ConfigError(f"{path}: no such config file; leave --config out to use the defaults")
        return Config()
    try:
        table = tomllib.loads(source.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source}: not readable as TOML: {error}") from error
    return from_table(table, source=str(source))


def from_table(table: Mapping[str, Any], *, source: str = "config") -> Config:
    """A Config from nested tables; what is left out keeps its default. Raises ConfigError with all faults."""
    known = {knob.name: knob for knob in knobs()}
    sections: dict[str, Any] = {each.name: type(each.default) for each in dataclasses.fields(Config)}
    faults: list[str] = []
    given: dict[str, dict[str, Any]] = {name: {} for name in sections}
    for section, values in table.items():
        if section not in sections or not isinstance(values, Mapping):
            faults.append(f"[{section}] is no section{_meant(section, list(sections))}")
            continue
        for key, value in values.items():
            knob = known.get(f"{section}.{key}")
            if knob is None:
                keys = [name.partition(".")[2] for name in known if name.startswith(section + ".")]
                faults.append(f"[{section}] {key} is not known{_meant(key, keys)}")
            elif fault := knob.fault(value):
                faults.append(fault)
            else:
                given[section][key] = type(knob.default)(value)
    if faults:
        raise ConfigError(f"{source}: " + "; ".join(faults))
    return Config(**{name: section(**given[name]) for name, section in sections.items()})


def changed(config: Config, section: str, **changes: object) -> Config:
    """The config with some knobs of a section changed; None leaves one as it is. ConfigError with all faults at once."""
    given = {key: value for key, value in changes.items() if value is not None}
    known = {knob.name: knob for knob in knobs()}
    faults = [fault for key, value in given.items() if (fault := known[f"{section}.{key}"].fault(value))]
    if faults:
        raise ConfigError("; ".join(faults))
    return dataclasses.replace(config, **{section: dataclasses.replace(getattr(config, section), **given)})


def _meant(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f", did you mean {close[0]}?" if close else f"; there is {', '.join(known)}"


def as_toml() -> str:
    """The text of config.toml: every knob at its default, with unit, range and sentence beside it."""
    lines = ["# Every knob of mixtape at its default. Made by `python -m mixtape.config`; change values as you like.", ""]
    section = ""
    for knob in knobs():
        head, _, key = knob.name.partition(".")
        if head != section:
            lines += ([""] if section else []) + [f"[{head}]"]
            section = head
        lines.append(f"# {knob.sentence}{_limits(knob)}")
        lines.append(f"{key} = {_toml_value(knob.default)}")
    return "\n".join(lines) + "\n"


def _limits(knob: Knob) -> str:
    if knob.choices:
        return f" ({', '.join(knob.choices)})"
    if knob.low is None or knob.high is None:
        return ""
    return f" ({knob.low:g} to {knob.high:g}{' ' if knob.unit else ''}{knob.unit})"


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else repr(value)


if __name__ == "__main__":
    import sys

    sys.stdout.write(as_toml())
