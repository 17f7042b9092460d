"""A remote that listens on this computer, and that has been told how things stand once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from installation.control.arbiter import Standing
from installation.state import FrameState
from installation.world import World


@pytest.fixture
def remote(small_world: World, play: Callable[..., FrameState]) -> Iterator[object]:
    """At http://127.0.0.1; nothing went wrong when it ends."""
    pytest.importorskip("uvicorn")
    from installation.remote.server import Remote
    from installation.remote.words import Told

    with Remote(small_world, find=small_world.find, host="127.0.0.1", port=0) as remote:
        assert remote.errors() == []
        remote.tell(Told(play(small_world, 1.0), Standing(), (("frames", "60.0 a second"),)))
        yield remote
    assert remote.errors() == []
