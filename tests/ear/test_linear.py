import numpy as np
import pytest

from mixtape.ear.linear import STATISTICS, LinearEar, fit_linear, patch_statistics
from mixtape.ear.patches import PATCH, level_mel, starts
from mixtape.errors import LibraryError, ModelError
from mixtape.storage import save_arrays


@pytest.fixture(scope="module")
def ear(sketches):
    return fit_linear(sketches)


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_another_take_of_a_song_is_nearer_than_any_other_song(ear, sketches, sketch_of):
    vectors = [ear.embed(sketch) for sketch in sketches]
    for number in range(len(sketches)):
        take = ear.embed(sketch_of(number, take=1))
        assert max(range(len(sketches)), key=lambda other: cosine(take, vectors[other])) == number


def test_songs_it_never_met_are_told_apart(ear, sketch_of):
    again = [cosine(ear.embed(sketch_of(n)), ear.embed(sketch_of(n, take=1))) for n in range(100, 110)]
    others = [cosine(ear.embed(sketch_of(n)), ear.embed(sketch_of(n + 1))) for n in range(100, 110)]
    assert min(again) > max(others)


def test_it_finds_the_direction_that_songs_differ_in():
    rng = np.random.default_rng(0)

    def song(level):
        # Band 9 is the song's own; in band 40 every moment is another, alike in all songs.
        sketch = np.full((1280, 64), 120.0)
        sketch[:, 9] += level
        sketch[:, 40] += np.repeat(rng.uniform(-40, 40, 10), PATCH)
        return np.clip(sketch + rng.standard_normal(sketch.shape), 0, 255).astype(np.uint8)

    ear = fit_linear([song(level) for level in rng.uniform(-40, 40, 40)])
    reach = np.abs(ear.axes[:64, 0])
    assert reach[9] > 5 * reach[40]


def test_the_same_songs_give_the_same_bytes(ear, sketches, tmp_path):
    ear.save(tmp_path / "one.npz")
    fit_linear(sketches).save(tmp_path / "other.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()


def test_how_loud_a_song_was_mastered_does_not_matter(ear, sketches):
    quieter = sketches[0] - np.uint8(20)
    assert cosine(ear.embed(sketches[0]), ear.embed(quieter)) > 0.999


def test_what_was_saved_hears_the_same(ear, sketches, tmp_path):
    ear.save(tmp_path / "ear.npz", about={"made_by": "a test"})
    loaded = LinearEar.load(tmp_path / "ear.npz")
    assert np.array_equal(loaded.embed(sketches[3]), ear.embed(sketches[3]))
    assert loaded.songs == len(sketches)


@pytest.mark.parametrize(
    "sketch",
    [
        np.zeros((0, 64), np.uint8),
        np.zeros((900, 64), np.uint8),
        np.full((900, 64), 255, np.uint8),
        np.full((1, 64), 90, np.uint8),
        np.full((PATCH - 1, 64), 90, np.uint8),
        np.random.default_rng(0).integers(0, 256, (3876, 64), np.uint8),
    ],
    ids=["nothing", "silence", "clipped", "one frame", "shorter than a patch", "noise"],
)
def test_every_sound_has_a_finite_vector(ear, sketch):
    vector = ear.embed(sketch)
    assert vector.shape == (64,)
    assert vector.dtype == np.float32
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) <= 1.0001


def test_silent_songs_change_nothing_in_what_is_learned(ear, sketches):
    with_silence = fit_linear([*sketches, np.zeros((500, 64), np.uint8)])
    assert np.array_equal(with_silence.axes, ear.axes)


def test_nothing_but_silence_teaches_nothing():
    with pytest.raises(ModelError, match="0 songs with sound"):
        fit_linear([np.zeros((500, 64), np.uint8)] * 40)


def test_songs_that_are_all_the_same_still_give_an_ear(sketches):
    ear = fit_linear([sketches[0]] * 30)
    assert np.isfinite(ear.embed(sketches[1])).all()


def test_a_patch_is_told_by_288_numbers_and_a_long_song_by_40_patches(sketches):
    assert patch_statistics(np.resize(sketches[0], (3876, 64))).shape == (40, STATISTICS)
    assert patch_statistics(sketches[0][:PATCH]).shape == (1, STATISTICS)


def test_patches_lie_evenly_and_within_the_song():
    first = starts(3876, most=40, step=32)
    assert first[0] == 0
    assert first[-1] == 3876 - PATCH
    assert np.ptp(np.diff(first)) <= 1


def test_levels_count_from_the_loud_moments_down_to_70_db():
    mel = level_mel(np.vstack([np.zeros((300, 64)), np.full((300, 64), 200)]).astype(np.uint8))
    assert mel.max() == 0
    assert mel.min() == -70


def test_a_broken_or_foreign_file_is_refused(tmp_path):
    (tmp_path / "ear.npz").write_bytes(b"torn")
    with pytest.raises(LibraryError, match="broken"):
        LinearEar.load(tmp_path / "ear.npz")
    save_arrays(tmp_path / "ear.npz", {}, about={"ear": "linear", "version": 99})
    with pytest.raises(ModelError, match="version"):
        LinearEar.load(tmp_path / "ear.npz")
