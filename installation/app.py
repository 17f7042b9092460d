"""Wiring: which owners a show has, how they start, and that they stop in the reverse order."""

from __future__ import annotations

import contextlib
import datetime
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import moderngl

from installation.ahead import Ahead
from installation.clock import FixedClock
from installation.composing import Composer, DirectComposer
from installation.control.feedback import Feedback, targets_of
from installation.control.midi import Midi
from installation.control.osc import OscInbox, OscInput
from installation.control.oscquery import OscQuery
from installation.control.reach import reach_of
from installation.control.subscribers import Subscribers
from installation.decks import Mixer
from installation.displays import Displays
from installation.gl.context import open_context
from installation.isf.shelf import Shelf
from installation.lastpass import LastPass
from installation.levels import Levels
from installation.live import Ending, Live
from installation.record import Recorder, exact_rate
from installation.recording import Recording
from installation.room.listener import Listener
from installation.room.thinking import Apart
from installation.sampler import DirectSampler, Sampler
from installation.show import Show
from installation.showlog import ShowLog, config_digest, library_digest
from installation.sound import DeviceSound, OfflineSound
from installation.stage import Stage
from installation.world import World, found
from mixtape.config import FLASHES, Config
from mixtape.covergan import material
from mixtape.errors import ShowError
from mixtape.library import Library
from mixtape.progress import Progress, silent
from mixtape.types import Track

if TYPE_CHECKING:
    from installation.remote.server import Remote


def load_world(library: Library, config: Config) -> World:
    """The prepared collection, as the library's model hears it. LibraryError or ModelError when something is missing."""
    return World.load(library, config, conditions=material.conditions_of(library, material.model_path(library)))


def last_pass(ctx: moderngl.Context, config: Config) -> LastPass | None:
    """The flash limiter by the profile that config names; None where config says, in so many words, that flashes are not held."""
    profile = {FLASHES[0]: "window", FLASHES[1]: "broadcast"}.get(config.show.flashes)
    return LastPass(ctx, profile=profile) if profile else None


def shelf_of(library: Library, config: Config) -> Shelf:
    """The user's own scenes as they are now: in the folder that config names, or in `scenes` in the library."""
    named = config.show.own_scenes
    shelf = Shelf(Path(named).expanduser() if named else library.folder / "scenes")
    shelf.look()
    return shelf


def unheld(config: Config) -> str:
    """What is said at the beginning of a show that may flash; nothing where flashes are held."""
    return "flashes are not held, as config says: warn everybody who comes in" if config.show.flashes == FLASHES[2] else ""


def run_show(
    library: Library,
    config: Config,
    *,
    seed_id: str | None = None,
    windowed: bool = False,
    listen: str | None = None,
    frames: int | None = None,
) -> None:
    """Open the window and play until somebody ends it (or for so many `frames`).

    With `listen`, a part of an input's name, "default" or a file, the show makes no sound and follows what is heard there.

    Raises:
        ShowError: no display, no OpenGL 3.3.
        LibraryError, ModelError: the library is not ready.
    """
    from installation.window import Window

    with contextlib.ExitStack() as owners:
        ending = owners.enter_context(Ending())
        subscribers, told = Subscribers(), targets_of(config.control.osc_out)
        feedback = owners.enter_context(Feedback(told, rate_hz=config.control.osc_out_hz, subscribers=subscribers))
        shelf = shelf_of(library, config)
        world = load_world(library, config).with_own(shelf.scenes)
        ahead = owners.enter_context(Ahead(world, lambda: Library(library.folder)))
        # What a wish in words means is looked up beside the loop, and known before the step asks.
        world = replace(world, find=lambda text: ahead.meant(text) or ())
        settings = config.show
        window = owners.enter_context(
            Window(
                size=(settings.width, settings.height),
                fullscreen=not windowed,
                display=settings.display,
                over=config.displays.use,
            )
        )
        displays = Displays(window.views)
        stage = Stage(
            window.ctx,
            world,
            size=window.size,
            last_pass=last_pass(window.ctx, config),
            displays=displays,
            began=datetime.datetime.now(),
        )
        journal, fault = _journal(library, world)
        if journal:
            owners.enter_context(journal)
        sampler = owners.enter_context(Sampler(material.model_path(library)))
        levels = room = None
        sound: DeviceSound | Listener
        if listen is None:
            levels = owners.enter_context(_levels(world, patient=False))
            mixer = _mixer(world, levels, ahead=True)
            sound = owners.enter_context(DeviceSound(mixer, device=settings.sound_device, offset_ms=settings.sound_offset_ms))
        else:
            durations_s = {track.id: track.duration_s for track in world.tracks}
            sound = room = owners.enter_context(Listener(listen, Apart(library.folder, config), durations_s=durations_s))
        recording = Recording(library.shows_folder, sound.tap, fps=settings.record_fps, height=settings.record_height)
        show = Show(
            world, stage, sound, sampler, seed_id=seed_id, journal=journal, into=lambda: window.screen, record=recording.obey
        )
        owners.callback(_end_recording, recording, show)
        for words in filter(None, (*world.left_out, fault, material.model_fault(library), unheld(config), *shelf.faults)):
            show.complain(words)
        stage.rehearse(show.state)
        osc = owners.enter_context(_osc(config, show, subscribers))
        live = Live(
            show,
            stage,
            window,
            world,
            osc=osc,
            feedback=feedback,
            query=owners.enter_context(_query(config, osc)),
            midi=owners.enter_context(_midi(library, config)),
            ahead=ahead,
            sound=sound,
            levels=levels,
            shelf=shelf,
            displays=displays,
            composer=owners.enter_context(Composer(library.folder, config)) if listen is None else None,
            room=room,
            remote=owners.enter_context(_remote(config, library, world, show)),
            recording=recording,
            gamepads=True,
        )
        owners.callback(live.close)
        live.run(ending, frames=frames)


def export(
    library: Library,
    config: Config,
    *,
    out: Path,
    seconds: float,
    size: tuple[int, int],
    fps: float,
    seed_id: str | None = None,
    progress: Progress = silent,
) -> Path:
    """Draw the show frame by frame into a video with its sound; the same arguments give the same frames.

    Raises:
        ShowError: no OpenGL. MixtapeError: the file cannot be written. LibraryError, ModelError: the library is not ready.
    """
    # As exactly as the video says it: 23.976 means 24000/1001, and a long film would drift from its sound.
    fps = float(exact_rate(fps))
    shelf = shelf_of(library, config)
    world = load_world(library, config).with_own(shelf.scenes)
    ctx = open_context()
    stage = Stage(ctx, world, size=size, patient=True, last_pass=last_pass(ctx, config))
    mixer = _mixer(world, _levels(world, patient=True), ahead=False)
    model, fault = DirectSampler(material.model_path(library)), material.model_fault(library)
    count = max(1, round(seconds * fps))
    with OfflineSound(mixer) as sound, model as sampler, Recorder(out, width=size[0], height=size[1], fps=fps) as recorder:
        show, clock = Show(world, stage, sound, sampler, seed_id=seed_id), FixedClock(fps)
        composer = DirectComposer(library.folder, config)
        show.open()
        for frame in range(count):
            show.frame(clock.tick(show.heard_s), composer.drain(show.state, world))
            recorder.frame(stage.read())
            recorder.samples(sound.advance(1.0 / fps))
            progress("drawing", frame + 1, count)
        for note in filter(None, (*recorder.notes, *composer.errors(), fault, unheld(config), *shelf.faults)):
            show.complain(note)
    return out


def _end_recording(recording: Recording, show: Show) -> None:
    for words in recording.close():
        show.complain(words)


def _mixer(world: World, levels: Levels, *, ahead: bool) -> Mixer:
    def one_album(before: str, after: str) -> bool:
        first, second = world.track(before), world.track(after)
        return bool(first.album) and (first.album, first.artist) == (second.album, second.artist)

    return Mixer(lambda track_id: world.track(track_id).path, ahead=ahead, gain_of=levels.gain, one_recording=one_album)


def _levels(world: World, *, patient: bool) -> Levels:
    show = world.config.show
    return Levels(
        lambda track_id: world.track(track_id).path,
        target_lufs=show.level_lufs if show.level_songs else None,
        patient=patient,
        guess=world.loudness_lufs,
    )


def _journal(library: Library, world: World) -> tuple[ShowLog | None, str]:
    """The log of this evening, or None and why there is none: a show needs no disk that can be written."""
    name = time.strftime("%Y-%m-%d-%H%M%S")
    try:
        log = ShowLog(library.shows_folder / f"{name}.jsonl")
    except ShowError as error:
        return None, f"{error}; the show goes on without"
    log.start(
        seed=world.config.show.seed,
        config=config_digest(world.config),
        library=library_digest([track.id for track in world.tracks]),
        versions={"mixtape": version("mixtape"), "python": sys.version.split()[0]},
    )
    return log, ""


@contextlib.contextmanager
def _query(config: Config, osc: OscInput | None) -> Iterator[OscQuery | None]:
    """OSCQuery, where OSC is listened to and it is wanted; what goes wrong is told by itself."""
    if osc is None or not osc.listening or not config.control.oscquery:
        yield None
        return
    control = config.control
    with OscQuery(
        osc.host,
        control.oscquery_port,
        osc_host=osc.host,
        osc_port=osc.port,
        allowed=osc.allowed,
        announced=control.oscquery_announced,
    ) as query:
        yield query


@contextlib.contextmanager
def _midi(library: Library, config: Config) -> Iterator[Midi | None]:
    """MIDI, when it is wanted; controllers come and go, and a computer without any is as good."""
    control = config.control
    if not control.midi:
        yield None
        return
    with Midi(
        library.midi_path,
        only=control.midi_ports,
        pickup=control.midi_pickup,
        feedback=control.midi_feedback,
        clock_to=control.midi_clock_out,
        transport=control.midi_transport,
    ) as midi:
        yield midi


@contextlib.contextmanager
def _remote(config: Config, library: Library, world: World, show: Show) -> Iterator[Remote | None]:
    """The phone remote, when it is wanted and can be had; without it the show goes on and says so."""
    control = config.control
    if not control.remote:
        yield None
        return
    try:
        from installation.remote.server import Remote
    except ImportError:
        show.complain('no phone remote: it needs a few packages more; pip install "mixtape[web]"')
        yield None
        return
    known = {track.id: track for track in world.tracks}

    def find(text: str) -> tuple[Track, ...]:
        # Asked from another thread, and a catalogue serves one.
        with Library(library.folder) as opened:
            return found(opened, text, known)

    with Remote(world, find=find, host=control.remote_host, port=control.remote_port) as remote:
        for fault in remote.errors():
            show.complain(fault)
        if remote.listening:
            # To the console alone: neither the log nor the screen may know the secret.
            print(f"mixtape: phones: {remote.address}, by the code on screen (c)", file=sys.stderr)  # noqa: T201
            print(f"mixtape: to run the show from a phone: {remote.operator_address}", file=sys.stderr)  # noqa: T201
        yield remote


@contextlib.contextmanager
def _osc(config: Config, show: Show, subscribers: Subscribers) -> Iterator[OscInput | None]:
    """OSC, when it is wanted and its port is free; without it the show goes on and says so."""
    if not config.control.osc:
        yield None
        return
    reach = reach_of(config.control)
    with OscInput(reach.host, config.control.osc_port, allowed=reach.allowed, inbox=OscInbox(subscribers=subscribers)) as osc:
        for fault in filter(None, (reach.fault, *osc.errors())):
            show.complain(fault)
        yield osc
