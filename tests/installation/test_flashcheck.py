"""What somebody relies on who asks whether a video flashes."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from torture import FAILING, PASSING, strobe

from installation.flashcheck import check, in_words
from mixtape.errors import UnjudgedError

ROOT = Path(__file__).resolve().parents[2]
SMALL = (96, 54)


def film(path: Path, pictures, *, fps=30.0, times_s=None, codec="libx264") -> Path:
    """Pictures as a video that keeps them to the bit, each at its time."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=Fraction(fps).limit_denominator(1001), options={"qp": "0"})
        stream.pix_fmt = "yuv444p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 90_000)
        for number, each in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(each), format="rgb24")
            if not number:
                stream.width, stream.height = frame.width, frame.height
            at_s = times_s[number] if times_s is not None else number / fps
            frame.pts, frame.time_base = round(at_s * 90_000), Fraction(1, 90_000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", [*FAILING, *PASSING])
def test_what_flashes_too_much_fails_and_nothing_else(name, tmp_path):
    made = {**FAILING, **PASSING}[name]
    report = check(film(tmp_path / "film.mkv", made(SMALL, 30.0, 3.0)))
    assert report.passes == (name in PASSING)
    assert report.whole


def test_the_report_says_how_many_flashes_when_and_where(tmp_path):
    calm = [np.full((54, 96, 3), 60, np.uint8)] * 60
    flashing = list(strobe(6.0, share=(1 / 3, 1 / 3))(SMALL, 30.0, 2.0))
    flashing = [np.roll(each, (36, 64), (0, 1)) for each in flashing]
    seen = []
    report = check(film(tmp_path / "film.mkv", [*calm, *flashing, *calm]), progress=lambda *told: seen.append(told))
    assert report.general.most == 6.0
    assert report.general.in_all == 12 or report.general.in_all == 11
    assert report.red.most == 0 and report.red.worst_s is None
    from_s, to_s = report.general.worst_s
    assert 2.0 <= from_s < to_s <= 4.1
    left, top, right, bottom = report.general.window
    assert left > 0.6 and top > 0.6 and right <= 1.0 and bottom <= 1.0
    ((fails_from_s, fails_to_s),) = report.failing
    assert 2.0 < fails_from_s < 3.0 and 4.0 <= fails_to_s < 5.0
    assert (report.width, report.height, report.frames) == (96, 54, 180)
    assert report.seconds == pytest.approx(6.0, abs=0.01)
    assert seen[-1] == ("judging", 180, 180)
    assert "FAILS: 6 general flashes in a second" in in_words(report)


def test_a_red_strobe_fails_as_red(tmp_path):
    report = check(film(tmp_path / "film.mkv", FAILING["dark red 6 Hz"](SMALL, 30.0, 2.0)))
    assert report.red.fails and not report.general.fails


def test_the_broadcast_profile_looks_at_a_quarter_of_the_whole_picture(tmp_path):
    made = film(tmp_path / "film.mkv", strobe(6.0, share=(1 / 3, 1 / 3))(SMALL, 30.0, 2.0))
    assert not check(made).passes
    assert check(made, profile="broadcast").passes


@pytest.mark.parametrize("fps", [23.976, 25.0, 50.0, 120.0])
def test_any_frame_rate_counts_by_its_own_time(fps, tmp_path):
    assert not check(film(tmp_path / "fast.mkv", strobe(3.5)(SMALL, fps, 3.0), fps=fps)).passes
    assert check(film(tmp_path / "slow.mkv", strobe(2.5)(SMALL, fps, 3.0), fps=fps)).passes


def test_a_varying_frame_rate_counts_by_the_time_of_each_frame(tmp_path):
    pictures = list(strobe(5.0)(SMALL, 10.0, 2.0))
    spread = np.cumsum(np.random.default_rng(1).uniform(0.17, 0.4, len(pictures)))
    crowded = np.cumsum(np.random.default_rng(1).uniform(0.05, 0.13, len(pictures)))
    assert check(film(tmp_path / "slow.mkv", pictures, times_s=spread)).passes
    assert not check(film(tmp_path / "fast.mkv", pictures, times_s=crowded)).passes


def test_a_portrait_picture_is_judged_like_any_other(tmp_path):
    assert not check(film(tmp_path / "film.mkv", strobe(5.0, share=(0.2, 0.2))((54, 96), 30.0, 2.0))).passes
    assert check(film(tmp_path / "calm.mkv", strobe(5.0, share=(0.15, 0.15))((54, 96), 30.0, 2.0))).passes


def test_long_flashing_just_under_the_limit_is_said(tmp_path):
    report = check(film(tmp_path / "film.mkv", strobe(2.5)(SMALL, 30.0, 7.0)))
    assert report.passes and len(report.extended) == 1
    assert not check(film(tmp_path / "short.mkv", strobe(2.5)(SMALL, 30.0, 3.0))).extended


def test_what_is_no_video_is_told_in_one_line(tmp_path):
    (tmp_path / "words.mp4").write_text("this is no film")
    (tmp_path / "empty.mp4").write_bytes(b"")
    for name in ("words.mp4", "empty.mp4", "absent.mp4"):
        with pytest.raises(UnjudgedError, match=name):
            check(tmp_path / name)
    with pytest.raises(UnjudgedError, match="no such file"):
        check(tmp_path)


def test_a_file_cut_off_is_judged_as_far_as_it_goes_and_said_to_be(tmp_path):
    whole = film(tmp_path / "film.mkv", PASSING["cuts at 180 a minute"](SMALL, 30.0, 6.0))
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    report = check(cut)
    assert 0 < report.frames < 180 and not report.whole
    assert "as far as it can be read" in in_words(report)


@pytest.mark.slow
def test_the_command_says_it_by_table_json_and_exit_code(tmp_path):
    def run(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "installation.cli", "flashcheck", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)

    bad = film(tmp_path / "bad.mkv", strobe(5.0)(SMALL, 30.0, 2.0))
    good = film(tmp_path / "good.mkv", strobe(2.0)(SMALL, 30.0, 2.0))
    failed = run(bad, "--json")
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["general"]["most"] == 5.0 and json.loads(failed.stdout)["passes"] is False
    passed = run(good)
    assert passed.returncode == 0 and passed.stdout.splitlines()[-1] == "passes"
    assert run(tmp_path / "absent.mp4").returncode == 2
