"""Several processes that train one network, each on its share of a batch (torchrun); with one process nothing of this is felt."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from mixtape.errors import ModelError

_HELD: list[Any] = []
"""What must not be freed by a thread while Python ends."""


@dataclass(frozen=True, slots=True)
class Team:
    """Which process this is, counted from 0, and of how many. The first one keeps the files."""

    rank: int = 0
    world: int = 1

    @classmethod
    def join(cls, device: torch.device) -> Team:
        """Join the processes that torchrun started beside this one; alone where it did not."""
        if int(os.environ.get("WORLD_SIZE", "1")) < 2:
            return cls()
        import torch.distributed as dist

        if not dist.is_initialized():
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return cls(dist.get_rank(), dist.get_world_size())

    @staticmethod
    def first() -> bool:
        """Whether this process is the one that keeps the files, before any has joined."""
        return int(os.environ.get("RANK", "0")) == 0

    @staticmethod
    def local() -> int:
        """The number of this process on its computer: which GPU is its own."""
        return int(os.environ.get("LOCAL_RANK", "0"))

    def shared(self, module: nn.Module) -> nn.Module:
        """The module such that gradients are averaged over all processes (DistributedDataParallel)."""
        if self.world == 1:
            return module
        from torch.nn.parallel import DistributedDataParallel

        # The lazy penalties and the fade change what a step touches, but never which weights: all of them, every time.
        return DistributedDataParallel(module, gradient_as_bucket_view=True)

    def agreed(self, value: Any) -> Any:
        """What the first process says: a number, words or a state that can be pickled."""
        if self.world == 1:
            return value
        import torch.distributed as dist

        said = [value]
        dist.broadcast_object_list(said, src=0)
        return said[0]

    def share(self, batch: int) -> slice:
        """Which rows of a batch are this process's. ModelError when there are too few for all."""
        each = batch // self.world
        if each < 4:
            raise ModelError(f"training: a batch of {batch} for {self.world} processes; each needs 4, set [train] batch higher")
        return slice(self.rank * each, (self.rank + 1) * each)

    def leave(self) -> None:
        """Leave the others, once all have come this far."""
        if self.world > 1:
            import torch.distributed as dist

            # Gloo's thread lets go of the barrier only after telling us, and with it of tensors known to Python. Were it the last
            # to do so while Python ends, the thread could not have the lock it needs, and would abort the process.
            barrier = dist.barrier(async_op=True)
            barrier.wait()
            _HELD.append(barrier)
            dist.destroy_process_group()
