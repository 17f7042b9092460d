"""A process beside the show that finds out what plays: one question at a time, asked and fetched, never waited for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from installation.beside import Beside, Failed
from installation.room.placing import Placed, Placer
from mixtape.config import Config
from mixtape.errors import MixtapeError
from mixtape.fingerprint.index import Match
from mixtape.types import FloatArray


@dataclass(frozen=True, slots=True)
class Question:
    """What was heard last, mono at 44.1 kHz: `recent` (n,) to recognise a song by; `longer` (m,), to place music by, or None.

    `at` is the number of the first sample of `recent`, counted from the beginning of all listening.
    """

    recent: FloatArray
    longer: FloatArray | None
    at: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The song that was recognised, if any; else where the music belongs, if that was asked and is known; or an error."""

    at: int
    match: Match | None = None
    placed: Placed | None = None
    error: str = ""


class Mind(Protocol):
    """Who answers."""

    def ask(self, question: Question) -> bool:
        """Take a question; False when the last one is not answered yet."""

    def answer(self) -> Answer | None:
        """The answer to the last question, once; None while there is none."""

    def close(self) -> None:
        """End it; may be called twice."""


def think(placer: Placer, question: Question) -> Answer:
    """Recognise first; what is recognised needs no other place."""
    match = placer.recognise(question.recent)
    placed = placer.place(question.longer) if match is None and question.longer is not None else None
    return Answer(question.at, match, placed)


class Apart:
    """A mind in a process of its own: see `Beside`."""

    def __init__(self, library: Path, config: Config) -> None:
        self._beside: Beside[Answer] = Beside(_think, _begin, library, config, what="recognising songs")
        self._at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, question: Question) -> bool:
        """Take a question; False when the last one is not answered yet, or nobody answers any more."""
        taken = self._beside.ask(question)
        self._at = question.at if taken else self._at
        return taken

    def answer(self) -> Answer | None:
        """The answer to the last question, once; None while there is none."""
        answer = self._beside.answer()
        return Answer(self._at, error=answer.words) if isinstance(answer, Failed) else answer

    def close(self) -> None:
        """End the process."""
        self._beside.close()


# In the process ----------------------------------------------------------------------------------------------------------------

_placer: Placer | MixtapeError | None = None


def _begin(library: Path, config: Config) -> None:
    global _placer
    try:
        _placer = Placer.load(library, config)
    except MixtapeError as error:
        _placer = error


def _think(question: Question) -> Answer:
    if not isinstance(_placer, Placer):
        raise MixtapeError(str(_placer))
    return think(_placer, question)
