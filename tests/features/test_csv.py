from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as made_up

from mixtape.errors import LibraryError, ShapeError
from mixtape.features.csv import export_csv, load_csv, relative_names, write_csv
from mixtape.library import Library
from mixtape.types import Timeline, Track

NAMES = st.binary(min_size=1, max_size=12).map(os.fsdecode) | st.text(
    alphabet=st.sampled_from("ab,\"\n\r\t';é 日"), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 5).flatmap(
        lambda n: st.tuples(
            st.lists(NAMES, min_size=n, max_size=n),
            made_up.arrays(np.float32, (n, 4), elements=st.floats(width=32, allow_nan=False)),
        )
    )
)
def test_names_and_numbers_come_back_as_they_were(tmp_path: Path, made) -> None:
    names, values = made
    write_csv(tmp_path / "mine.ssd", names, values)
    back = load_csv(tmp_path / "mine.ssd")
    assert back.set == "ssd" and list(back.ids) == names
    assert back.values[: len(values)].tobytes() == values.tobytes()


def test_every_kind_of_float32_survives_the_nine_digits(tmp_path: Path) -> None:
    bits = np.random.default_rng(1).integers(0, 2**32, 40_000, dtype=np.uint32)
    values = bits.view(np.float32)[np.isfinite(bits.view(np.float32))]
    values = values[: len(values) // 100 * 100].reshape(-1, 100)
    write_csv(tmp_path / "a.rp", [str(row) for row in range(len(values))], values)
    assert load_csv(tmp_path / "a.rp").values.tobytes() == values.tobytes()


def test_a_line_is_the_name_and_then_the_numbers_without_a_heading(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.rh", ["x/one, two.mp3", "b.ogg"], np.array([[1.0, -0.5], [0.1, 2e-9]], np.float32))
    assert (tmp_path / "a.rh").read_bytes() == b'"x/one, two.mp3",1,-0.5\r\nb.ogg,0.100000001,1.99999994e-09\r\n'


def test_a_write_that_fails_leaves_the_file_before_and_no_rest(tmp_path: Path) -> None:
    target = tmp_path / "a.rp"
    write_csv(target, ["old"], np.ones((1, 2), np.float32))
    before = target.read_bytes()

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_csv(target, ["new", "newer"], np.zeros((2, 2), np.float32), progress=stop)
    assert target.read_bytes() == before and list(tmp_path.iterdir()) == [target]


def test_rows_and_names_must_be_as_many(tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match="2 names for 1 rows"):
        write_csv(tmp_path / "a.rp", ["a", "b"], np.zeros((1, 2), np.float32))


@pytest.mark.parametrize("content", [b"a,1,2\r\nb,1\r\n", b"a,1,milk\r\n", b'"a,1'])
def test_a_file_that_is_no_table_of_numbers_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.rp").write_bytes(content + b"\r\nc,\r\n")
    with pytest.raises(LibraryError, match=r"odd\.rp"):
        load_csv(tmp_path / "odd.rp")
    with pytest.raises(LibraryError, match="cannot be read"):
        load_csv(tmp_path / "nowhere.rp")


def test_names_are_relative_to_the_folder_that_holds_all_songs() -> None:
    assert relative_names([Path("/m/a/1.mp3"), Path("/m/b/c/2.mp3")]) == ["a/1.mp3", "b/c/2.mp3"]
    assert relative_names([Path("/m/a/1.mp3")]) == ["1.mp3"]
    assert relative_names([]) == []


def test_a_library_is_written_set_by_set_in_the_order_of_its_songs(tmp_path: Path) -> None:
    quiet = np.zeros(60, np.float32)
    timeline = Timeline(quiet, np.zeros((60, 8), np.float32), quiet, quiet, np.zeros(0, np.float32))
    told: list[tuple[str, int, int]] = []
    with Library(tmp_path / "library", create=True) as library:
        for number, artist in enumerate("ba"):
            song = Track(str(number) * 32, Path(f"/music/{artist}/song.mp3"), artist, "", "", "", None, 1.0, None)
            library.put_tracks([song])
            vectors = {"rh": np.full(3, number, np.float32), "ssd": np.full(2, -number, np.float32)}
            library.put_listening(song.id, vectors, timeline, versions={"rh": 1, "ssd": 1, "timeline": 1})
        files = export_csv(library, tmp_path / "out", ("rh", "ssd"), name="mine", progress=lambda *step: told.append(step))
    assert [path.name for path in files] == ["mine.rh", "mine.ssd"]
    assert load_csv(files[0]).ids == ("a/song.mp3", "b/song.mp3")
    assert load_csv(files[0]).values.tolist() == [[1, 1, 1], [0, 0, 0]]
    assert ("writing rh", 2, 2) in told and ("writing ssd", 2, 2) in told
