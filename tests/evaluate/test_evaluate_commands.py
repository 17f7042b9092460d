"""What `mixtape evaluate` and `mixtape neighbours` print and write."""

from __future__ import annotations

import json
from pathlib import Path

import made_up
import numpy as np
import pytest
from PIL import Image

from mixtape.commands import evaluate as commands
from mixtape.errors import ConfigError


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    made_up.library(folder, [made_up.labelled(number) for number in range(12)]).close()
    return folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_json_is_all_that_is_printed_and_holds_the_sentences(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands.evaluate(as_json=True, quick=True, library=library)
    told = json.loads(capsys.readouterr().out)
    assert told["songs"] == 12
    assert told["sets"]["fused"]["p5_album"] == pytest.approx(3 / 5)
    assert any("same album" in each for each in told["sentences"])


def test_a_person_gets_a_table_sentences_and_the_picture(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.evaluate(quick=True, picture=Path("proof.png"), library=library)
    said = capsys.readouterr().out
    assert "fused" in said
    assert "by chance" in said
    assert "written: proof.png" in said
    with Image.open(tmp_path / "proof.png") as picture:
        assert picture.width > 1000


def test_nearest_songs_are_written_to_the_file_named(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands.neighbours(Path("near.npz"), feature_set="rp", k=3, library=library)
    assert "12 songs by rp" in capsys.readouterr().out
    with np.load("near.npz", allow_pickle=False) as near:
        assert near["index"].shape == (12, 3)


def test_voting_and_a_table_at_once_is_refused(library: Path) -> None:
    with pytest.raises(ConfigError, match="--blind"):
        commands.evaluate(blind=True, as_json=True, library=library)
