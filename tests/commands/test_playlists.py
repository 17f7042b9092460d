"""What a person sees of `mixtape playlist`, `playlists` and `recipes`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playlists.made_up import hostile

from mixtape.commands.playlists import playlist, playlists, recipes
from mixtape.errors import ConfigError, LibraryError, MixtapeError
from mixtape.library import Library
from mixtape.playlists.registry import RECIPES


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Sixty songs that were never heard: tags, a map and neighbours."""
    folder = tmp_path_factory.mktemp("library")
    made = hostile("plain", 60, seed=1, known=False)
    with Library(folder, create=True) as opened, pytest.MonkeyPatch.context() as patch:
        opened.put_tracks([replace(track, title=f"Song {track.id}") for track in made.tracks])
        opened.put_map(made.song_map, made_from="")
        opened.put_neighbours("fused", made.neighbours, made_from="")
        patch.chdir(folder)
        yield folder


def test_a_path_in_minutes_ends_where_it_was_told_to(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    playlist(seed="s0", recipe="path", to="s30", minutes=45.0, through=["s7"], library=library)
    lines = [line for line in capsys.readouterr().out.splitlines() if "Song s" in line]
    assert "Song s0" in lines[0] and "Song s30" in lines[-1]


def test_a_poster_that_is_refused_leaves_no_list_behind(library: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        playlist(seed="s0", out=tmp_path / "night.m3u8", poster=tmp_path / "night.png", size="B9", library=library)
    assert not list(tmp_path.iterdir())


def test_every_recipe_can_be_asked_for_by_name(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in RECIPES:
        playlist(seed="s0", recipe=name.replace("_", "-"), as_json=True, library=library)
        assert json.loads(capsys.readouterr().out)["recipe"] == name


def test_all_lists_are_shown_side_by_side_and_written(library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    playlists(seed="s0", out=tmp_path / "night", format="jspf", library=library)
    said = capsys.readouterr().out
    assert all(name.replace("_", "-") in said for name in RECIPES)
    assert "different lists of 16" in said and "written: 16 lists" in said
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "night").iterdir()}
    assert set(found) == {name.replace("_", "-") for name in RECIPES}
    assert len(found["radio"]["playlist"]["track"]) == 12


def test_all_lists_come_as_json_with_their_overlap(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    playlists(seed="s0", as_json=True, library=library)
    found = json.loads(capsys.readouterr().out)
    assert found["recipes"] == list(RECIPES) == [each["recipe"] for each in found["playlists"]]
    assert [found["overlap"][k][k] for k in range(16)] == [1.0] * 16
    assert found["overlap"][3][5] == found["overlap"][5][3]


def test_recipes_are_listed_with_what_they_do(capsys: pytest.CaptureFixture[str]) -> None:
    recipes()
    said = capsys.readouterr().out
    assert all(name.replace("_", "-") in said for name in RECIPES)
    assert "--through" in said and "DJ" not in said


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"recipe": "polka"}, MixtapeError, "there is nearest-map"),
        ({"recipe": "radio", "bpm": 120.0}, ConfigError, "it is for --recipe tempo-ramp"),
        ({"recipe": "energy-curve", "curve": "up, down"}, ConfigError, "commas between"),
        ({"recipe": "energy-curve", "curve": "0,7"}, MixtapeError, "from 0 to 1"),
        ({"recipe": "path", "to": "qqqqqqq"}, LibraryError, "no song is like 'qqqqqqq'"),
        ({"on_map": "nowhere"}, LibraryError, "no map 'nowhere'; there is fused"),
        ({"adventurous": 3.0}, ConfigError, "playlist.adventurous"),
        ({"minutes": -1.0}, MixtapeError, "above 0"),
        ({"out": Path("list.txt")}, ConfigError, ".m3u8"),
    ],
)
def test_what_cannot_be_is_said_with_the_remedy(library: Path, options: dict, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        playlist(seed="s0", library=library, **options)
