from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from mixtape import audio
from mixtape.errors import AudioError

CODECS = {"mp3": "libmp3lame", "flac": "flac", "opus": "libopus", "m4a": "aac", "wav": "pcm_s16le"}


def song(seconds: float, *, rate_hz: int = 44100) -> np.ndarray:
    """Two different sweeps, (n, 2) float32."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    return np.stack([0.4 * np.sin(2 * np.pi * (300 + 40 * t) * t), 0.3 * np.sin(2 * np.pi * (700 - 20 * t) * t)], axis=1).astype(
        np.float32
    )


def encode(path: Path, samples: np.ndarray, *, tags: dict[str, str]) -> Path:
    codec = CODECS[path.suffix[1:]]
    rate_hz = 48000 if codec == "libopus" else 44100
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate_hz)
        stream.layout = "stereo"
        container.metadata.update(tags)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout="stereo")
        frame.sample_rate = 44100
        wanted = av.AudioResampler(format=stream.codec_context.format or "s16", layout="stereo", rate=rate_hz)
        fifo = av.AudioFifo()
        for piece in [*wanted.resample(frame), *wanted.resample(None)]:
            piece.pts = None
            fifo.write(piece)
        written = 0
        while (piece := fifo.read(stream.codec_context.frame_size or 4096) or fifo.read()) is not None:
            piece.pts, written = written, written + piece.samples
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def retag(source: Path, target: Path, *, tags: dict[str, str]) -> Path:
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream_from_template(old.streams.audio[0])
        new.metadata.update(tags)
        for packet in old.demux(old.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)
    return target


def wav(path: Path, samples: np.ndarray, rate_hz: int = 44100, subtype: str = "FLOAT") -> Path:
    soundfile.write(path, samples, rate_hz, subtype=subtype)
    return path


@pytest.mark.parametrize("kind", CODECS)
def test_a_song_keeps_its_id_when_its_tags_and_its_name_change(tmp_path: Path, kind: str) -> None:
    first = encode(tmp_path / f"one.{kind}", song(3), tags={"title": "One"})
    second = retag(first, tmp_path / f"elsewhere.{kind}", tags={"title": "Another " * 100, "artist": "Someone"})
    assert first.read_bytes() != second.read_bytes()
    assert audio.content_id(first) == audio.content_id(second)
    assert len(audio.content_id(first)) == 32


def test_an_id3_tag_hung_on_at_the_end_does_not_change_the_id(tmp_path: Path) -> None:
    path = encode(tmp_path / "one.mp3", song(3), tags={})
    before = audio.content_id(path)
    path.write_bytes(path.read_bytes() + b"TAG" + b"Title".ljust(125, b"\0"))
    assert audio.content_id(path) == before


def test_different_songs_have_different_ids(tmp_path: Path) -> None:
    one = encode(tmp_path / "one.flac", song(3), tags={})
    other = encode(tmp_path / "other.flac", song(3)[::-1].copy(), tags={})
    assert audio.content_id(one) != audio.content_id(other)


@pytest.mark.parametrize("kind", CODECS)
def test_what_was_written_is_what_is_decoded(tmp_path: Path, kind: str) -> None:
    samples = song(3)
    heard = audio.decode(encode(tmp_path / f"one.{kind}", samples, tags={}), channels=2)
    assert heard.dtype == np.float32
    assert heard.shape[1] == 2
    assert abs(len(heard) - len(samples)) < 2200
    middle = slice(22050, 110250)
    difference = heard[middle] - samples[middle]
    assert np.sqrt(np.mean(difference**2)) < (0.05 if kind in ("mp3", "opus", "m4a") else 1e-4)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_sample_format_reaches_full_scale(tmp_path: Path, subtype: str) -> None:
    samples = song(1)
    heard = audio.decode(wav(tmp_path / "one.wav", samples, subtype=subtype), channels=2)
    assert np.abs(heard - samples).max() < {"PCM_U8": 0.01, "PCM_16": 1e-4}.get(subtype, 1e-6)


def test_mono_is_the_mean_of_the_channels_bit_by_bit(tmp_path: Path) -> None:
    samples = song(2)
    heard = audio.decode(wav(tmp_path / "one.wav", samples))
    np.testing.assert_array_equal(heard, (samples[:, 0] + samples[:, 1]) / np.float32(2))


def test_six_channels_become_one_and_two(tmp_path: Path) -> None:
    samples = np.repeat(song(1)[:, :1], 6, axis=1) * np.arange(6, dtype=np.float32) / 5
    path = wav(tmp_path / "six.wav", samples)
    np.testing.assert_allclose(audio.decode(path), samples.mean(axis=1), atol=1e-6)
    assert audio.decode(path, channels=2).shape == (44100, 2)


def test_mono_files_play_on_both_sides(tmp_path: Path) -> None:
    heard = audio.decode(wav(tmp_path / "mono.wav", song(1)[:, 0]), channels=2)
    np.testing.assert_array_equal(heard[:, 0], heard[:, 1])


@pytest.mark.parametrize("rate_hz", [8000, 22050, 32000, 48000, 96000])
def test_other_rates_are_brought_to_44100_in_time_and_in_tune(tmp_path: Path, rate_hz: int) -> None:
    t = np.arange(rate_hz * 2) / rate_hz
    heard = audio.decode(wav(tmp_path / "one.wav", np.sin(2 * np.pi * 1000 * t).astype(np.float32), rate_hz))
    assert abs(len(heard) - 88200) <= 1
    wanted = np.sin(2 * np.pi * 1000 * np.arange(len(heard)) / 44100)
    assert np.abs(heard - wanted)[1000:-1000].max() < 2e-3


def test_blocks_have_the_asked_size_and_together_are_the_song(tmp_path: Path) -> None:
    path = wav(tmp_path / "one.wav", song(3))
    pieces = list(audio.blocks(path, block_samples=10_000, channels=2))
    assert [len(piece) for piece in pieces] == [10_000] * 13 + [2300]
    np.testing.assert_array_equal(np.concatenate(pieces), audio.decode(path, channels=2))


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3"])
@pytest.mark.parametrize("start_s", [0.1, 2.5, 6.9])
def test_starting_at_an_offset_gives_the_same_sound_from_there_on(tmp_path: Path, kind: str, start_s: float) -> None:
    path = encode(tmp_path / f"one.{kind}", song(8), tags={})
    part = audio.decode(path, channels=2, start_s=start_s, length_s=1)
    first = round(start_s * 44100)
    np.testing.assert_allclose(part, audio.decode(path, channels=2)[first : first + 44100], atol=1e-5)


def test_starting_behind_the_end_gives_silence_of_no_length(tmp_path: Path) -> None:
    path = wav(tmp_path / "one.wav", song(1))
    assert audio.decode(path, start_s=5).shape == (0,)
    assert audio.decode(path, start_s=5, channels=2).shape == (0, 2)


@pytest.mark.parametrize("kind", ["mp3", "flac", "opus", "wav"])
def test_a_file_cut_off_half_way_gives_its_first_half(tmp_path: Path, kind: str) -> None:
    path = encode(tmp_path / f"one.{kind}", song(8), tags={})
    whole = audio.decode(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    half = audio.decode(path)
    assert 0.25 * len(whole) < len(half) < 0.75 * len(whole)
    # The last frames lean on sound that is no longer there.
    np.testing.assert_allclose(half[:44100], whole[:44100], atol=1e-5)


def test_damage_in_the_middle_costs_the_middle_only(tmp_path: Path) -> None:
    path = encode(tmp_path / "one.mp3", song(8), tags={})
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    content[third : third + 3000] = np.random.default_rng(0).bytes(3000)
    path.write_bytes(bytes(content))
    assert len(audio.decode(path)) > 6 * 44100


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("noise.mp3", np.random.default_rng(1).bytes(50_000)),
        ("list.mp3", b"milk\nbread\n" * 40),
        ("empty.ogg", b""),
        ("playlist.mp3", b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n"),
        ("head.flac", b"fLaC" + bytes(200)),
    ],
)
def test_what_is_no_music_is_refused_with_name_and_reason(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    for ask in (audio.decode, audio.content_id, audio.duration_s):
        with pytest.raises(AudioError, match=name):
            ask(path)


def test_folders_missing_files_and_pipes_are_refused_and_never_waited_for(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="no such file"):
        audio.decode(tmp_path / "nobody.mp3")
    with pytest.raises(AudioError, match="not a file"):
        audio.decode(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.mp3")
        with pytest.raises(AudioError, match="not a file"):
            audio.content_id(tmp_path / "pipe.mp3")


def test_libsndfile_reads_what_ffmpeg_refuses_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = wav(tmp_path / "one.wav", song(2), 48000)
    by_ffmpeg = audio.open_sound(path)
    assert by_ffmpeg.decoder == "pyav"

    def refuse(*_: object, **__: object) -> None:
        raise av.error.InvalidDataError(1, "Invalid data")

    monkeypatch.setattr(av, "open", refuse)
    by_sndfile = audio.open_sound(path)
    assert by_sndfile.decoder == "libsndfile"
    np.testing.assert_allclose(next(by_sndfile.blocks), next(by_ffmpeg.blocks), atol=1e-6)
    assert len(audio.content_id(path)) == 32
    np.testing.assert_allclose(
        audio.decode(path, start_s=0.5)[2000:20000], audio.decode(path)[22050 + 2000 : 22050 + 20000], atol=1e-4
    )


def test_not_a_number_and_infinity_become_silence(tmp_path: Path) -> None:
    samples = song(1)
    samples[1000:1010] = np.nan
    samples[2000, 0] = np.inf
    heard = audio.decode(wav(tmp_path / "one.wav", samples), channels=2)
    assert np.isfinite(heard).all()
    assert not heard[1000:1010].any()


def test_an_absurd_sample_rate_is_refused_with_the_limit(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="10 Hz; 2000 to 1000000 Hz"):
        audio.decode(wav(tmp_path / "one.wav", song(1), 10))


def test_file_names_of_any_bytes_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "Ünï: «夜» 🎧 %20 #1 'x'.wav"
    assert len(audio.decode(wav(path, song(1)))) == 44100


@pytest.mark.parametrize("kind", ["flac", "mp3", "m4a", "opus"])
def test_a_recording_cut_in_two_files_decodes_to_its_samples_and_no_more(tmp_path: Path, kind: str) -> None:
    # Odd lengths, so that no codec's frames fit: what they are filled up with must not be heard between two songs.
    whole, cut = song(5.0), 100_001
    first, second = (
        audio.decode(encode(tmp_path / f"{name}.{kind}", part, tags={}), channels=2)
        for name, part in (("first", whole[:cut]), ("second", whole[cut:]))
    )
    joined = np.concatenate([first, second])
    assert len(joined) == pytest.approx(len(whole), abs=2 if kind == "opus" else 0)
    assert len(first) == pytest.approx(cut, abs=1 if kind == "opus" else 0)
    # A gap of a hundredth of a second would be off by the whole wave, 0.25 on the average.
    assert np.sqrt(np.mean(np.square(joined[cut - 400 : cut + 400] - whole[cut - 400 : cut + 400]))) < 0.05


def test_length_comes_from_the_header(tmp_path: Path) -> None:
    assert audio.duration_s(wav(tmp_path / "one.wav", song(3))) == pytest.approx(3.0)


def test_memory_does_not_grow_with_the_song(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    with soundfile.SoundFile(path, "w", 44100, 2) as file:
        sound = song(10)
        for _ in range(20):
            file.write(sound)
    tracemalloc.start()
    for _ in audio.blocks(path, channels=2):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 15e6  # 200 s of stereo are 71 MB


def test_a_place_before_the_beginning_of_a_file_is_told_to_ffmpeg_and_not_raised_at_it(tmp_path: Path) -> None:
    (tmp_path / "song.mp3").write_bytes(b"abc")
    with (tmp_path / "song.mp3").open("rb") as file:
        reading = audio._Reading(file)
        assert reading.seek(-5) == -1
        assert reading.seek(1) == 1 and reading.read() == b"bc"
