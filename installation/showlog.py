"""What happened when: one line of JSON for each thing, written at once, so that a show can be replayed up to its last moment.

The first line says what the show stood on (seed, digests of config and library, versions); then come the control events, the
commands to the sound and the errors, each with its show time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Self

from installation.messages import Command, ControlEvent
from mixtape.config import Config
from mixtape.errors import ShowError

VERSION = 1


def config_digest(config: Config) -> str:
    """16 hex digits that change when any setting does."""
    return _digest(json.dumps(dataclasses.asdict(config), sort_keys=True))


def library_digest(ids: Sequence[str]) -> str:
    """16 hex digits that change when a song comes, goes, or takes another place."""
    return _digest("\n".join(ids))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


class ShowLog:
    """Appends to `path`. A disk that fills up ends the log, never the show: `errors` says so once."""

    def __init__(self, path: Path | str) -> None:
        """Open the log. ShowError when it cannot be written."""
        self.path = Path(path)
        self._told: list[str] = []
        self._lines: TextIOWrapper | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lines = self.path.open("a+", encoding="utf-8", newline="\n")
            self._mend()
        except OSError as error:
            raise ShowError(f"{self.path}: the log cannot be written: {error.strerror}; choose another place") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, *, seed: int, config: str, library: str, versions: Mapping[str, str]) -> None:
        """Note what the show stands on: its seed, the digests of config and library, and versions by name."""
        self._write("start", 0.0, log=VERSION, seed=seed, config=config, library=library, versions=dict(versions))

    def event(self, event: ControlEvent) -> None:
        """Note a wish from outside, as the step saw it."""
        self._write("event", event.time_s, source=event.source, knob=event.knob, value=event.value)

    def wish(self, wish: ControlEvent) -> None:
        """Note what a guest asked for; what came of it are events."""
        self._write("wish", wish.time_s, source=wish.source, knob=wish.knob, value=wish.value)

    def command(self, command: Command, *, time_s: float) -> None:
        """Note what the sound was asked to do, such as the start of a song."""
        self._write(type(command).__name__.lower(), time_s, **dataclasses.asdict(command))

    def error(self, words: str, *, time_s: float) -> None:
        """Note what went wrong."""
        self._write("error", time_s, words=words)

    def errors(self) -> list[str]:
        """What went wrong with the log itself since the last call."""
        told, self._told = self._told, []
        return told

    def stop(self) -> None:
        """Close the log; may be called twice."""
        lines, self._lines = self._lines, None
        if lines is not None:
            try:
                lines.close()
            except OSError as error:
                self._told.append(f"{self.path}: {error.strerror}")

    def _mend(self) -> None:
        """End a line that an earlier kill cut, so that it spoils no other."""
        if self._lines and self.path.stat().st_size:
            with self.path.open("rb") as raw:
                raw.seek(-1, 2)
                cut = raw.read(1) != b"\n"
            if cut:
                self._lines.write("\n")

    def _write(self, kind: str, time_s: float, **what: Any) -> None:
        if self._lines is None:
            return
        try:
            self._lines.write(json.dumps({"time_s": time_s, "kind": kind, **what}, ensure_ascii=False) + "\n")
            self._lines.flush()
        except OSError as error:
            self._told.append(f"{self.path}: the log ends here: {error.strerror}")
            self.stop()


def read(path: Path | str) -> list[dict[str, Any]]:
    """All whole lines of a log; a line cut by a kill is left out. ShowError when the file cannot be read."""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ShowError(f"{path}: no log of a show: {error.strerror}") from error
    return [entry for line in text.split("\n") if (entry := _entry(line)) is not None]


def events(path: Path | str) -> tuple[ControlEvent, ...]:
    """The control events of the last show in a log, in order, to be played again."""
    entries = read(path)
    last_start = max((row for row, entry in enumerate(entries) if entry["kind"] == "start"), default=0)
    return tuple(
        ControlEvent(str(entry["source"]), str(entry["knob"]), entry["value"], float(entry["time_s"]))
        for entry in entries[last_start:]
        if entry["kind"] == "event"
    )


def _entry(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and "kind" in entry and "time_s" in entry else None
