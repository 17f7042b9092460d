"""What the show stands on, looked at piece by piece, each said whether it is there or not."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from mixtape.config import Config
from mixtape.errors import MixtapeError
from mixtape.library import Library
from mixtape.projection import displays_of


@dataclass(frozen=True, slots=True)
class Check:
    """One piece: its name, what was found, or what is wrong; `needed` ones keep the show from starting."""

    name: str
    words: str
    fault: str | None
    needed: bool


def checks(library: Library, config: Config) -> Iterator[Check]:
    """Look at the library, the pictures' model, OpenGL, display, sound device, flash limiter, OSC port and MIDI."""
    yield _look("library", lambda: _library(library, config), needed=True)
    yield _look("pictures", lambda: _model(library), needed=False)
    yield _look("OpenGL", _opengl, needed=True)
    yield _look("display", lambda: _display(config), needed=False)
    yield _look("sound", lambda: _sound(config), needed=False)
    yield _look("flashes", lambda: _flashes(config), needed=False)
    yield _look("own scenes", lambda: _own_scenes(library, config), needed=False)
    yield _look("input", _input, needed=False)
    yield _look("OSC", lambda: _osc(config), needed=False)
    yield _look("MIDI", lambda: _midi(library, config), needed=False)


def _look(name: str, at: Callable[[], str], *, needed: bool) -> Check:
    try:
        return Check(name, at(), None, needed)
    except MixtapeError as error:
        return Check(name, "", str(error), needed)


def _library(library: Library, config: Config) -> str:
    from installation.app import load_world

    world = load_world(library, config)
    away = [track.label for track in world.tracks if not track.path.is_file()]
    if away:
        raise MixtapeError(
            f"{len(away)} of {len(world.tracks)} files are not where they were ({away[0]} ...); run mixtape build again"
        )
    covers, skipped = len(library.cover_ids()), len(library.skipped())
    return f"{len(world.tracks)} songs, {covers} covers, {skipped} files skipped, in {library.folder}"


def _model(library: Library) -> str:
    from mixtape.covergan import material

    path = material.model_path(library)
    if fault := material.model_fault(library):
        raise MixtapeError(fault)
    return f"{'the model that comes along' if path == material.DEMO_MODEL else 'trained on this collection'} ({path})"


def _opengl() -> str:
    from installation.gl.context import open_context

    context = open_context()
    name = f"{context.info['GL_RENDERER']}, OpenGL {context.version_code / 100:.1f}"
    context.release()
    return name


def _display(config: Config) -> str:
    from installation.window import display_names

    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise MixtapeError("none here; mixtape show needs one, mixtape export does not")
    if not (names := display_names()):
        raise MixtapeError("none that anybody can see; mixtape show needs one, mixtape export does not")
    if config.show.display >= len(names):
        raise MixtapeError(f"show.display = {config.show.display} is not there; there is {'; '.join(names)}")
    displays_of(config.displays.use, count=len(names))
    return "; ".join(names)


def _sound(config: Config) -> str:
    from installation.outputs import DeviceOutput, device_names, real_backends

    if not (names := device_names()):
        raise MixtapeError("no device here; the show runs silently in time")
    wished = config.show.sound_device
    if wished and not any(wished.casefold() in name.casefold() for name in names):
        raise MixtapeError(f"show.sound_device = '{wished}' is not among {', '.join(names)}; the default one is taken")
    try:
        # Opened for a moment: a computer without a sound card may still list devices that play to nobody.
        DeviceOutput(lambda frames: np.zeros((frames, 2), np.float32), name=None, backends=real_backends()).close()
    except Exception as error:
        raise MixtapeError(f"no device opens, of {', '.join(names)}; the show runs silently in time") from error
    return ", ".join(names)


def _own_scenes(library: Library, config: Config) -> str:
    from installation.app import shelf_of

    shelf = shelf_of(library, config)
    if shelf.faults:
        raise MixtapeError("; ".join(shelf.faults))
    return f"{len(shelf.scenes)} in {shelf.folder}"


def _flashes(config: Config) -> str:
    from installation.app import unheld

    if fault := unheld(config):
        raise MixtapeError(fault)
    return f"{config.show.flashes}: three a second at most, by the numbers of WCAG 2.3.1"


def _input() -> str:
    from installation.room.inputs import input_names

    if not (names := input_names()):
        raise MixtapeError("none here; mixtape show --listen needs one, the show by itself does not")
    return ", ".join(names)


def _osc(config: Config) -> str:
    if not config.control.osc:
        return "off, as config says"
    from installation.control.osc import OscInput
    from installation.control.reach import reach_of

    reach = reach_of(config.control)
    with OscInput(reach.host, config.control.osc_port) as osc:
        if faults := [*filter(None, (reach.fault,)), *osc.errors()]:
            raise MixtapeError(faults[0])
    return f"{reach.host}:{config.control.osc_port} is free"


def _midi(library: Library, config: Config) -> str:
    if not config.control.midi:
        return "off, as config says"
    from installation.control.midi import SystemPorts, read_mapping, stable_names

    try:
        bound = f"{len(read_mapping(library.midi_path))} controls bound"
    except (OSError, ValueError) as error:
        raise MixtapeError(f"{library.midi_path}: {error}; the show will set it aside") from error
    ports = SystemPorts()
    try:
        inputs, _ = ports.names()
    except Exception as error:
        raise MixtapeError(f"{error}; the show goes on without; {bound}") from error
    finally:
        ports.close()
    names = ", ".join(name for name in stable_names(inputs) if config.control.midi_ports.casefold() in name.casefold())
    return f"{names or 'no controller here; it may be plugged in later'}; {bound}"
