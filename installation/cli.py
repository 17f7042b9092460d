"""The `mixtape` command: the offline commands and the live ones, put together. The outermost room: nothing imports it."""

from __future__ import annotations

import sys

import typer

from installation import commands as live
from mixtape.commands import collection, covers, evaluate, features, maps, playlists, why
from mixtape.errors import MixtapeError

app = typer.Typer(
    name="mixtape",
    help="A folder of music becomes a map of songs, a wall of pictures, and a show.",
    epilog="Start with: mixtape build ~/Music, then: mixtape show. Every command explains itself: mixtape build --help. "
    "Any command takes --debug to show where an error came from.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (
    collection.build,
    collection.songs,
    collection.skipped,
    maps.map,
    playlists.playlist,
    playlists.playlists,
    playlists.recipes,
    why.why,
    evaluate.evaluate,
    evaluate.neighbours,
    features.features,
    covers.train,
    covers.judge,
    covers.gallery,
    live.show,
    live.export,
    live.check,
    live.flashcheck,
    live.scenes,
    live.devices,
    collection.demo,
    collection.settings,
):
    app.command()(command)


def main() -> None:
    """Run one command. A MixtapeError is one line and its exit code, mostly 1; with --debug the traceback."""
    debug = "--debug" in sys.argv
    sys.argv[1:] = [word for word in sys.argv[1:] if word != "--debug"]
    try:
        app()
    except MixtapeError as error:
        if debug:
            raise
        print(f"mixtape: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
