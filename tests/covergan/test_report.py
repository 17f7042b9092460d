"""The page on a training says what was measured, all of it, and what cannot be told it calls so."""

import csv
import math
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from mixtape.covergan.metrics import Judgement
from mixtape.covergan.metrics.sliced import Sliced
from mixtape.covergan.report import Subject, measured, subject, write_report
from mixtape.covergan.report.curves import CURVES, NAMES, UNKNOWN, text
from mixtape.covergan.report.verdict import verdict
from mixtape.covergan.report.written import remarks_on
from mixtape.errors import ModelError
from mixtape.palette import dominant_colours

COUNT = 24


class Page(HTMLParser):
    """What stands on a page, and whether every element that was opened is closed again."""

    VOID = ("meta", "img")

    def __init__(self, content):
        super().__init__()
        self.open, self.words, self.sources, self.tags = [], [], [], []
        self.feed(content)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, words):
        self.words.append(words)


def subject_in(trained, folder, **changes):
    """A copy of the small training with few moments, to write beside."""
    source, _, covers, music = trained
    shutil.copytree(source, folder, dirs_exist_ok=True)
    for path in (folder / "snapshots").glob("step-*"):
        if int(path.stem.removeprefix("step-")) not in (0, 8):
            path.unlink()
    known = {"covers": covers, "conditions": list(music[:, None]), **changes}
    return Subject.of(known.pop("covers"), known.pop("conditions"), folder=folder, **known)


@pytest.fixture(scope="module")
def written(trained, tmp_path_factory):
    """(subject, report) of the small training."""
    folder = tmp_path_factory.mktemp("report")
    given = subject_in(trained, folder)
    return given, write_report(given, folder, count=COUNT)


def told(given, remarks=()):
    """The sentences alone: drawing the page takes longer than measuring."""
    return verdict(given, measured.measure(given, count=COUNT), remarks)


def forbid(monkeypatch):
    def never(*_, **__):
        raise AssertionError("measured again")

    monkeypatch.setattr(measured, "judge", never)
    monkeypatch.setattr(measured, "_link", never)


def test_the_page_holds_every_figure_and_explains_each_and_needs_nothing_from_outside(written):
    _, report = written
    content = report.html.read_text(encoding="utf-8")
    page = Page(content)
    assert page.open == [] and "script" not in page.tags
    assert "http" not in content and all(source.startswith("data:image/") for source in page.sources)
    assert len(page.sources) == len(CURVES) + 7
    said = set(page.words)
    assert {*NAMES, *NAMES.values()} <= said
    assert {curve.title for curve in CURVES} | {curve.said for curve in CURVES} <= said
    assert set(report.sentences) <= said
    assert "96 covers, 96 songs with covers, 64 steps" in content and "by a test" in content


def test_every_figure_that_a_judgement_has_is_explained():
    nothing = Judgement(0, Sliced((0.0,)), Sliced((0.0,)), 0, 0, 0, 0)
    assert list(NAMES) == list(nothing.as_row())


def test_the_sheet_is_one_picture_and_the_table_has_a_line_a_moment(written):
    _, report = written
    with Image.open(report.picture) as sheet:
        assert sheet.width == 2800 and sheet.height > 4000
        assert len(dominant_colours(np.asarray(sheet.convert("RGB"))[::4, ::4]).share) > 3
    with report.figures.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [(row["step"], row["final"]) for row in rows] == [("0", "0"), ("8", "0"), ("64", "1")]
    assert float(rows[-1]["sliced"]) < float(rows[0]["sliced"]), "training has come nearer to the covers"


def test_a_second_run_measures_nothing_and_writes_the_same_bytes(written, tmp_path, monkeypatch):
    given, report = written
    forbid(monkeypatch)
    again = write_report(given, tmp_path, count=COUNT)
    for first, second in zip(
        (report.html, report.picture, report.figures), (again.html, again.picture, again.figures), strict=True
    ):
        assert first.read_bytes() == second.read_bytes()


def test_a_new_moment_alone_is_measured_and_what_no_longer_counts_is_taken_away(written, trained, tmp_path, monkeypatch):
    given, _ = written
    folder = tmp_path / "copy"
    shutil.copytree(given.folder, folder)
    shutil.copy(trained[0] / "snapshots" / "step-0000032.safetensors", folder / "snapshots")
    (folder / "snapshots" / "step-0000008.safetensors").unlink()
    judged, really = [], measured.judge
    monkeypatch.setattr(measured, "judge", lambda *given, **named: judged.append(1) or really(*given, **named))
    monkeypatch.setattr(measured, "_link", None)
    measured.measure(subject_of_folder(trained, folder), count=COUNT)
    assert len(judged) == 1
    assert len(list((folder / "judged").glob("*.npz"))) == 4


def subject_of_folder(trained, folder):
    _, _, covers, music = trained
    return Subject.of(covers, list(music[:, None]), folder=folder)


def test_a_run_that_was_killed_keeps_what_it_had_measured(trained, tmp_path, monkeypatch):
    given, really, judged = subject_in(trained, tmp_path), measured.judge, []

    def killed(*given, **named):
        if len(judged) == 2:
            raise KeyboardInterrupt
        judged.append(1)
        return really(*given, **named)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(measured, "judge", killed)
        write_report(given, tmp_path, count=COUNT)
    assert not list(tmp_path.glob("report.*"))
    (torn,) = [path for path in (tmp_path / "judged").glob("*.npz") if "link" in path.name]
    torn.write_bytes(b"torn")
    monkeypatch.setattr(measured, "judge", lambda *given, **named: judged.append(1) or really(*given, **named))
    measured.measure(given, count=COUNT)
    assert len(judged) == 3


def test_covers_and_music_that_do_not_belong_together_are_said_to_and_colours_offered(trained, tmp_path):
    strange = np.random.default_rng(5).standard_normal((96, 1, 32)).astype(np.float32)
    sentences = told(subject_in(trained, tmp_path, conditions=list(strange)))
    assert any("not linked" in sentence and "colours" in sentence for sentence in sentences)
    assert not any("follow the music:" in sentence for sentence in sentences)


def test_covers_and_music_that_belong_together_are_said_to(written):
    assert any("covers and music are linked" in sentence for sentence in written[1].sentences)
    assert any("follow the music" in sentence for sentence in written[1].sentences)


def test_of_one_cover_hardly_anything_can_be_told_and_that_is_said_never_nought(trained, tmp_path):
    _, _, covers, music = trained
    given = subject_in(trained, tmp_path, covers=covers[:1], conditions=[music[:1]])
    report = write_report(given, tmp_path, count=COUNT)
    with report.figures.open(newline="") as opened:
        last = list(csv.DictReader(opened))[-1]
    assert last["kid"] == last["coverage"] == last["matched"] == last["sliced_real"] == last["memorised_ratio"] == ""
    assert UNKNOWN in report.html.read_text() and "nan" not in report.html.read_text().split("base64")[0]
    assert any("too few" in sentence for sentence in report.sentences)


def test_covers_without_any_song_are_judged_without_music(trained, tmp_path):
    _, _, covers, _ = trained
    given = subject_in(trained, tmp_path, covers=covers[:12], conditions=[np.zeros((0, 32), np.float32)] * 12)
    sentences = told(given)
    assert any("too few" in sentence and "colours" in sentence for sentence in sentences)


def test_the_model_that_comes_along_is_not_taken_for_one_that_has_seen_the_covers(trained, tmp_path):
    source, _, covers, music = trained
    given = Subject.of(covers, list(music[:, None]), folder=tmp_path, demo=source / "model.safetensors")
    assert not given.held.any()
    report = write_report(given, tmp_path / "page", count=COUNT)
    assert "comes with mixtape" in report.sentences[0] and "mixtape train" in report.sentences[0]
    assert any("cannot have copied" in sentence for sentence in report.sentences)
    assert "Losses" not in report.html.read_text()


def test_a_training_that_was_stopped_is_judged_by_its_last_moment(trained, tmp_path):
    subject_in(trained, tmp_path)
    for name in ("model.safetensors", "about.json", "history.csv", "judged.csv"):
        (tmp_path / name).unlink()
    given = subject_of_folder(trained, tmp_path)
    report = write_report(given, tmp_path, count=COUNT)
    assert "stopped at step 8" in report.sentences[0]
    assert UNKNOWN in report.html.read_text(encoding="utf-8")
    shutil.rmtree(tmp_path / "snapshots")
    with pytest.raises(ModelError, match="mixtape train"):
        subject_of_folder(trained, tmp_path)


def test_what_training_had_to_say_stands_on_every_later_page(trained, tmp_path):
    given = subject_in(trained, tmp_path)
    assert remarks_on(given, ["at step 9 it broke", "memory ran out"]) == remarks_on(given, ["memory ran out"])
    assert "During training: at step 9 it broke." in told(given, remarks_on(given))


def test_moments_lie_evenly_over_the_logarithm_of_the_step(tmp_path):
    (tmp_path / "snapshots").mkdir()
    steps = [0, 1, 2, 3] + [step << k for k in range(1, 12) for step in (2, 3)]
    for step in steps:
        (tmp_path / "snapshots" / f"step-{step:07d}.safetensors").touch()
    chosen = [moment.step for moment in subject.moments_in(tmp_path)]
    assert 8 <= len(chosen) <= 10 and chosen[0] == 0 and chosen[-1] == max(steps)
    apart = np.diff(np.log1p(chosen))
    assert apart.max() < 2.5 * apart.min()


@pytest.mark.parametrize(
    ("value", "percent", "told"),
    [(math.nan, False, UNKNOWN), (math.nan, True, UNKNOWN), (0.0, True, "0 %"), (0.004, True, "0.4 %"), (0.0123, False, "0.012")],
)
def test_a_figure_is_written_short_and_one_that_is_none_in_words(value, percent, told):
    assert text(value, percent=percent) == told
