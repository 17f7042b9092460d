"""One evening, frame by frame: the state steps on, the sound obeys, the sampler is asked, the stage draws.

Live, export and tests run this same code; they differ in the clock, the sound and the sampler they hand in.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import moderngl

from installation.isf.header import OwnScene
from installation.messages import (
    Command,
    ControlEvent,
    LatentRequest,
    Moment,
    Offset,
    Pause,
    Play,
    Quit,
    Record,
    TileSheet,
    Volume,
)
from installation.scenes.overlay import NOTHING, Shown
from installation.sound import Sound
from installation.stage import Stage
from installation.step import first_state, step
from installation.wall import BUDGET, REQUEST_HZ, next_budget, wall_request
from installation.world import World

_AT_REST_HZ = 1
"""Requests a second while the wall is out of sight, so that it is never stale when it comes."""

_PATIENCE_S = 3.0
"""Requests unanswered for so long are taken for lost."""

_OPEN = 2
"""So many requests are under way: while one is drawn the next lies ready, and the sampler never waits for a frame."""

_NOT_YET_S = 1e9
"""The song's place while the sound is still at the song before: later than any song is long."""


_SETTLED_S = 0.5
_SKIPS = 5
"""So many songs in a row that cannot be heard are passed over; then it is not the songs, and they keep their time in silence."""

_FAULTS_SAID = 200
_FAULTS_KEPT = 20


class PictureSource(Protocol):
    """What the show asks of its sampler."""

    def request(self, request: LatentRequest) -> None:
        """Wish for pictures."""

    def take(self) -> TileSheet | None:
        """The next answer that was not taken yet."""


class Journal(Protocol):
    """Where an evening is written down."""

    def event(self, event: ControlEvent) -> None:
        """A wish from outside."""

    def wish(self, wish: ControlEvent) -> None:
        """What a guest asked for, before anybody ruled on it."""

    def command(self, command: Command, *, time_s: float) -> None:
        """What the show told its sound."""

    def error(self, words: str, *, time_s: float) -> None:
        """What went wrong."""

    def errors(self) -> list[str]:
        """What went wrong with the writing itself since the last call."""


class Show:
    """The show between two frames: the state, and what was asked and not answered yet."""

    def __init__(
        self,
        world: World,
        stage: Stage,
        sound: Sound,
        sampler: PictureSource,
        *,
        seed_id: str | None = None,
        journal: Journal | None = None,
        into: Callable[[], moderngl.Framebuffer | None] = lambda: None,
        record: Callable[[Record], None] = lambda _: None,
        say: Callable[[str], None] = lambda words: print(f"mixtape: {words}", file=sys.stderr),  # noqa: T201
    ) -> None:
        """Everything in its place, nothing playing yet. It draws `into` a framebuffer, None being the stage's own.

        `record` begins and ends recordings: an export, which is one, has none of its own.
        `say` is told each distinct fault once; `faults` are the last of them with their show time. `pictures` counts what the
        sampler has drawn, and says how long the last ones took.
        """
        self.state = first_state(world, seed_id=seed_id, seed=world.config.show.seed)
        self.over = False
        self.pictures: tuple[int, float] = (0, 0.0)
        self.faults: deque[tuple[float, str]] = deque(maxlen=_FAULTS_KEPT)
        self._world, self._stage, self._sound, self._sampler = world, stage, sound, sampler
        self._journal, self._into, self._say, self._record = journal, into, say, record
        self._said: set[str] = set()
        self._skipped = 0
        self._requests, self._open, self._asked_s = 0, 0, -_PATIENCE_S
        # Outside the state, like the count of requests: a log replayed gives the same states whatever the sampler's pace was.
        self._budget: float = BUDGET

    def offer(self, own: tuple[OwnScene, ...]) -> None:
        """Go on with other scenes of the user's own: those that compile, and of the others their last good readings."""
        self._stage.offer(own)
        self._world = self._world.with_own(self._stage.own)

    @property
    def own(self) -> tuple[OwnScene, ...]:
        """The user's own scenes as they are in use."""
        return self._world.own

    def open(self) -> None:
        """Let the first song begin."""
        if self.state.error:
            self.complain(self.state.error)
        self._obey((Volume(float(self.state.knobs["volume"])), Play(self.state.track_id, 0.0, 0.0)))

    @property
    def heard_s(self) -> float:
        """The heard place in the song that the state is at, for the next moment."""
        track_id, song_s = self._sound.position()
        return song_s if track_id == self.state.track_id else _NOT_YET_S

    @property
    def underruns(self) -> int:
        """How often samples were missing when they were due."""
        return self._sound.underruns

    def frame(self, moment: Moment, events: Sequence[ControlEvent], *, shown: Shown = NOTHING) -> None:
        """Go on to `moment` and draw it, with the words `shown` over it."""
        events = (*events, *self._pass_over(moment))
        if self._journal:
            for event in events:
                self._journal.event(event)
        self.state, commands = step(self.state, events, moment, self._world)
        self._obey(commands)
        self._dream()
        faults = (*self._sound.errors(), *self._stage.errors, *(self._journal.errors() if self._journal else ()))
        for fault in faults:
            self.complain(fault)
        self._stage.draw(self.state, self._into(), shown=shown)

    def note(self, wishes: Sequence[ControlEvent]) -> None:
        """Write down what guests asked for."""
        if self._journal:
            for wish in wishes:
                self._journal.wish(wish)

    def complain(self, fault: str, *, detail: str = "") -> None:
        """Say and write down a fault, each distinct one once; `detail` is written only."""
        if fault not in self._said and len(self._said) < _FAULTS_SAID:
            self._said.add(fault)
            self.faults.append((self.state.moment.time_s, fault))
            self._say(fault)
            if self._journal:
                self._journal.error(f"{fault}\n{detail}".strip(), time_s=self.state.moment.time_s)

    def _pass_over(self, moment: Moment) -> tuple[ControlEvent, ...]:
        """The wish for the next song when this one cannot be heard any more, though its time is not over."""
        state = self.state
        if moment.time_s - state.started_s < _SETTLED_S or state.paused:
            return ()
        if self._sound.spent() != state.track_id:
            self._skipped = 0
            return ()
        self._skipped += 1
        self.complain(f"nothing more is heard of {self._world.track(state.track_id).label}; the show goes on")
        return (ControlEvent("sound", "next", None, moment.time_s),) if self._skipped <= _SKIPS else ()

    def _obey(self, commands: Sequence[Command]) -> None:
        for command in commands:
            if self._journal:
                self._journal.command(command, time_s=self.state.moment.time_s)
            match command:
                case Play():
                    self._sound.play(command)
                case Pause():
                    self._sound.pause(command)
                case Volume():
                    self._sound.volume(command)
                case Offset():
                    self._sound.offset(command)
                case Record():
                    self._record(command)
                case Quit():
                    self.over = True

    def _dream(self) -> None:
        """Ask for the next pictures when it is time, and hand those that came to the wall."""
        now_s = self.state.moment.time_s
        if self._due(now_s):
            # Counted by request, not by time: a slow sampler still gives every tile its turn.
            self._sampler.request(wall_request(self.state, self._world, self._requests, budget=round(self._budget)))
            self._requests += 1
            self._open, self._asked_s = self._open % _OPEN + 1, now_s
        while (sheet := self._sampler.take()) is not None:
            self._open = max(0, self._open - 1)
            self._budget = next_budget(self._budget, sheet)
            if sheet.error:
                self.complain(sheet.error)
            else:
                self.pictures = (self.pictures[0] + len(sheet.tiles), sheet.took_s)
                self._stage.put_tiles(sheet)

    def _shows_wall(self, name: str) -> bool:
        """Whether the wall is seen in a scene: it is the wall, or one of the user's own that is given it."""
        images = [each for scene in self._world.own if scene.name == name for each in scene.inputs if each.kind == "image"]
        knobs = self.state.knobs
        return name == "wall" or any(knobs.get(each.knobs[0].name, each.knobs[0].default) == "wall" for each in images)

    def _due(self, now_s: float) -> bool:
        in_sight = self._shows_wall(self.state.scene) or (self.state.scene_mix < 1.0 and self._shows_wall(self.state.from_scene))
        every_s = 1.0 / (REQUEST_HZ if in_sight else _AT_REST_HZ)
        # A hair early, so that a frame clock whose sums fall just short does not miss its turn.
        return now_s - self._asked_s >= (_PATIENCE_S if self._open >= _OPEN else every_s) - 1e-6
