import gc
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from installation.record import Recorder, exact_rate
from mixtape.errors import MixtapeError

RATE = 44100


def write(path, *, seconds=2.0, fps=30, width=64, height=48, click_s=None):
    """A film of noise that is white at `click_s`, with one loud sample there."""
    rng, had = np.random.default_rng(1), 0
    with Recorder(path, width=width, height=height, fps=fps) as recorder:
        for frame in range(round(seconds * fps)):
            white = click_s is not None and frame == round(click_s * fps)
            pixels = rng.integers(0, 90, (height, width, 3), dtype=np.uint8)
            recorder.frame(np.full_like(pixels, 255) if white else pixels)
            until = round((frame + 1) / fps * RATE)
            samples = np.zeros((until - had, 2), np.float32)
            if white:
                samples[0] = 0.9
            recorder.samples(samples)
            had = until
    return recorder


def pictures(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def sound(path):
    """Samples of the left channel from time 0 on."""
    with av.open(str(path)) as container:
        frames = [(frame.pts * frame.time_base, frame.to_ndarray()[0]) for frame in container.decode(audio=0)]
    first = round(frames[0][0] * RATE)
    joined = np.concatenate([samples for _, samples in frames])
    return joined[-first:] if first < 0 else np.concatenate([np.zeros(first), joined])


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_a_film_has_every_frame_and_as_much_sound_as_picture(tmp_path, name):
    write(tmp_path / name, seconds=2.0, fps=30)
    frames = pictures(tmp_path / name)
    assert len(frames) == 60
    assert frames[0].shape == (48, 64, 3)
    assert abs(len(sound(tmp_path / name)) / RATE - 2.0) <= 1 / 30
    with av.open(str(tmp_path / name)) as container:
        assert container.streams.video[0].average_rate == 30
        assert abs(container.duration / 1e6 - 2.0) <= 1 / 30


@pytest.mark.parametrize(("name", "fps"), [("film.mp4", 60), ("film.mkv", 60), ("film.mp4", 24)])
def test_a_flash_and_its_click_come_within_one_frame_of_each_other(tmp_path, name, fps):
    write(tmp_path / name, seconds=2.0, fps=fps, click_s=1.25)
    flash = int(np.argmax([frame.mean() for frame in pictures(tmp_path / name)]))
    click_s = np.argmax(np.abs(sound(tmp_path / name))) / RATE
    assert flash == round(1.25 * fps)
    assert abs(click_s - flash / fps) < 1 / fps


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_the_same_film_twice_is_the_same_bytes(tmp_path, name):
    for folder in "ab":
        write(tmp_path / folder / name, seconds=1.0)
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("channels", [3, 4])
def test_colours_come_back_as_they_went_in(tmp_path, channels):
    bars = np.zeros((48, 64, 3), np.uint8)
    for at, colour in enumerate([(200, 30, 30), (30, 200, 30), (30, 30, 200), (128, 128, 128)]):
        bars[:, at * 16 : at * 16 + 16] = colour
    pixels = np.concatenate([bars, bars[..., :1]], axis=2)[..., :channels]
    with Recorder(tmp_path / "bars.mp4", width=64, height=48, fps=30) as recorder:
        for _ in range(10):
            recorder.frame(pixels)
    with av.open(str(tmp_path / "bars.mp4")) as container:
        frame = next(container.decode(video=0))
        assert frame.colorspace == 1
        seen = frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
    for at in range(4):
        middle = np.s_[24, at * 16 + 8]
        assert np.abs(seen[middle].astype(int) - bars[middle].astype(int)).max() <= 6


def test_an_odd_size_is_made_even_and_said(tmp_path):
    with Recorder(tmp_path / "odd.mp4", width=65, height=49, fps=30) as recorder:
        recorder.frame(np.zeros((49, 65, 3), np.uint8))
    assert "64 x 48" in recorder.notes[0]
    assert pictures(tmp_path / "odd.mp4")[0].shape == (48, 64, 3)


def test_the_name_appears_only_when_the_film_is_whole(tmp_path):
    path = tmp_path / "film.mp4"
    recorder = Recorder(path, width=64, height=48, fps=30)
    recorder.frame(np.zeros((48, 64, 3), np.uint8))
    assert not path.exists()
    assert recorder.close() == path
    assert recorder.close() == path
    assert path.exists()
    assert not recorder.part.exists()


def test_a_show_that_fails_leaves_a_part_and_an_older_film_alone(tmp_path):
    path = tmp_path / "film.mkv"
    path.write_bytes(b"older")
    with pytest.raises(RuntimeError), Recorder(path, width=64, height=48, fps=30) as recorder:
        recorder.frame(np.zeros((48, 64, 3), np.uint8))
        raise RuntimeError("the show broke")
    assert path.read_bytes() == b"older"
    assert recorder.part.exists()


def test_a_wrong_ending_a_wrong_frame_and_a_wrong_place_are_said(tmp_path):
    with pytest.raises(MixtapeError, match=r"\.mp4 or \.mkv"):
        Recorder(tmp_path / "film.avi", width=64, height=48, fps=30)
    recorder = Recorder(tmp_path / "film.mp4", width=64, height=48, fps=30)
    with pytest.raises(MixtapeError, match="is needed"):
        recorder.frame(np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(MixtapeError, match="no frame"):
        recorder.close()
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(MixtapeError, match="cannot be written"):
        Recorder(tmp_path / "file" / "film.mp4", width=64, height=48, fps=30)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_a_full_disk_is_told_with_a_remedy(tmp_path, name):
    (tmp_path / f"{name}.part").symlink_to("/dev/full")
    noise = np.random.default_rng(1)
    with pytest.raises(MixtapeError, match="make room"), Recorder(tmp_path / name, width=320, height=240, fps=30) as recorder:
        for _ in range(150):
            recorder.frame(noise.integers(0, 255, (240, 320, 3), dtype=np.uint8))
    del recorder
    gc.collect()


_ENDLESS = """
import numpy as np, sys
from installation.record import Recorder
recorder = Recorder(sys.argv[1], width=160, height=90, fps=30)
noise = np.random.default_rng(1)
for frame in range(100_000):
    recorder.frame(noise.integers(0, 255, (90, 160, 3), dtype=np.uint8))
    recorder.samples(np.zeros((1470, 2), np.float32))
    if frame == 240:
        print("far enough", flush=True)
"""


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_a_killed_recording_can_still_be_played(tmp_path, name):
    with subprocess.Popen([sys.executable, "-c", _ENDLESS, str(tmp_path / name)], stdout=subprocess.PIPE) as running:
        running.stdout.readline()
        running.kill()
    frames = 0
    try:
        with av.open(str(tmp_path / f"{name}.part")) as container:
            for _ in container.decode(video=0):
                frames += 1
    except av.error.FFmpegError:
        pass  # the very end may be cut
    assert frames >= 100


def test_a_live_recording_never_waits_and_keeps_its_length(tmp_path):
    recorder = Recorder(tmp_path / "live.mkv", width=640, height=360, fps=30, mode="live")
    slow = recorder._encoder.picture

    def picture(number, pixels):
        time.sleep(0.02)
        slow(number, pixels)

    recorder._encoder.picture = picture
    for _ in range(90):
        recorder.frame(np.zeros((360, 640, 3), np.uint8))
        recorder.samples(np.zeros((1470, 2), np.float32))
    recorder.close()
    assert recorder.dropped > 0
    assert len(pictures(tmp_path / "live.mkv")) == 90, "what was left out is held by the frame before"
    assert abs(len(sound(tmp_path / "live.mkv")) / RATE - 3.0) <= 1 / 30


def test_a_folder_of_that_name_is_told_before_anything_is_drawn(tmp_path):
    (tmp_path / "film.mp4").mkdir()
    with pytest.raises(MixtapeError, match="is a folder"):
        Recorder(tmp_path / "film.mp4", width=64, height=48, fps=30)
    assert list(tmp_path.iterdir()) == [tmp_path / "film.mp4"]


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (30, Fraction(30)),
        (29.97, Fraction(30000, 1001)),
        (23.976, Fraction(24000, 1001)),
        (12.5, Fraction(25, 2)),
        (5, Fraction(5)),
        (1, Fraction(1)),
    ],
)
def test_frame_rates_of_television_are_exact(fps, rate):
    assert exact_rate(fps) == rate
