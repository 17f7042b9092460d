"""The network that dreams covers: train, judge, gallery."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixtape import config as configuration
from mixtape.commands.shared import ConfigOption, LibraryOption, open_library, printable
from mixtape.config import TrainConfig
from mixtape.errors import ConfigError, LibraryError

if TYPE_CHECKING:
    from mixtape.covergan.condition import Condition
    from mixtape.covergan.material import Material
    from mixtape.covergan.recipe import TrainSettings
    from mixtape.covergan.report import Report
    from mixtape.library import Library

_SIDES = (64, 128, 256)


def train(
    library: LibraryOption = None,
    config: ConfigOption = None,
    minutes: Annotated[float | None, typer.Option("--minutes", help="How long, over all starts together [default: 30].")] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=0, help="CPU threads [default: every core].")] = None,
    device: Annotated[str | None, typer.Option("--device", help="auto, cpu or cuda [default: auto].")] = None,
    pixels: Annotated[int | None, typer.Option("--pixels", help="Side of the pictures: 64, 128 or 256 [default: 64].")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the training so far and begin anew.")] = False,
    report: Annotated[
        bool, typer.Option("--report/--no-report", help="Judge the pictures at the end, and write a page on it.")
    ] = True,
) -> None:
    """Teach the wall your covers and the music they belong to. Stop it and start it again: it goes on where it was.

    Started by torchrun, several processes share the work, each on a graphics card of its own where there are any.

    \b
    Example: mixtape train --minutes 60
             torchrun --nproc-per-node 4 -m installation.cli train --minutes 60 --pixels 128
    """
    from mixtape.covergan.team import Team
    from mixtape.covergan.train import device_of
    from mixtape.covergan.train import train as train_network
    from mixtape.progress import bars, silent

    settings = configuration.changed(
        configuration.load(config), "train", minutes=minutes, threads=threads, device=device, pixels=pixels
    ).train
    team = Team.join(device_of(settings.device))
    first = team.rank == 0
    with contextlib.ExitStack() as held:
        opened = held.enter_context(open_library(library))
        if first:
            held.enter_context(opened.training())
        lesson = team.agreed(_lesson(opened, settings, fresh=fresh) if first else None)
        with _stoppable(), bars() if first else contextlib.nullcontext(silent) as progress:
            trained = train_network(
                lesson.material.covers,
                lesson.material.conditions,
                artists=lesson.material.artists,
                folder=opened.covergan_folder,
                settings=lesson.recipe,
                condition=lesson.condition,
                start_from=lesson.start_from,
                progress=progress,
                made_by=f"mixtape train --minutes {settings.minutes:g} --pixels {lesson.recipe.size.pixels}",
            )
        if first:
            for remark in trained.remarks:
                print(remark)
            print(
                f"{len(lesson.material.covers)} covers, {trained.steps} steps in {trained.seconds / 60:.1f} min: {trained.model}"
            )
            if math.isfinite(trained.diversity):
                print(f"its pictures are {100 * trained.diversity:.0f} % as varied as the covers")
            if report:
                _report_on(opened, trained.remarks)


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Say, when somebody stops it, that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        print("stopped; what was learned until a few seconds ago is kept, the same command goes on from there", file=sys.stderr)
        raise


def judge(
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the page [default: beside the model].")] = None,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """How good the pictures are, measured, and a page on it: report.html, report.png and figures.csv.

    About ten moments of the training, and the model as it is now: how real, how varied, whether it copies, whether it follows
    the music, and whether it could in this library. Without a training of your own the model that comes along is judged.

    \b
    Example: mixtape judge --out report/
    """
    # There is nothing to set, but a fault in the settings is said here as everywhere.
    configuration.load(config)
    with open_library(library) as opened:
        made = _judged(opened, out=out.expanduser().absolute() if out else opened.covergan_folder)
    for sentence in made.sentences:
        print(printable(sentence))
    print(f"written: {made.html}, {made.picture.name} and {made.figures.name}")


def _judged(library: Library, *, out: Path, remarks: Sequence[str] = ()) -> Report:
    from mixtape.covergan.report import subject_of, write_report
    from mixtape.progress import bars

    with bars() as progress:
        return write_report(subject_of(library), out, remarks=remarks, progress=progress)


def _report_on(library: Library, remarks: Sequence[str]) -> None:
    """The page at the end of a training. Whatever may be wrong with it, the training is done and its model stands."""
    try:
        made = _judged(library, out=library.covergan_folder, remarks=remarks)
    except Exception as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        print(f"no page on how good it is ({printable(why)}); the model stands, try again with: mixtape judge")
        return
    for sentence in made.sentences:
        print(printable(sentence))
    print(f"how good it is: {made.html}")


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What a training is given; the first process reads it for all."""

    material: Material
    condition: Condition
    recipe: TrainSettings
    start_from: Path | None


def _lesson(library: Library, settings: TrainConfig, *, fresh: bool) -> _Lesson:
    from mixtape.covergan import material
    from mixtape.covergan.condition import Condition
    from mixtape.covergan.networks import SIZES
    from mixtape.covergan.recipe import TrainSettings

    if fresh:
        material.forget_training(library)
    features = material.features_of(library)
    covers = {track.cover_id for track in library.tracks()} - {None}
    if not covers:
        raise LibraryError(f"{library.folder}: no song has a cover, there is nothing to learn; the wall uses the demo model")
    few, pixels = len(covers) < material.FEW_COVERS, settings.pixels
    if pixels not in _SIDES:
        raise ConfigError(
            f"[train] pixels = {pixels}: pictures have a side of {', '.join(map(str, _SIDES[:-1]))} or {_SIDES[-1]}"
        )
    if few:
        at = "" if pixels == _SIDES[0] else f", at {_SIDES[0]} px as that"
        print(f"{len(covers)} covers are few (under {material.FEW_COVERS}): training goes on from the demo model{at}")
        pixels = _SIDES[0]
    start_from = material.DEMO_MODEL if few else None
    condition = material.settled_condition(
        library, lambda: material.read_condition(start_from) if start_from else Condition.fit(features)
    )
    recipe = TrainSettings(
        size=SIZES[pixels],
        batch=settings.batch,
        seconds=settings.minutes * 60.0,
        device=settings.device,
        threads=settings.threads,
    )
    return _Lesson(material.material(library, condition, pixels=pixels), condition, recipe, start_from)


def gallery(
    count: Annotated[int, typer.Option("--count", min=1, help="How many pictures.")] = 3000,
    library: LibraryOption = None,
) -> None:
    """Draw pictures with the network as it was at every age, from the first noise to the last step.

    Beside the pictures (pictures-*.npy) lie a line on each (pictures.csv), its eight dominant colours as share, red, green and
    blue (palettes.csv), and two sheets of 36 x 36: by age (sheet.png) and by colour (colours.png).

    \b
    Example: mixtape gallery --count 30000
    """
    from mixtape.covergan import material
    from mixtape.covergan.gallery import fill_gallery
    from mixtape.prints.wall import GALLERY_SIDE, cover_wall, gallery_pictures, save_picture
    from mixtape.progress import bars

    with open_library(library) as opened, bars() as progress:
        model = material.own_model(opened)
        conditions = material.conditions_of(opened, model) if model.is_file() else None
        ids = [track.id for track in opened.tracks()] if conditions is not None else []
        made = fill_gallery(opened.covergan_folder, count=count, conditions=conditions, song_ids=ids, progress=progress)
        pictures, palettes = gallery_pictures(opened.covergan_folder, count=GALLERY_SIDE**2)
        side = GALLERY_SIDE * pictures.shape[1]
        save_picture(made.folder / "colours.png", cover_wall(lambda k: pictures[k], palettes, size_px=(side, side)))
    print(f"{made.count} pictures from step {made.steps[0]} to step {made.steps[-1]} in {made.folder}")
