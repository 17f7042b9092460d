"""Maps: map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixtape import config as configuration
from mixtape.commands.shared import ConfigOption, LibraryOption, open_library, print_table
from mixtape.errors import ConfigError, LibraryError

if TYPE_CHECKING:
    from mixtape.library import Library

_STAGES = 24


def map(
    name: Annotated[str, typer.Option("--name", help="Which map, as listed; fused is the first.")] = "fused",
    out: Annotated[Path | None, typer.Option("--out", help="Write the map as a picture, PNG.")] = None,
    size: Annotated[str, typer.Option("--size", help="Width x height in pixels; 4961x3508 is A3 at 300 dpi.")] = "3508x2480",
    covers: Annotated[bool, typer.Option("--covers", help="Write the covers to --out, sorted by colour, instead.")] = False,
    gallery: Annotated[bool, typer.Option("--gallery", help="Write 36 x 36 generated pictures, sorted by colour.")] = False,
    forming: Annotated[bool, typer.Option("--forming", help="Write how the map came about, stage by stage.")] = False,
    relax: Annotated[bool, typer.Option("--relax", help="Let all songs settle a little, after some have joined.")] = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """List the family of maps, fit what is missing of it, and draw any of them.

    \b
    Example: mixtape map --name timbre-30 --out timbre.png --size 4961x3508
    """
    size_px = _size(size)
    if sum((covers, gallery, forming)) > 1 or ((covers or gallery or forming) and out is None):
        raise ConfigError("--covers, --gallery and --forming each write one picture: give one of them and --out FILE")
    if out is not None and out.suffix.lower() != ".png":
        raise ConfigError(f"--out {out}: a map is written as .png")
    settings = configuration.load(config)
    with open_library(library) as opened:
        if covers or gallery:
            _wall(opened, gallery=gallery, size_px=size_px, out=_at(out))
        else:
            names = _family(opened, settings, relax=relax)
            if out is None:
                _list(opened, names)
                return
            if name not in names:
                raise ConfigError(f"--name {name}: there is no such map; there is {', '.join(names)}")
            _draw(opened, name, forming=forming, size_px=size_px, out=_at(out))
    print(out)


def _at(out: Path | None) -> Path:
    return (out or Path("map.png")).expanduser().absolute()


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise ConfigError(f"--size {text}: width x height in pixels is needed, such as 3508x2480")
    return int(width), int(height)


def _family(library: Library, settings: configuration.Config, *, relax: bool) -> tuple[str, ...]:
    from mixtape.build import family_of, map_library, relax_map
    from mixtape.progress import bars

    with library.building(), bars() as progress:
        map_library(library, config=settings, progress=progress)
        if relax:
            relax_map(library, config=settings)
        return family_of(library, config=settings, progress=progress, asked=True)


def _list(library: Library, names: tuple[str, ...]) -> None:
    from mixtape.maps.regions import regions
    from mixtape.prints.gather import title_of, traits_of

    tracks = {track.id: track for track in library.tracks()}
    rows = []
    for name in names:
        song_map = library.map(name)
        islands = [region.label for region in regions(song_map, tracks, traits=traits_of(library, song_map))]
        rows.append((name, title_of(song_map), f"{song_map.perplexity:.0f}", "; ".join(dict.fromkeys(islands[:4]))))
    print_table(("Map", "Laid out", "Perplexity", "Its largest islands"), rows)


def _draw(library: Library, name: str, *, forming: bool, size_px: tuple[int, int], out: Path) -> None:
    from mixtape.prints.gather import map_sheet
    from mixtape.prints.map_print import save_map

    if not forming:
        save_map(out, map_sheet(library, name), size_px=size_px)
        return
    import numpy as np

    from mixtape.maps.fused import FORMING
    from mixtape.poster.inks import ink, palette_of_id
    from mixtape.prints.wall import forming_sheet, save_picture

    way_name = FORMING if name == "fused" else name
    if way_name not in library.names("ways"):
        raise LibraryError(f"of {name} no forming was seen: it was laid out in one go, as maps of few songs are")
    ids, stages, _ = library.way(way_name)
    tracks = {track.id: track for track in library.tracks()}
    covers = [tracks[song].cover_id if song in tracks else None for song in ids]
    colours = [ink(library.palette(cover) if cover else palette_of_id(song)) for cover, song in zip(covers, ids, strict=True)]
    # Most happens in few rounds: stages are shown an equal way apart, not an equal time.
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.moveaxis(np.diff(stages, axis=0), 2, 0)).mean(axis=1))])
    shown = np.unique(np.searchsorted(way, way[-1] * np.linspace(0, 1, _STAGES)).clip(0, len(stages) - 1))
    save_picture(out, forming_sheet(stages[shown], np.stack(colours), size_px=size_px))


def _wall(library: Library, *, gallery: bool, size_px: tuple[int, int], out: Path) -> None:
    from mixtape.prints.wall import GALLERY_SIDE, cover_wall, gallery_pictures, save_picture

    if gallery:
        pictures, palettes = gallery_pictures(library.covergan_folder, count=GALLERY_SIDE**2)
        save_picture(out, cover_wall(lambda k: pictures[k], palettes, size_px=size_px))
        return
    shown = sorted({track.cover_id for track in library.tracks() if track.cover_id})
    save_picture(out, cover_wall(lambda k: library.cover_pixels(shown[k]), [library.palette(c) for c in shown], size_px=size_px))
