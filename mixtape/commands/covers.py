"""The network that dreams covers: train, gallery."""

from __future__ import annotations

import math
from typing import Annotated

import typer

from mixtape import config as configuration
from mixtape.commands.shared import ConfigOption, LibraryOption, open_library
from mixtape.errors import LibraryError


def train(
    library: LibraryOption = None,
    config: ConfigOption = None,
    minutes: Annotated[float | None, typer.Option("--minutes", help="How long, over all starts together [default: 30].")] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=0, help="CPU threads [default: every core].")] = None,
    device: Annotated[str | None, typer.Option("--device", help="auto, cpu or cuda [default: auto].")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the training so far and begin anew.")] = False,
) -> None:
    """Teach the wall your covers and the music they belong to. Stop it and start it again: it goes on where it was.

    \b
    Example: mixtape train --minutes 60
    """
    from mixtape.covergan import material
    from mixtape.covergan.condition import Condition
    from mixtape.covergan.train import TrainSettings
    from mixtape.covergan.train import train as train_network
    from mixtape.progress import bars

    settings = configuration.changed(configuration.load(config), "train", minutes=minutes, threads=threads, device=device).train
    with open_library(library) as opened, opened.training():
        if fresh:
            material.forget_training(opened)
        features = material.features_of(opened)
        covers = {track.cover_id for track in opened.tracks()} - {None}
        if not covers:
            raise LibraryError(f"{opened.folder}: no song has a cover, there is nothing to learn; the wall uses the demo model")
        start_from = material.DEMO_MODEL if len(covers) < material.FEW_COVERS else None
        condition = material.settled_condition(
            opened, lambda: material.read_condition(start_from) if start_from else Condition.fit(features)
        )
        recipe = TrainSettings(
            batch=settings.batch, seconds=settings.minutes * 60.0, device=settings.device, threads=settings.threads
        )
        given = material.material(opened, condition, pixels=recipe.size.pixels)
        if start_from:
            print(f"{len(given.covers)} covers are few (under {material.FEW_COVERS}): training goes on from the demo model")
        with bars() as progress:
            report = train_network(
                given.covers,
                given.conditions,
                folder=opened.covergan_folder,
                settings=recipe,
                condition=condition,
                start_from=start_from,
                progress=progress,
                made_by=f"mixtape train --minutes {settings.minutes:g}",
            )
    for remark in report.remarks:
        print(remark)
    print(f"{len(given.covers)} covers, {report.steps} steps in {report.seconds / 60:.1f} min: {report.model}")
    if math.isfinite(report.diversity):
        print(f"its pictures are {100 * report.diversity:.0f} % as varied as the covers")


def gallery(
    count: Annotated[int, typer.Option("--count", min=1, help="How many pictures.")] = 3000,
    library: LibraryOption = None,
) -> None:
    """Draw pictures with the network as it was at every age, from the first noise to the last step.

    \b
    Example: mixtape gallery --count 3000
    """
    from mixtape.covergan import material
    from mixtape.covergan.gallery import fill_gallery
    from mixtape.progress import bars

    with open_library(library) as opened, bars() as progress:
        model = material.own_model(opened)
        conditions = material.conditions_of(opened, model) if model.is_file() else None
        ids = [track.id for track in opened.tracks()] if conditions is not None else []
        made = fill_gallery(opened.covergan_folder, count=count, conditions=conditions, song_ids=ids, progress=progress)
    print(f"{made.count} pictures from step {made.steps[0]} to step {made.steps[-1]} in {made.folder}")
