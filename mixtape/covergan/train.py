"""Training: covers and the music they belong to go in, a network that dreams new covers for a song comes out.

One call trains until its budget is spent, keeps its state on disk as it goes, and goes on from there when it is called again.
What the networks learn from is in losses.py, the order of one step in step.py, what keeps it from going wrong in watch.py.
"""

from __future__ import annotations

import gc
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from mixtape.covergan.condition import Condition
from mixtape.covergan.deck import Deck, make_deck
from mixtape.covergan.keepsakes import Keepsakes, is_milestone
from mixtape.covergan.model import Precision, quicker, write_model
from mixtape.covergan.networks import COLOURS, MUSIC, Asked, Generator, laid_out
from mixtape.covergan.recipe import TrainSettings
from mixtape.covergan.state import State, content_of, fresh_state, load_state, save_state, unpack_state
from mixtape.covergan.step import Trainer, advance
from mixtape.covergan.team import Team
from mixtape.covergan.watch import LOOK_EVERY, SETBACKS, go_back, is_best, judge, judged_at, look, trouble
from mixtape.errors import ModelError
from mixtape.progress import Progress, silent
from mixtape.storage import TEMPORARY, sweep, write_atomic
from mixtape.types import ByteArray, FloatArray

WORSE = 1.1
"""A network that ends so many times as far from the covers as it once was gives way to what it was then."""

FEWEST = 4
"""Pictures a step needs; memory that does not hold them holds no training."""

MEASURED = 32
"""At most so many pictures tell which number format is quicker: more could need memory that no training step does."""


@dataclass(frozen=True, slots=True)
class TrainReport:
    """How training went: steps and seconds over all starts, the last losses, the diversity of its pictures against real ones
    (1 is as varied), how often it had to go back, the model file, and remarks for a person."""

    steps: int
    seconds: float
    d_loss: float
    g_loss: float
    diversity: float
    setbacks: int
    model: Path
    remarks: tuple[str, ...]


def train(
    covers: ByteArray,
    conditions: Sequence[FloatArray],
    *,
    folder: Path,
    settings: TrainSettings,
    artists: Sequence[Sequence[str]] = (),
    condition: Condition | None = None,
    start_from: Path | None = None,
    progress: Progress = silent,
    made_by: str = "",
    clock: Callable[[], float] = time.monotonic,
) -> TrainReport:
    """Train on covers (n, s, s, 3) uint8 and for each the conditions (k, 32) of all its songs, until the budget is spent.

    State, samples, snapshots and at the end `model.safetensors` go into `folder`; called again it goes on where it stopped, after
    a kill too. `artists` are the names behind each cover; `condition` is stored with the model, so that it can hear songs;
    `start_from` is a trained model to begin with; `made_by` is the command, for the record; `clock` is what seconds
    are counted by, `time.process_time` for figures that hold on a busy machine. Started by torchrun, the processes share the
    work and the first one keeps the files. ShapeError for covers that do not fit; ModelError for a checkpoint that
    cannot be used, or when memory holds no step.
    """
    if settings.steps is None and settings.seconds is None:
        raise ModelError("training: neither steps nor seconds are set, it would never end; set one of them")
    if start_from is not None:
        # It hears already, and long steps would shake out what it knows.
        settings = replace(settings, fade=(0.0, 0.0), lr=settings.lr / 2)
    torch.set_num_threads(settings.threads or max(1, torch.get_num_threads()))
    device = device_of(settings.device)
    team = Team.join(device)
    team.share(settings.batch)
    deck = make_deck(covers, conditions, pixels=settings.size.pixels, device=device, artists=artists)
    state = begin(settings, deck, device, team, start_from)
    run = Run(state, deck, settings, team, Keepsakes.of(deck, settings.size, folder=folder), folder, clock)
    remarks = [*run.resume(), *run.until_spent(progress)]
    path = run.finish(condition, made_by, remarks) if team.rank == 0 else folder / "model.safetensors"
    team.leave()
    return TrainReport(
        state.step,
        state.elapsed_s,
        state.d_loss,
        state.g_loss,
        state.diversity,
        state.setbacks,
        path,
        tuple(dict.fromkeys(remarks)),
    )


def begin(settings: TrainSettings, deck: Deck, device: torch.device, team: Team, start_from: Path | None = None) -> State:
    """The state of a training that has not made a step; the number format that is quicker here is measured."""
    precision = settings.precision
    if precision == "auto":
        precision = team.agreed(_quicker_precision(settings, device))
    return fresh_state(
        settings.size,
        seed=settings.seed,
        lr=settings.lr,
        betas=settings.betas,
        device=device,
        precision=precision,
        digest=deck.digest,
        batch=settings.batch,
        start_from=start_from,
    )


@dataclass(slots=True, eq=False)
class Run:
    """A training from where it stands until its budget is spent."""

    state: State
    deck: Deck
    settings: TrainSettings
    team: Team
    keepsakes: Keepsakes
    folder: Path
    clock: Callable[[], float]

    @property
    def checkpoint(self) -> Path:
        """Where training goes on from."""
        return self.folder / "checkpoint.pt"

    @property
    def best(self) -> Path:
        """The state whose pictures came nearest to the covers."""
        return self.folder / "best.pt"

    def resume(self) -> list[str]:
        """Go on from the checkpoint where there is one; says so when the covers have changed since."""
        if self.team.rank == 0:
            self._sweep()
        if not self.team.agreed(self.checkpoint.is_file()):
            return []
        self._load(self.checkpoint)
        state, changed = self.state, self.state.digest != self.deck.digest
        state.digest = self.deck.digest
        if state.asked_batch != self.settings.batch:
            # Other settings than it went on with so far; what memory allowed of the same ones is kept.
            state.asked_batch = state.batch = self.settings.batch
        if changed:
            # Distances to covers that are not these say nothing of these.
            state.judged = []
            if self.team.rank == 0:
                self.best.unlink(missing_ok=True)
        return ["the covers or their songs have changed since training began; it goes on with the new ones"] if changed else []

    def until_spent(self, progress: Progress) -> list[str]:
        """Step until the budget is spent; look, judge, keep and save on the way; go back when something has broken."""
        state, settings, first = self.state, self.settings, self.team.rank == 0
        trainer, remarks = Trainer.of(state, self.team), list[str]()
        if state.step == 0 and first:
            self.keepsakes.keep(state.ema, step=0, strength=settings.heed(0.0))
            save_state(self.checkpoint, state)
        saved_s = last_s = self.clock()
        while (done := self.team.agreed(self.spent())) < 1.0:
            try:
                d_loss, g_loss = advance(state, self.deck, settings, trainer, done=done)
            except (RuntimeError, MemoryError) as error:
                remarks.append(self._smaller(error))
                continue
            state.step += 1
            now_s = self.clock()
            state.elapsed_s, last_s = state.elapsed_s + now_s - last_s, now_s
            due = now_s - saved_s > settings.save_every_s
            if self.team.agreed(state.step % LOOK_EVERY == 0 or due or self.spent() >= 1.0):
                state.d_loss, state.g_loss = float(d_loss), float(g_loss)
                if state.step % LOOK_EVERY == 0:
                    self._look()
                if what := self.team.agreed(trouble(state)):
                    remarks.append(go_back(state, what, self._load_sound))
                    if state.setbacks > SETBACKS:
                        break
                    continue
            if first and judged_at(state.step, every=settings.judge_every):
                self._judge()
            if first and is_milestone(state.step):
                self.keepsakes.keep(state.ema, step=state.step, strength=state.heed)
            if first and due:
                save_state(self.checkpoint, state)
                saved_s = now_s
            progress("training", *self._shown())
        if first:
            save_state(self.checkpoint, state)
        return remarks

    def spent(self) -> float:
        """How much of the budget is spent, 0..1 and beyond."""
        state, settings = self.state, self.settings
        by_steps = 0.0 if settings.steps is None else state.step / settings.steps if settings.steps else 1.0
        by_time = 0.0 if settings.seconds is None else state.elapsed_s / settings.seconds if settings.seconds else 1.0
        return max(by_steps, by_time)

    def finish(self, condition: Condition | None, made_by: str, remarks: list[str]) -> Path:
        """Write the model, the history and what there is to say about it."""
        state, settings = self.state, self.settings
        if state.judged:
            if state.judged[-1][0] != state.step:
                self._judge()
            nearest = min(row[-1] for row in state.judged)
            if state.judged[-1][-1] > WORSE * nearest:
                at, history, judged = state.step, state.history, state.judged
                load_state(self.best, state)
                # What came after it is not kept, but told.
                state.history, state.judged = history, judged
                remarks.append(
                    f"at step {at} its pictures were farther from the covers than at step {state.step}: that one is kept"
                )
        about: dict[str, Any] = {
            "steps": state.step,
            "images": state.step * settings.batch,
            "seconds": round(state.elapsed_s),
            "settings": {key: value for key, value in asdict(settings).items() if key not in ("size", "device", "threads")},
            "made_by": made_by,
            "diversity": state.diversity,
        }
        path = self.folder / "model.safetensors"
        parts = {"generator": state.ema.state_dict(), "discriminator": state.d.state_dict()}
        write_model(path, parts, condition, size=settings.size, about=about)
        _write_rows(self.folder / "history.csv", "step,elapsed_s,d_loss,g_loss,augment_p,diversity", state.history)
        _write_rows(self.folder / "judged.csv", "step,elapsed_s,distance", state.judged)
        write_atomic(self.folder / "about.json", json.dumps(about, indent=1, sort_keys=True).encode())
        return path

    def _load(self, path: Path) -> None:
        """Read a checkpoint; the first process reads it for all, on whatever computer they are."""
        unpack_state(self.team.agreed(content_of(path) if self.team.rank == 0 else b""), self.state, path=path)

    def _load_sound(self) -> None:
        self._load(self.best if self.team.agreed(self.best.is_file()) else self.checkpoint)

    def _sweep(self) -> None:
        """Take away what killed writes have left. No other training is at work in the folder, but the gallery may be."""
        for left in self.folder.glob(f"{TEMPORARY}*{self.checkpoint.suffix}"):
            left.unlink(missing_ok=True)
        for kept in ("samples", "snapshots"):
            sweep(self.folder / kept)

    def _look(self) -> None:
        if self.team.rank == 0:
            look(self.state, self.deck, self.settings)
        self.state.p, self.state.diversity, self.state.history = self.team.agreed(
            (self.state.p, self.state.diversity, self.state.history)
        )

    def _judge(self) -> None:
        from mixtape.covergan.metrics.sliced import sliced

        judge(self.state, self.deck, self.settings, lambda covers, drawn: sliced(covers, drawn).mean)
        if is_best(self.state):
            save_state(self.best, self.state)

    def _smaller(self, error: BaseException) -> str:
        """Half the batch when memory ran out, anything else is raised again. ModelError when no smaller batch is left, or when
        other processes would have to follow."""
        if not _is_out_of_memory(error):
            raise error
        if self.team.world > 1:
            raise ModelError(
                f"training: {self.settings.size.pixels} px and {self.state.batch} pictures a step, shared by {self.team.world} "
                "processes, do not fit into memory; set [train] batch or pixels lower"
            ) from error
        was, self.state.batch = self.state.batch, self.state.batch // 2
        if self.state.batch < FEWEST:
            raise ModelError(
                f"training: {self.settings.size.pixels} px and {was} pictures a step do not fit into memory; "
                "close other programs, or set [train] pixels lower"
            ) from error
        self.state.g_step.zero_grad(set_to_none=True)
        self.state.d_step.zero_grad(set_to_none=True)
        gc.collect()
        return f"memory ran out at {was} pictures a step; went on with {self.state.batch}"

    def _shown(self) -> tuple[int, int]:
        seconds = self.settings.seconds
        if seconds is None:
            return self.state.step, self.settings.steps or 0
        return min(round(self.state.elapsed_s), math.ceil(seconds)), math.ceil(seconds)


def _quicker_precision(settings: TrainSettings, device: torch.device) -> Precision:
    """The number format in which a generator learns faster here."""
    g, n = laid_out(Generator(settings.size), device), min(max(FEWEST, settings.batch // 2), MEASURED)
    z = torch.randn((n, settings.size.latent), device=device)
    asked = Asked(*(torch.zeros((n, width), device=device) for width in (MUSIC, COLOURS, 2)))

    def learn(precision: Precision) -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            drawn = g(z, asked)
        drawn.float().mean().backward()

    return quicker(learn, device)


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # The second two are what cuBLAS and cuDNN say of it.
    words = ("can't allocate memory", "not enough memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")
    return any(each in str(error) for each in words)


def _write_rows(path: Path, head: str, rows: Sequence[tuple[float, ...]]) -> None:
    lines = [head, *(",".join(f"{number:.6g}" for number in row) for row in rows)]
    write_atomic(path, ("\n".join(lines) + "\n").encode())


def device_of(wanted: str) -> torch.device:
    """The device that "auto", "cpu" or "cuda" means here. ModelError when there is none such."""
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cuda":
        if not torch.cuda.is_available():
            raise ModelError("[train] device = cuda: torch finds no CUDA graphics card here; set it to auto or cpu")
        if (here := Team.local() + 1) > (cards := torch.cuda.device_count()):
            raise ModelError(f"training: process {here} of this computer has no graphics card, {cards} are here; start {cards}")
        torch.cuda.set_device(Team.local())
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device(wanted)
