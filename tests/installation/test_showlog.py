import subprocess
import sys
from dataclasses import replace

import pytest

from installation.messages import ControlEvent, Pause, Play
from installation.showlog import ShowLog, config_digest, events, library_digest, read
from mixtape.config import Config
from mixtape.errors import ShowError

WISHES = (
    ControlEvent("keys", "next", None, 0.1 + 0.2),
    ControlEvent("osc:127.0.0.1", "seed", "Björk – ジョー\n", 1.5),
    ControlEvent("osc:127.0.0.1", "wall_rows", 12, 2.0),
    ControlEvent("keys", "pause", True, 2.0),
    ControlEvent("osc:127.0.0.1", "energy", 0.1, 1e9 / 3),
)


def start(log, seed=1):
    log.start(seed=seed, config="c", library="l", versions={"mixtape": "0.1.0"})


def test_the_events_of_a_show_come_back_as_they_were(tmp_path):
    with ShowLog(tmp_path / "shows" / "show.jsonl") as log:
        start(log)
        for wish in WISHES:
            log.event(wish)
            log.command(Play("abc", 0.0, 4.0), time_s=wish.time_s)
        log.command(Pause(True), time_s=3.0)
        log.error("the sound device went away", time_s=4.0)
    assert events(log.path) == WISHES
    kinds = [entry["kind"] for entry in read(log.path)]
    assert kinds == ["start"] + ["event", "play"] * 5 + ["pause", "error"]
    assert read(log.path)[2]["track_id"] == "abc"


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_a_last_line_that_was_cut_costs_that_line_alone_also_when_the_show_goes_on(tmp_path, cut):
    path = tmp_path / "show.jsonl"
    with ShowLog(path) as log:
        start(log)
        for wish in WISHES:
            log.event(wish)
    path.write_bytes(path.read_bytes()[:-1][:-cut])
    assert events(path) == WISHES[:-1]
    with ShowLog(path) as log:
        log.event(WISHES[0])
    assert events(path) == (*WISHES[:-1], WISHES[0])


def test_bytes_that_are_no_text_cost_their_line_alone(tmp_path):
    path = tmp_path / "show.jsonl"
    with ShowLog(path) as log:
        log.event(WISHES[0])
    with path.open("ab") as raw:
        raw.write(b"\xff\xfe\n[1, 2]\n7\n")
    with ShowLog(path) as log:
        log.event(WISHES[1])
    assert events(path) == WISHES[:2]


_KILLED = """
import os, signal, sys
from installation.showlog import ShowLog
from installation.messages import ControlEvent
log = ShowLog(sys.argv[1])
for n in range(100):
    log.event(ControlEvent("test", "next", None, float(n)))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_show_has_written_everything(tmp_path):
    path = tmp_path / "show.jsonl"
    subprocess.run([sys.executable, "-c", _KILLED, str(path)], check=False)
    assert len(events(path)) == 100


def test_of_several_shows_in_one_log_the_last_is_replayed(tmp_path):
    path = tmp_path / "show.jsonl"
    for wish in WISHES[:2]:
        with ShowLog(path) as log:
            start(log)
            log.event(wish)
    assert events(path) == (WISHES[1],)


def test_a_log_that_cannot_be_opened_or_read_is_said(tmp_path):
    with pytest.raises(ShowError, match="log"):
        ShowLog(tmp_path)
    with pytest.raises(ShowError, match="no log"):
        read(tmp_path / "nothing.jsonl")


def test_a_full_disk_ends_the_log_and_not_the_show(tmp_path):
    log = ShowLog(tmp_path / "show.jsonl")

    class Full:
        def write(self, text):
            raise OSError(28, "No space left on device")

        def close(self):
            pass

    log._lines = Full()
    log.event(WISHES[0])
    log.event(WISHES[1])
    assert len(log.errors()) == 1
    log.stop()


def test_digests_tell_settings_and_collections_apart():
    config = Config()
    assert config_digest(config) == config_digest(Config())
    assert config_digest(replace(config, show=replace(config.show, seed=2))) != config_digest(config)
    assert library_digest(["a", "b"]) != library_digest(["b", "a"])
