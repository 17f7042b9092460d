"""Mixtapes: playlist, playlists."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixtape import config as configuration
from mixtape.commands.shared import ConfigOption, LibraryOption, open_library, print_table, printable, seed_track
from mixtape.errors import ConfigError, LibraryError

if TYPE_CHECKING:
    from mixtape.library import Library
    from mixtape.playlists.collection import Collection
    from mixtape.playlists.recipe import Request
    from mixtape.types import Playlist

SeedOption = Annotated[str, typer.Option("--seed", help="The song to start from: an id, or words of its title, artist or album.")]
RandomOption = Annotated[bool, typer.Option("--random", help="Start from any song.")]
LengthOption = Annotated[int | None, typer.Option("--length", min=1, help="How many songs [default: 12].")]
MinutesOption = Annotated[float | None, typer.Option("--minutes", help="How long, in place of how many songs.")]
VariationOption = Annotated[
    int, typer.Option("--variation", min=0, help="Another number, another mixtape; the same number, the same.")
]
AdventurousOption = Annotated[
    float | None, typer.Option("--adventurous", help="0 keeps to what is nearest, 1 strays far [default: 0].")
]
AbsoluteOption = Annotated[bool, typer.Option("--absolute", help="Full paths in --out, for a list that will move.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
MapOption = Annotated[str, typer.Option("--map", help="The map that is meant wherever a map is.")]

_BOXES = 24
"""So many letters that no font has are named; of more the number is said."""

_MEANT_FOR = {
    "--to": ("path", "waypoints", "loop"),
    "--through": ("path", "waypoints", "loop"),
    "--like": ("alchemy",),
    "--unlike": ("alchemy",),
    "--curve": ("energy_curve",),
    "--bpm": ("tempo_ramp",),
}


def playlist(
    seed: SeedOption = "",
    random: RandomOption = False,
    recipe: Annotated[
        str, typer.Option("--recipe", help="How songs are chosen; `mixtape recipes` explains each.")
    ] = "nearest-features",
    length: LengthOption = None,
    minutes: MinutesOption = None,
    variation: VariationOption = 0,
    adventurous: AdventurousOption = None,
    through: Annotated[list[str] | None, typer.Option("--through", help="Come by this song; may be given again.")] = None,
    to: Annotated[str, typer.Option("--to", help="The song a path ends at, or a loop turns at.")] = "",
    like: Annotated[list[str] | None, typer.Option("--like", help="More like this song too; may be given again.")] = None,
    unlike: Annotated[list[str] | None, typer.Option("--unlike", help="Less like this song; may be given again.")] = None,
    curve: Annotated[str, typer.Option("--curve", help="Energy over the list, 0 to 1, like 0.2,0.9,0.4.")] = "",
    bpm: Annotated[float | None, typer.Option("--bpm", help="The tempo a tempo ramp leads to.")] = None,
    on_map: MapOption = "fused",
    as_json: JsonOption = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write it for a player: .m3u8, .xspf or .jspf.")] = None,
    absolute: AbsoluteOption = False,
    poster: Annotated[Path | None, typer.Option("--poster", help="Write the mixtape as a poster: .png, .pdf or .svg.")] = None,
    layout: Annotated[str, typer.Option("--layout", help="Of the poster: map, tracklist or sleeve.")] = "map",
    size: Annotated[
        str, typer.Option("--size", help="Of the poster: A2, A3, A4, square, A3-wide and so on, or WIDTHxHEIGHT in pixels.")
    ] = "",
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Make a mixtape from one song: a table, and if asked an M3U8 and a poster.

    \b
    Example: mixtape playlist --seed "night train" --poster night.png --out night.m3u8
    Example: mixtape playlist --seed "night train" --recipe path --to "slow water" --minutes 60
    """
    from mixtape.playlists import export
    from mixtape.playlists.registry import recipe_named, sentence_of

    name = recipe.strip().lower().replace("-", "_")
    chosen, settings = recipe_named(name), configuration.load(config)
    asked = {"--through": through, "--to": to, "--like": like, "--unlike": unlike, "--curve": curve, "--bpm": bpm}
    _refuse_idle(name, asked)
    settings = configuration.changed(settings, "playlist", length=length, adventurous=adventurous)
    with open_library(library) as opened:
        request = _request(
            opened, settings, seed=seed, by_chance=random, minutes=minutes, variation=variation,
            through=[*(through or []), *([to] if to else [])], like=like or [], unlike=unlike or [], curve=curve, bpm=bpm,
        )  # fmt: skip
        made = chosen(request, _collection(opened, settings, on_map))
        tracks = opened.tracks()
        # A poster is refused for more reasons than a list is: first, so that a refusal leaves nothing behind.
        if poster:
            _save_poster(made, opened, poster, recipe=sentence_of(chosen), layout=layout, size=size)
        if out:
            _write(made, opened, out, absolute=absolute)
    if as_json:
        _print_json(export.as_json(made, tracks))
        return
    print_table(export.TABLE_HEAD, export.table_rows(made, tracks))
    for path in filter(None, (out, poster)):
        print(f"written: {path}")


def playlists(
    seed: SeedOption = "",
    random: RandomOption = False,
    length: LengthOption = None,
    minutes: MinutesOption = None,
    variation: VariationOption = 0,
    adventurous: AdventurousOption = None,
    on_map: MapOption = "fused",
    as_json: JsonOption = False,
    out: Annotated[Path | None, typer.Option("--out", help="A folder to write every list into.")] = None,
    format: Annotated[str, typer.Option("--format", help="Of the files in --out: m3u8, xspf or jspf.")] = "m3u8",
    absolute: AbsoluteOption = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Make every mixtape there is from one song, side by side, and show how much they have in common.

    \b
    Example: mixtape playlists --seed "night train" --out night/
    """
    from mixtape.playlists.registry import RECIPES

    settings = configuration.changed(configuration.load(config), "playlist", length=length, adventurous=adventurous)
    with open_library(library) as opened:
        request = _request(opened, settings, seed=seed, by_chance=random, minutes=minutes, variation=variation)
        collection = _collection(opened, settings, on_map)
        made = {name: recipe(request, collection) for name, recipe in RECIPES.items()}
        tracks = opened.tracks()
        written = (
            [_write(each, opened, out / f"{_spoken(name)}.{format}", absolute=absolute) for name, each in made.items()]
            if out
            else []
        )
    from mixtape.playlists import side_by_side

    if as_json:
        _print_json(side_by_side.as_json(made, tracks))
        return
    print(printable(f"From {next(track.label for track in tracks if track.id == request.seed_id)}"))
    print_table(side_by_side.LIST_HEAD, side_by_side.list_rows(made, tracks))
    print("Songs two lists have in common, in per cent of all in both:")
    print_table(*side_by_side.matrix(made))
    print(side_by_side.sentence(made))
    if out:
        print(f"written: {len(written)} lists in {out}")


def recipes() -> None:
    """List the recipes mixtapes are made by.

    \b
    Example: mixtape recipes
    """
    from mixtape.playlists.registry import RECIPES, sentence_of

    options = {name: " ".join(option for option, names in _MEANT_FOR.items() if name in names) for name in RECIPES}
    print_table(("Recipe", "What it does", "Options of its own"), [
        (_spoken(name), sentence_of(recipe), options[name]) for name, recipe in RECIPES.items()
    ])  # fmt: skip


def _request(
    library: Library,
    settings: configuration.Config,
    *,
    seed: str,
    by_chance: bool,
    minutes: float | None,
    variation: int,
    through: list[str] | None = None,
    like: list[str] | None = None,
    unlike: list[str] | None = None,
    curve: str = "",
    bpm: float | None = None,
) -> Request:
    """The request that the options and the config make, songs found by their words."""
    from mixtape.playlists.recipe import Request

    if bool(seed) == by_chance:
        raise ConfigError("a mixtape starts from a song: give --seed WORDS, or --random")
    chosen = settings.playlist
    through, like, unlike = ([seed_track(library, words).id for words in some or []] for some in (through, like, unlike))
    return Request(
        seed_track(library, seed, by_chance=by_chance).id,
        length=chosen.length,
        variation=variation,
        artist_gap=chosen.artist_gap,
        album_cap=chosen.album_cap,
        minutes=minutes,
        min_s=chosen.min_s,
        max_s=chosen.max_s,
        adventurous=chosen.adventurous,
        like=tuple(like),
        unlike=tuple(unlike),
        through=tuple(through),
        curve=_points(curve),
        bpm=bpm,
    )


def _collection(library: Library, settings: configuration.Config, on_map: str) -> Collection:
    from mixtape.playlists.collection import Collection
    from mixtape.similarity.sets import Weights

    known = library.names("maps")
    if known and on_map not in known:
        raise LibraryError(f"no map '{on_map}'; there is {', '.join(known)}")
    return Collection.of(library, on_map=on_map, weights=Weights.of(settings))


def _points(curve: str) -> tuple[float, ...]:
    try:
        return tuple(float(point) for point in curve.split(",")) if curve.strip() else ()
    except ValueError as error:
        raise ConfigError(f"--curve {curve}: numbers from 0 to 1 with commas between are needed, like 0.2,0.9,0.4") from error


def _refuse_idle(recipe: str, asked: Mapping[str, object]) -> None:
    """ConfigError when an option was given that the recipe would not look at."""
    for option, given in asked.items():
        if given and recipe not in _MEANT_FOR[option]:
            meant = " or ".join(_spoken(name) for name in _MEANT_FOR[option])
            raise ConfigError(f"{option} says nothing to {_spoken(recipe)}; it is for --recipe {meant}")


def _spoken(recipe: str) -> str:
    return recipe.replace("_", "-")


def _write(made: Playlist, library: Library, out: Path, *, absolute: bool) -> Path:
    """Write a mixtape in the format of the file's suffix. ConfigError when there is no such format."""
    from mixtape.playlists.spiff import written
    from mixtape.storage import write_atomic

    target = out.expanduser().absolute()
    text = written(made, library.tracks(), target.suffix, relative_to=None if absolute else target.parent)
    if text is None:
        raise ConfigError(f"--out {out}: a mixtape is written as .m3u8, .m3u, .xspf or .jspf")
    write_atomic(target, text.encode())
    return target


def _save_poster(made: Playlist, library: Library, poster: Path, *, recipe: str, layout: str, size: str) -> None:
    from mixtape.lettering.glyphs import without_font
    from mixtape.poster.draw import save_poster
    from mixtape.poster.gather import sheet_of
    from mixtape.poster.layout import size_named

    size_px, sheet = size_named(size, layout_name=layout), sheet_of(made, library, recipe=recipe)
    save_poster(poster.expanduser().absolute(), sheet, size_px=size_px, layout_name=layout)
    if boxes := without_font(text for track in sheet.tracks for text in (track.title, track.artist)):
        shown = boxes if len(boxes) <= _BOXES else f"{boxes[:_BOXES]} and {len(boxes) - _BOXES} more"
        print(
            f"no font here has the letters {printable(shown)}: the poster shows boxes for them; install fonts that have them "
            "(on Debian: fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji) and make it again",
            file=sys.stderr,
        )


def _print_json(text: str) -> None:
    # JSON is UTF-8 whatever the terminal speaks.
    sys.stdout.buffer.write(text.encode() + b"\n")
