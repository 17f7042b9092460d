"""Work in a process of its own: what it answers, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import work_apart

from mixtape.apart import apart
from mixtape.errors import LibraryError, MixtapeError
from mixtape.maps.embed import layout
from mixtape.similarity.nearest import nearest

needs_kill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Dead, but nobody has asked after it yet.
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_it_works_in_another_process_with_one_thread_and_behind_this_one():
    pid, priority, threads = apart(work_apart.about_itself, what="looking")
    assert pid != os.getpid() and threads == {1}
    if hasattr(os, "getpriority"):
        assert priority > os.getpriority(os.PRIO_PROCESS, 0)


def test_what_it_tells_on_the_way_comes_in_order_and_then_the_answer():
    told = []
    assert apart(work_apart.counted, 50, what="counting", watch=lambda *words: told.append(words)) == 50
    assert told == [(number, "counted") for number in range(50)]


def test_an_error_there_is_the_same_error_here():
    with pytest.raises(LibraryError, match="the cupboard is bare"):
        apart(work_apart.failing, what="looking")


@needs_kill
def test_its_death_is_said_with_what_it_was_at_and_what_killed_it():
    with pytest.raises(MixtapeError, match=r"laying out the map .*SIGKILL.* start again"):
        apart(work_apart.killed_meanwhile, what="laying out the map")


@pytest.mark.skipif(os.name == "nt", reason="processes are asked after in another way there")
def test_at_ctrl_c_it_ends_with_the_one_who_asked():
    pids = []

    def interrupted(pid: int) -> None:
        pids.append(pid)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apart(work_apart.for_ever, what="waiting", watch=interrupted)
    assert pids and not alive(pids[0])


@needs_kill
def test_when_the_one_who_asked_is_killed_it_does_not_go_on_alone(tmp_path: Path):
    note = tmp_path / "pid"
    script = f"import work_apart; work_apart.asked_for_ever({str(note)!r})"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    asker = subprocess.Popen([sys.executable, "-c", script], env=environment)
    limit_s = time.monotonic() + 60
    while not (note.exists() and note.read_text()) and time.monotonic() < limit_s:
        time.sleep(0.02)
    asker.kill()
    asker.wait()
    pid = int(note.read_text())
    while alive(pid) and time.monotonic() < limit_s:
        time.sleep(0.02)
    assert not alive(pid)


def test_a_layout_is_the_same_bytes_there_as_here_and_is_seen_to_form():
    rows = np.random.default_rng(1).normal(size=(40, 12)).astype(np.float32)
    near = nearest(np.linalg.norm(rows[:, None] - rows[None], axis=2), [f"s{row}" for row in range(40)], k=39)
    here, there = [], []
    made = layout({"rp": rows}, near, perplexity=6.0, seed=1, watch=lambda done, points: here.append((done, points.tobytes())))
    seen = apart(
        layout,
        {"rp": rows},
        near,
        what="laying out the map",
        watch=lambda done, points: there.append((done, points.tobytes())),
        perplexity=6.0,
        seed=1,
    )
    assert seen.points.tobytes() == made.points.tobytes() and seen.kl == made.kl
    assert there == here and len(here) > 40
