"""The cover network beside the window: a process of its own, so that its arithmetic never holds up a frame.

The newest request wins: while the network works, a later wish replaces the one that waits. Answers come in turn and carry the
stamp of their request; what goes wrong comes back as a `TileSheet` with words in `error`. `DirectSampler` does without a process,
for export and tests: with the same model factory the same request gives the same bytes.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

import numpy as np

from installation.messages import LatentRequest, TileSheet
from mixtape.types import ByteArray

QUICK_MODEL = "installation.sampler:quick_model"
STEADY_MODEL = "installation.sampler:steady_model"
"""What makes the model: `module:name`, called with the path of the model file."""

_STARTS = 4
_KEPT = 4
_NICE = 5
_NO_PICTURES = np.zeros((0, 0, 0, 3), np.uint8)


def draw(model: Any, request: LatentRequest) -> ByteArray:
    """The pictures (m, h, w, 3) uint8 of a request."""
    pictures = model.pictures(
        request.latents,
        request.conditions,
        colours=request.colours,
        strength=request.strength,
        colour_strength=request.colour_strength,
        truncation=request.truncation,
    )
    return np.ascontiguousarray(pictures, np.uint8)


def quick_model(path: Path) -> Any:
    """The cover network on what this computer is quickest with, graphics card or number format: for the live wall."""
    from mixtape.covergan.model import CoverModel

    return CoverModel.load(path, device="auto")


def steady_model(path: Path) -> Any:
    """The cover network in float32, which gives the same bytes every time: for export."""
    from mixtape.covergan.model import CoverModel

    return CoverModel.load(path, precision="float32")


def load_model(model_path: Path | str, *, factory: str = STEADY_MODEL) -> Any:
    """Make the model that `factory` names from its file."""
    module, _, name = factory.partition(":")
    made: Any = importlib.import_module(module)
    for part in name.split("."):
        made = getattr(made, part)
    return made(Path(model_path))


def failed(request: LatentRequest, words: str) -> TileSheet:
    """The answer to a request that could not be drawn."""
    return TileSheet(request.stamp, request.time_s, request.tiles, _NO_PICTURES, error=words)


class DirectSampler:
    """The sampler without a process: `request` draws at once."""

    def __init__(self, model_path: Path | str, *, factory: str = STEADY_MODEL) -> None:
        """Load the model. Raises ModelError when it cannot be used."""
        self._model = load_model(model_path, factory=factory)
        self._answer: TileSheet | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def request(self, request: LatentRequest) -> None:
        """Draw the pictures; `take` has them."""
        try:
            self._answer = TileSheet(request.stamp, request.time_s, request.tiles, draw(self._model, request))
        except Exception as error:  # a value, like from the process
            self._answer = failed(request, _words(error))

    def take(self) -> TileSheet | None:
        """The answer to the last request, once."""
        sheet, self._answer = self._answer, None
        return sheet


class Sampler:
    """The sampler in a process of its own. No call ever waits for it.

    A process that dies is started again, three times in all; then a last sheet says so in `error` and no more come.
    """

    def __init__(self, model_path: Path | str, *, factory: str = QUICK_MODEL) -> None:
        self.restarts = 0
        self._model_path, self._factory = str(model_path), factory
        self._wish: LatentRequest | None = None
        self._answers: deque[TileSheet] = deque(maxlen=_KEPT)
        self._changed = threading.Condition()
        self._closed = False
        self._worker: Any = None
        self._courier: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process; the model is loaded in there, requests may be made at once."""
        if self._courier is None:
            self._courier = threading.Thread(target=self._carry, name="sampler", daemon=True)
            self._courier.start()

    def stop(self) -> None:
        """End the process; may be called twice."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        worker = self._worker
        if worker is not None:
            worker.terminate()
        if self._courier is not None:
            self._courier.join(5.0)

    def request(self, request: LatentRequest) -> None:
        """Wish for pictures; replaces a wish that is still waiting."""
        with self._changed:
            self._wish = request
            self._changed.notify()

    def take(self) -> TileSheet | None:
        """The next answer that was not taken yet, or None; of those that nobody takes only the last few are kept."""
        with self._changed:
            return self._answers.popleft() if self._answers else None

    def _carry(self) -> None:
        """Carry wishes to the process and sheets back; start it again when it died."""
        if hasattr(signal, "pthread_sigmask"):
            # The process inherits this thread's mask: Ctrl-C reaches all of a terminal's processes, also one still starting.
            # multiprocessing's tracker, started with the first process, would lift the mask again: it comes before.
            from multiprocessing import resource_tracker

            resource_tracker.ensure_running()
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        for _ in range(_STARTS):
            try:
                connection = self._launch()
            except OSError as error:  # no memory or no process left: perhaps there is by the next wish
                if (request := self._next_wish()) is None:
                    return
                self._show(failed(request, f"no pictures: their process cannot be started ({error})"))
                continue
            with connection:
                while (request := self._next_wish()) is not None:
                    try:
                        self._show(_ask(connection, request))
                    except (EOFError, OSError):
                        self._show(failed(request, "no pictures: their process died and is started again"))
                        break
            self._bury()
            if self._closed:
                return
            self.restarts += 1
        while (request := self._next_wish()) is not None:
            self._show(failed(request, f"the picture network stopped {_STARTS} times; the wall stands still until a new start"))
            self._wait_for_end()

    def _launch(self) -> Connection:
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        self._worker = spawn.Process(
            target=_work, args=(theirs, self._model_path, self._factory), name="mixtape sampler", daemon=True
        )
        self._worker.start()
        theirs.close()
        if self._closed:
            self._worker.terminate()
        return ours

    def _bury(self) -> None:
        self._worker.join(1.0)
        if self._worker.is_alive():
            self._worker.kill()
            self._worker.join()

    def _next_wish(self) -> LatentRequest | None:
        """Wait for a wish; None when the sampler is stopped."""
        with self._changed:
            while self._wish is None and not self._closed:
                self._changed.wait()
            wish, self._wish = self._wish, None
            return None if self._closed else wish

    def _wait_for_end(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed)

    def _show(self, sheet: TileSheet) -> None:
        with self._changed:
            self._answers.append(sheet)


def _ask(connection: Connection, request: LatentRequest) -> TileSheet:
    connection.send(request)
    shape, words, took_s = connection.recv()
    if words is not None:
        return failed(request, words)
    images = np.empty(shape, np.uint8)
    if images.nbytes:
        connection.recv_bytes_into(images.data.cast("B"))
    return TileSheet(request.stamp, request.time_s, request.tiles, images, took_s=took_s)


def _work(connection: Connection, model_path: str, factory: str) -> None:
    """The life of the process: load, then answer one request after another until nobody is there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the show, which then ends us
    if hasattr(os, "nice"):
        os.nice(_NICE)
    os.environ["OMP_NUM_THREADS"] = "1"
    answer = _answerer(model_path, factory)
    with suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            request = connection.recv()
            began_s = time.perf_counter()
            images, words = answer(request)
            connection.send((images.shape, words, time.perf_counter() - began_s))
            if words is None and images.nbytes:
                connection.send_bytes(images.data.cast("B"))


def _answerer(model_path: str, factory: str) -> Callable[[LatentRequest], tuple[ByteArray, str | None]]:
    try:
        model = load_model(model_path, factory=factory)
    except Exception as error:
        words = _words(error)
        return lambda _: (_NO_PICTURES, words)

    def answer(request: LatentRequest) -> tuple[ByteArray, str | None]:
        try:
            return draw(model, request), None
        except Exception as error:
            return _NO_PICTURES, _words(error)

    return answer


def _words(error: Exception) -> str:
    return f"no pictures: {error or type(error).__name__}"
