"""Which file of several with the same song is kept."""

from __future__ import annotations

import random
from pathlib import Path

from mixtape.collection.copies import Candidate, best_first, file_digest, same_size
from mixtape.collection.scan import Sighting
from mixtape.collection.tags import Tags


def _candidate(path: str, filled: int = 3, cover: str | None = "c", artist: str = "Someone") -> Candidate:
    return Candidate(Path(path), Tags(artist, "Song", "First", "", None, filled), cover)


def test_the_best_named_file_is_kept_whatever_the_order_they_come_in() -> None:
    ranked = [
        _candidate("/m/much/longer/path.mp3", filled=5, cover=None),
        _candidate("/m/a long name.mp3", filled=4),
        _candidate("/m/a.mp3", filled=4, cover=None),
        _candidate("/m/Someone/First/long name of it.mp3"),
        _candidate("/m/Party/a.mp3"),
        _candidate("/m/Downloads/a.mp3"),
        _candidate("/m/x.mp3", artist=""),
        _candidate("/m/Downloads/a.mp3", artist=""),
    ]
    chance = random.Random(1)
    assert all(list(best_first(chance.sample(ranked, len(ranked)))) == ranked for _ in range(200))


def test_of_files_alike_the_shortest_path_is_kept_and_then_the_first() -> None:
    first, second, long = _candidate("/m/a.mp3"), _candidate("/m/b.mp3"), _candidate("/m/aaa.mp3")
    assert best_first([long, second, first]) == (first, second, long)


def test_only_files_that_share_their_size_are_worth_a_digest(tmp_path: Path) -> None:
    sizes = {"a": 5, "b": 7, "c": 5, "d": 0, "e": 0}
    assert [file.path.name for file in same_size(Sighting(Path(name), size, 0) for name, size in sizes.items())] == ["a", "c"]
    (tmp_path / "a").write_bytes(bytes(3_000_000))
    (tmp_path / "b").write_bytes(bytes(2_999_999) + b"x")
    assert file_digest(tmp_path / "a") != file_digest(tmp_path / "b") and len(file_digest(tmp_path / "a")) == 32
