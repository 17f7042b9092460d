"""A thread that does beforehand, or beside, what would cost the show a late frame: reading songs and maps to come, and searching.

Newest wins: a wish that was not begun yet is replaced by the next one. Answers are asked for, never waited for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Self

from installation.heard import heard
from installation.world import World, found
from mixtape.errors import MixtapeError
from mixtape.library import Library
from mixtape.types import Track

FOUND_LIMIT = 400
"""So many songs that fit are told at most: those that the map lights while somebody types."""

_MEANT = 16
"""So many wishes in words, and answers to each, are kept."""


class Ahead:
    """Use it in a `with`. `open_library` is called in the thread, since a catalogue serves one thread."""

    def __init__(self, world: World, open_library: Callable[[], AbstractContextManager[Library]]) -> None:
        self._world, self._open_library = world, open_library
        self._known = {track.id: track for track in world.tracks}
        self._changed = threading.Condition()
        self._coming: tuple[str, ...] = ()
        self._warm: tuple[str, ...] = ()
        self._map: str | None = None
        self._nameless: list[str] = []
        self._naming = False
        self._meant: dict[str, tuple[Track, ...] | None] = {}
        self._text = ""
        self._answer: tuple[str, tuple[Track, ...]] = ("", ())
        self._closed = False
        self._told: list[str] = []
        self._failed: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="ahead", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(2.0)

    def songs(self, coming: Sequence[str]) -> None:
        """Make the timelines of these songs ready, the first one first."""
        if tuple(coming) != self._coming:
            with self._changed:
                self._coming = tuple(coming)
                self._changed.notify()

    def has(self, track_id: str) -> bool:
        """Whether this song has been made ready."""
        return track_id in self._warm

    def map(self, name: str) -> bool:
        """Whether this map can be shown without costing a frame its time; else it is made ready from now on.

        One that cannot be made ready counts as well, so that nobody waits for it: asked for, it says why.
        """
        if self._world.maps.ready(name) or name in self._failed or not self._thread.is_alive():
            return True
        if name != self._map:
            with self._changed:
                self._map = name
                self._changed.notify()
        return False

    def search(self, text: str) -> None:
        """Look for the songs that `text` means."""
        if text != self._text:
            with self._changed:
                self._text = text
                self._changed.notify()

    def found(self, text: str) -> tuple[Track, ...] | None:
        """What was found for exactly this text, best first; None while it is not known."""
        asked, tracks = self._answer
        return tracks if asked == text else None

    def meant(self, text: str) -> tuple[Track, ...] | None:
        """What a wish in words means, best first; None while it is not known, and from the first question on it is looked for."""
        if text not in self._meant:
            with self._changed:
                for oldest in list(self._meant)[: 1 - _MEANT]:
                    del self._meant[oldest]
                self._meant[text] = None
                self._changed.notify()
        return self._meant.get(text)

    def errors(self) -> list[str]:
        """What went wrong since the last call, in words for a person."""
        told, self._told = self._told, []
        return told

    def _run(self) -> None:
        try:
            with self._open_library() as library:
                while self._wait():
                    self._look(library)
                    self._lay_out()
                    self._find(library)
                    self._read()
        except Exception as error:  # the show can do without
            self._told.append(f"nothing is searched or read ahead any more: {error}")

    def _wait(self) -> bool:
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._closed
                    or self._map
                    or self._text != self._answer[0]
                    or self._coming != self._warm
                    or None in self._meant.values()
                )
            )
            return not self._closed

    def _find(self, library: Library) -> None:
        """The newest wish in words: the others are waited for no more."""
        waiting = [text for text, tracks in list(self._meant.items()) if tracks is None]
        if waiting:
            tracks = found(library, waiting[-1], self._known, limit=_MEANT)
            with self._changed:
                if waiting[-1] in self._meant:
                    self._meant[waiting[-1]] = tracks

    def _look(self, library: Library) -> None:
        if (text := self._text) != self._answer[0]:
            self._answer = (text, found(library, text, self._known, limit=FOUND_LIMIT) if text.strip() else ())

    def _lay_out(self) -> None:
        name, self._map = self._map, None
        if name is None:
            return
        try:
            self._world.maps.prepare(name, apart=True)
        except MixtapeError:
            self._failed.add(name)
            return
        with self._changed:
            self._nameless.append(name)
            begins, self._naming = not self._naming, True
        if begins:
            # A process for each map takes seconds, and somebody may be searching meanwhile.
            threading.Thread(target=self._name_islands, name="islands", daemon=True).start()

    def _name_islands(self) -> None:
        """One map after the other, the newest first: each takes a process and its memory."""
        while (name := self._next_nameless()) is not None:
            try:
                self._world.maps.name_apart(name)
            except Exception as error:  # a map is shown without names as well
                self._told.append(f"map '{name}' has no names of islands: {error}")

    def _next_nameless(self) -> str | None:
        with self._changed:
            self._naming = bool(self._nameless) and not self._closed
            return self._nameless.pop() if self._naming else None

    def _read(self) -> None:
        """One song, the first that is not ready: a search need not wait for the others."""
        coming = self._coming
        ready = self._warm if self._warm == coming[: len(self._warm)] else ()
        for track_id in coming[len(ready) : len(ready) + 1]:
            heard(self._world.timeline(track_id))
            self._world.cover_pixels(track_id)
            self._world.cover_large(track_id)
            ready = (*ready, track_id)
        self._warm = ready
