"""The live loop: frame after frame in time, whatever happens in one of them, until somebody ends the show."""

from __future__ import annotations

import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from installation.ahead import Ahead
from installation.camera import LOOKS, looked
from installation.clock import RealClock
from installation.composing import Composer, manner_words
from installation.control.arbiter import Standing, rule
from installation.control.feedback import Feedback
from installation.control.keys import HANDS, KEYS, Keys
from installation.control.knobs import OwnKnobs, find, own_knobs
from installation.control.midi import Midi
from installation.control.osc import OscInput
from installation.control.oscquery import OscQuery
from installation.control.pad import PADS, Pads
from installation.displays import Displays
from installation.gaze import looking
from installation.gl.context import complain_if_failed
from installation.isf.shelf import Shelf
from installation.levels import Levels
from installation.lit import BEST
from installation.messages import ControlEvent, KnobValue, Moment
from installation.pointed import Aim, Pointed
from installation.points import read_points, write_points
from installation.quality import AutoQuality, level_of
from installation.readings import Heard, Readings
from installation.recording import Recording
from installation.remote.words import Told
from installation.scenes.overlay import NOTHING, Shown
from installation.show import Show
from installation.stage import Stage
from installation.strokes import Stroke
from installation.under import Under
from installation.waiting import Waiting
from installation.world import World
from mixtape.errors import ShowError
from mixtape.types import ByteArray, Track

if TYPE_CHECKING:
    from installation.remote.server import Remote
    from installation.window import Window

GIVE_UP_S = 5.0
"""A show that could not draw anything for so long ends, and says why."""

SWITCH_S = 0.0005
"""A thread beside the loop that is busy with Python gives way to a frame after so long. By Python's own 5 ms a frame that lets go
of the interpreter a few times, as every large NumPy call does, comes late."""

_FIRST_S = 3.0
"""How long the first song may wait for its loudness to be measured."""

_NOTED_S = 5.0
"""So long it is said what was turned just now."""

_PEN = {
    True: ("the pointer draws", "a line over the map plays the songs along it, a ring those inside; l flies again"),
    False: ("the pointer flies", ""),
}
_RING_LEAST = 0.01
"""The ring of a gamepad is seen from so much of it on."""

_LOOK_S = 0.5
"""How often shader files and OpenGL's error flag are looked at."""

_REFUSALS_SAID = 20
"""How many reasons why OSC was not taken are said in an evening: enough to find a wrong address, too few to be a nuisance."""

_SCENES_SAID = 8

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]


class Ending:
    """Whether this computer asked the show to end: Ctrl-C, a terminal that closes, a shutdown. Asked twice, it ends at once."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._before = {each: signal.signal(each, self._ask) for each in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for each, before in self._before.items():
            signal.signal(each, before)

    def _ask(self, _signal: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def _short_turns() -> Iterator[None]:
    """Threads take turns of `SWITCH_S` meanwhile."""
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before_s)


class Pace:
    """Holds back a loop to `rate_hz` turns a second on the average: a turn that slept too long is made good by the next."""

    def __init__(
        self, rate_hz: float, *, now_s: Callable[[], float] = time.perf_counter, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """The clock and the sleep may be others, for tests."""
        self._step_s, self._now_s, self._sleep = 1.0 / rate_hz, now_s, sleep
        self._due_s = now_s()

    def wait(self) -> None:
        """Wait for the next turn's time. Turns that came too late are not caught up with."""
        self._due_s += self._step_s
        left_s = self._due_s - self._now_s()
        if left_s > 0:
            self._sleep(left_s)
        elif left_s < -self._step_s:
            self._due_s -= left_s


def pace_hz(fps: float, *, refresh_hz: float, vsync: bool) -> float:
    """How many frames a second the loop itself lets through.

    With vertical sync the display sets the pace, and a sleep beside it would only miss its beat; the limit a little above it
    holds where a driver promises to wait and does not.
    """
    return 1.05 * refresh_hz if vsync and 0 < refresh_hz <= 1.05 * fps else fps


class Room(Protocol):
    """What tells the show of the music in the room."""

    def drain(self, time_s: float) -> Sequence[ControlEvent]:
        """What has been heard since the last call, for the frame at show time `time_s`."""


class Live:
    """A show in its window, steered by keys, mouse, OSC and MIDI."""

    def __init__(
        self,
        show: Show,
        stage: Stage,
        window: Window,
        world: World,
        *,
        osc: OscInput | None,
        feedback: Feedback | None = None,
        query: OscQuery | None = None,
        midi: Midi | None = None,
        ahead: Ahead,
        sound: Heard | None = None,
        levels: Levels | None = None,
        shelf: Shelf | None = None,
        displays: Displays | None = None,
        composer: Composer | None = None,
        remote: Remote | None = None,
        room: Room | None = None,
        recording: Recording | None = None,
        gamepads: bool = False,
    ) -> None:
        self._show, self._stage, self._window, self._osc, self._ahead = show, stage, window, osc, ahead
        self._levels, self._shelf, self._room, self._midi = levels, shelf, room, midi
        self._recording, self._began_s = recording, time.perf_counter()
        self._displays = displays or Displays()
        self._world, self._feedback, self._query = world, feedback, query
        self._composer = composer
        self._manner, self._pen, self._missed = manner_words(show.state.wished), False, 0
        self._noted: tuple[tuple[str, str], float] = (("", ""), 0.0)
        self._remote, self._standing = remote, Standing()
        self._answers: tuple[tuple[str, str], ...] = ()
        self._pointed = Pointed(world)
        self._picture: Callable[[], ByteArray] | None = None
        self._own: OwnKnobs = {}
        self._know_own()
        self._fps = world.config.show.fps
        self._under = Under(
            stage,
            self._displays,
            state=lambda: show.state,
            shown=self._to_read,
            listed=self._listed,
            knob=self._knob_opened,
        )
        self._keys = Keys(
            pick=self._under.song,
            testing=lambda: bool(show.state.knobs["test_picture"]),
            coded=lambda: bool(show.state.knobs["remote_code"]),
            corner=lambda x, y: self._displays.corner_at(x, y, show.state.knobs),
            pin=lambda number, corner, x, y: self._displays.corner_moved(number, corner, x, y, show.state.wished),
            fly=self._fly,
            any_song=lambda: random.choice(world.tracks).id,
            volume=lambda: float(show.state.knobs["volume"]),
            best=self._best,
            onward=self._onward,
            learn=midi.learn if midi else None,
            tap=self._under.fingertip,
            row_at=self._under.row,
            grip=self._under.map_place,
            drawn=self._drawn,
        )
        self._pads = Pads(
            fly=self._fly,
            aimed=self._under.middle,
            any_song=lambda: random.choice(world.tracks).id,
            volume=lambda: float(show.state.knobs["volume"]),
            onward=self._onward,
            help=lambda: self._keys.turn_help(hands=True),
        )
        self._gamepads = gamepads
        self._clock = RealClock()
        self._quality = AutoQuality(stage.level)
        self._readings = Readings(
            show,
            stage,
            world,
            sound=sound,
            osc_words=self._osc_words,
            midi_words=self._midi_words,
            record_words=recording.words if recording else lambda: "off",
        )
        self._fullscreens, self._looked_s = 0, 0.0
        self._waiting = Waiting(world, ahead)
        self._failing_since_s: float | None = None
        self._refusals: set[str] = set()

    def run(self, ending: Ending, *, frames: int | None = None) -> None:
        """Play until the show is over, `ending` is asked for or so many `frames` passed.

        Raises:
            ShowError: nothing could be drawn for 5 s.
        """
        vsync, refresh_hz = self._window.vsync, self._window.refresh_hz
        pace = Pace(pace_hz(self._fps, refresh_hz=refresh_hz, vsync=vsync))
        period_s = 1.0 / (min(self._fps, refresh_hz) if vsync and refresh_hz > 0 else self._fps)
        if self._levels:
            self._levels.songs((self._show.state.track_id, *self._show.state.next_ids))
            self._levels.wait_for(self._show.state.track_id, timeout_s=_FIRST_S)
        if self._gamepads:
            self._pads.open()
        self._show.open()
        passed, began_s, busy_s = 0, time.perf_counter(), 0.0
        with _short_turns():
            while not (ending.asked or self._show.over or passed == frames):
                last_s, began_s = began_s, time.perf_counter()
                self._began_s = began_s
                self._take_time(began_s - last_s, busy_s, period_s, vsync=vsync)
                try:
                    self._frame(self._clock.tick(self._show.heard_s))
                except Exception as error:  # one frame that fails must not end an evening
                    self._bear(error)
                busy_s = time.perf_counter() - began_s
                pace.wait()
                passed += 1

    def close(self) -> None:
        """Let go of what it listens to."""
        self._pads.close()

    def _take_time(self, dt_s: float, busy_s: float, period_s: float, *, vsync: bool) -> None:
        """Keep how the last frame came, and choose how finely the next is drawn."""
        self._readings.frame(dt_s, busy_s, period_s=period_s)
        told = str(self._show.state.knobs["quality"])
        if told != "auto":
            # From here on by itself again, when it is left to it.
            self._quality.level = level_of(told, on_processor=False)
        else:
            self._quality.frame(dt_s, period_s=period_s, busy_s=None if vsync else busy_s)

    def _frame(self, moment: Moment) -> None:
        events = self._wishes(moment)
        self._stage.resize(self._displays.picture_px(self._window.size, self._show.state.knobs), level=self._quality.level)
        typed = self._keys.typed
        found = self._ahead.found(typed) if typed is not None else None
        self._pointed.frame(moment, self._show.state, searching=typed is not None, found=found, drawn=self._keys.stroke)
        self._note()
        self._show.frame(moment, events, shown=self._seen())
        self._window.show()
        look = moment.time_s - self._looked_s > _LOOK_S
        if look:
            self._looked_s = moment.time_s
            complain_if_failed(self._window.ctx, "drawing")
            self._failing_since_s = None
        try:
            self._beside(look)
        except Exception as error:  # what goes on beside the picture must not end it
            words = f"beside the picture something failed ({type(error).__name__}: {error}); the show goes on"
            self._show.complain(words, detail=traceback.format_exc())

    def _beside(self, look: bool) -> None:
        """What is done once a frame is seen: recording it, telling others, reading ahead, now and then a `look` at files."""
        if self._recording:
            self._recording.frame(self._stage, at_s=self._began_s)
            for fault in self._recording.errors():
                self._show.complain(fault)
        self._tell()
        self._ahead.songs((*self._waiting.songs(self._show.state), *self._show.state.next_ids))
        if self._levels:
            self._levels.songs((*self._show.state.next_ids, self._show.state.track_id))
        for fault in (*self._ahead.errors(), *self._pads.errors(), *(self._composer.errors() if self._composer else ())):
            self._show.complain(fault)
        if look:
            self._stage.reload()
            self._look_at_shelf()
            self._tell_refusal()

    def _tell(self) -> None:
        """Let others know how things stand."""
        if self._midi:
            self._midi.tell(self._show.state, self._world)
            for fault in self._midi.errors():
                self._show.complain(fault)
        self._tell_phones()
        if self._feedback is None:
            return
        said = self._feedback.tell(self._show.state, self._world, own=self._own)
        if said and self._query:
            self._query.know(self._show.state.wished, self._own, said)
        for fault in (*self._feedback.errors(), *(self._query.errors() if self._query else ())):
            self._show.complain(fault)

    def _tell_phones(self) -> None:
        remote = self._remote
        if remote is None:
            return
        rows = self._readings.rows() if remote.operated else ()
        remote.tell(Told(self._show.state, self._standing, rows), self._answers)
        if self._picture is not None:
            remote.show_picture(self._picture())
            self._picture = None
        elif remote.picture_wanted:
            self._picture = self._stage.look()
        for fault in remote.errors():
            self._show.complain(fault)

    def _fly(self, across: float, down: float, closer: float) -> tuple[tuple[str, float], ...]:
        """The looks that move the map under the pointer; none where there is no map to fly over."""
        state, (width, height) = self._show.state, self._stage.size
        if state.scene != "map":
            return ()
        look = looked(looking(state), across=across, down=down, closer=closer, aspect=width / height)
        return tuple(zip(LOOKS, look, strict=True))

    def _wishes(self, moment: Moment) -> list[ControlEvent]:
        happened = self._window.events()
        events = self._keys.translate(happened, size_px=self._window.size, now_s=moment.time_s)
        events += self._pads.translate(happened, now_s=moment.time_s)
        if any(event.knob == "quit" for event in events):
            self._show.over = True
        if self._keys.fullscreen_wanted > self._fullscreens:
            self._fullscreens = self._keys.fullscreen_wanted
            self._window.toggle_fullscreen()
        asked = self._midi.drain(moment.time_s, self._show.state.wished) if self._midi else ()
        told = self._room.drain(moment.time_s) if self._room else ()
        phones = self._remote.drain(moment.time_s) if self._remote else ()
        osc = self._osc.drain(moment.time_s) if self._osc else ()
        recorded = self._recording.drain(moment.time_s) if self._recording else ()
        made = self._composer.drain(self._show.state, self._world) if self._composer else ()
        wishes = [*events, *osc, *asked, *told, *phones, *recorded, *made]
        ruled = self._ruled(wishes, moment.time_s)
        for event in ruled:
            if event.knob in ("line", "lasso") and not self._keys.stroke and len(points := read_points(event.value)):
                self._pointed.see(points)
        return self._waiting.ready(ruled, self._show.state, now_s=moment.time_s)

    def _ruled(self, events: list[ControlEvent], now_s: float) -> list[ControlEvent]:
        """What comes of everybody's wishes: the operator's at once, those of guests in turn."""
        present = self._remote.present() if self._remote else frozenset()
        self._standing, ruling = rule(self._standing, events, self._show.state, self._world, present=present, now_s=now_s)
        self._show.note(ruling.wishes)
        self._answers = ruling.answers
        return list(ruling.events)

    def _look_at_shelf(self) -> None:
        """Take what was dropped into the folder of the user's own scenes, or changed there."""
        if self._shelf is None or not self._shelf.look():
            return
        self._show.offer(self._shelf.scenes)
        self._know_own()
        for fault in self._shelf.faults:
            self._show.complain(fault)

    def _know_own(self) -> None:
        """Let what steers from outside know the inputs of the user's own scenes, and the maps of the collection."""
        self._own = own_knobs(self._show.own, self._world.maps.names)
        if self._osc:
            self._osc.inbox.own = self._own
        if self._midi:
            self._midi.own = self._own
        if self._remote:
            self._remote.own = self._own

    def _bear(self, error: Exception) -> None:
        """Say what went wrong in a frame, and give up when it has done so for too long."""
        words = f"a frame failed ({type(error).__name__}: {error}); the show goes on"
        self._show.complain(words, detail=traceback.format_exc())
        now_s = time.perf_counter()
        self._failing_since_s = now_s if self._failing_since_s is None else self._failing_since_s
        if now_s - self._failing_since_s > GIVE_UP_S:
            raise ShowError(f"no frame could be drawn for {GIVE_UP_S:g} s: {error}; the show's log has the details") from error

    def _tell_refusal(self) -> None:
        if self._osc is None:
            return
        for fault in self._osc.errors():
            self._show.complain(fault)
        reason = self._osc.counts.last_reason
        if reason and reason not in self._refusals and len(self._refusals) < _REFUSALS_SAID:
            self._refusals.add(reason)
            self._show.complain(f"OSC: {reason}")

    def _listed(self) -> Sequence[Track] | None:
        """The songs that an open search lists; None while none is open."""
        typed = self._keys.typed
        return None if typed is None else (self._ahead.found(typed) or ())[:BEST]

    def _knob_opened(self, piece: str) -> bool:
        """Whether this piece of the readings is a knob: the list of knobs opens there."""
        name = piece.split()[0]
        if self._midi is None or not self._keys.readings or name not in self._show.state.knobs:
            return False
        self._midi.learn.seek(name)
        return True

    @property
    def _learning(self) -> bool:
        return self._midi is not None and self._midi.learn.is_open

    def _seen(self) -> Shown:
        """What is shown beside the show itself: words, and what somebody points at."""
        ring = self._pads.ring
        aim = Aim(self._under.middle() or "", ring) if ring > _RING_LEAST else None
        return replace(self._shown(), lit=self._pointed.lit, stroke=self._pointed.stroke, aim=aim)

    def _drawn(self, stroke: Sequence[tuple[float, float]]) -> tuple[str, str]:
        """The trigger that a stroke over the map is."""
        knob, points = Stroke(np.array(stroke, np.float32)).meant()
        return knob, write_points(points)

    def _onward(self, knob: str, by: int) -> KnobValue:
        """The value of a knob so many steps on: of choices the first comes again after the last."""
        if knob == "map":
            return self._world.maps.after(self._waiting.map(self._show.state), by)
        if knob == "scene":
            scenes, scene = self._world.scenes, self._show.state.scene
            return scenes[(scenes.index(scene) + by) % len(scenes)] if scene in scenes else scenes[0]
        value, known = self._show.state.wished[knob], find(knob)
        if known is not None and known.choices:
            return known.choices[(known.choices.index(str(value)) + by) % len(known.choices)]
        return max(0, int(value) + by)

    # Words for whoever steers --------------------------------------------------------------------------------------------------

    def _best(self, text: str) -> str | None:
        found = self._ahead.found(text)
        return found[0].id if found else None

    def _shown(self) -> Shown:
        shown = self._with_code()
        return replace(shown, dot=True) if self._show.state.recording else shown

    def _with_code(self) -> Shown:
        if self._remote and self._remote.listening and self._show.state.knobs["remote_code"]:
            return replace(self._to_read(), code=self._remote.code)
        return self._to_read()

    def _to_read(self) -> Shown:
        if self._midi and self._learning:
            rows, marked = self._midi.learn.rows(self._show.state.wished)
            return Shown(self._midi.learn.heading, rows, marked=marked)
        if self._keys.help:
            if self._keys.help == 2:
                return Shown(*(("mouse, fingers, gamepad", (*HANDS, *PADS)) if self._pads.there else ("mouse, fingers", HANDS)))
            return Shown("keys", (*KEYS, ("OSC", self._osc_words()), *self._own_words()))
        if self._keys.readings:
            return Shown(rows=self._readings.rows(), ground=0.80)
        if self._keys.typed is not None:
            return self._searching(self._keys.typed)
        if self._show.state.error:
            return Shown(rows=((self._show.state.error, ""),))
        words, until_s = self._noted
        return Shown(rows=(words,)) if time.perf_counter() < until_s else NOTHING

    def _note(self) -> None:
        """Say for a moment how the coming songs are chosen, or what the pointer does, when somebody has turned it."""
        manner, pen, until_s = manner_words(self._show.state.wished), self._keys.pen, time.perf_counter() + _NOTED_S
        if manner != self._manner:
            self._noted = manner, until_s
        if pen != self._pen:
            self._noted = _PEN[pen], until_s
        if self._keys.missed != self._missed:
            self._noted = ("a line is drawn over the map", "1 shows it"), until_s
        self._manner, self._pen, self._missed = manner, pen, self._keys.missed

    def _searching(self, typed: str) -> Shown:
        self._ahead.search(typed)
        found = self._ahead.found(typed)
        # Beside the words, where what fits is lit.
        aside = self._show.state.scene in ("map", "grid", "forming")
        if not typed.strip():
            return Shown("_", (("a title, an artist, an album", ""),), aside=aside)
        if found is None:
            return Shown(f"{typed}_", aside=aside)
        if not found:
            return Shown(f"{typed}_", (("nothing like it here", ""),), aside=aside)
        rows = tuple((track.title or track.path.stem, track.artist) for track in found[:BEST])
        return Shown(f"{typed}_", rows, marked=0, aside=aside)

    def _own_words(self) -> tuple[tuple[str, str], ...]:
        """The user's own scenes, and what the one on the stage can be told."""
        own = self._show.own
        if not own:
            return ()
        names = [scene.name for scene in own]
        told = ", ".join(names[:_SCENES_SAID]) + (f" and {len(names) - _SCENES_SAID} more" if len(names) > _SCENES_SAID else "")
        inputs = [each.name for scene in own if scene.name == self._show.state.scene for each in scene.inputs if each.knobs]
        rows = [("your scenes", told)]
        return (*rows, (f"/mixtape/scene/{self._show.state.scene}/", ", ".join(inputs))) if inputs else tuple(rows)

    def _osc_words(self) -> str:
        if not (self._osc and self._osc.listening):
            return "off"
        counts = self._osc.counts
        lost = {"refused": counts.refused, "dropped": counts.dropped, "of strangers": counts.strangers}
        words = "".join(f", {count:,} {what}" for what, count in lost.items() if count)
        return f"udp {self._osc.host}:{self._osc.port}{words}, see docs/osc.md"

    def _midi_words(self) -> str:
        return self._midi.words() if self._midi else "off"
