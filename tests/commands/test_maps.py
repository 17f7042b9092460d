"""What `mixtape map` refuses, in words, before any work is done."""

from __future__ import annotations

from pathlib import Path

import pytest
from playlists.made_up import hostile

from mixtape.commands.maps import _draw, map
from mixtape.errors import ConfigError, LibraryError
from mixtape.library import Library


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"out": Path("map.gif")}, "is written as .png"),
        ({"size": "\u00b2x\u00b2"}, "width x height in pixels"),
        ({"forming": True}, "give one of them and --out FILE"),
    ],
)
def test_what_a_map_cannot_be_written_as_is_refused(options: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        map(**options)  # type: ignore[arg-type]


def test_of_a_map_of_few_songs_is_said_that_it_has_no_forming(tmp_path: Path) -> None:
    made = hostile("plain", 3, seed=1, known=False)
    with Library(tmp_path / "library", create=True) as opened:
        opened.put_map(made.song_map, made_from="")
        with pytest.raises(LibraryError, match="laid out in one go"):
            _draw(opened, "fused", forming=True, size_px=(240, 240), out=tmp_path / "f.png")
