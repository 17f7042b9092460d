import time
from pathlib import Path

import numpy as np
import pytest

import installation.sound as sound_room
from installation.decks import Mixer, limit_peaks
from installation.outputs import HeardClock, Ring
from installation.sound import DeviceSound, OfflineSound, SilentSound
from installation.state import Pause, Play, Volume

RATE = 44100


def noise(seed, seconds=20.0, level=0.1):
    return (np.random.default_rng(seed).standard_normal((int(RATE * seconds), 2)) * level).astype(np.float32)


def tone(start, stop):
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(start, stop) / RATE)
    return np.repeat(wave[:, None], 2, axis=1).astype(np.float32)


def count(seconds=20.0):
    """Sample n has the value n / 2**21 on the left, so that every sample tells its place."""
    n = np.arange(int(RATE * seconds)) / 2**21
    return np.stack([n, -n], axis=1).astype(np.float32)


def mixer_of(songs, *, ahead=False, broken=(), **options):
    def opener(path, start_s):
        if path.name in broken:
            raise ValueError(f"{path.name}: not music")
        samples = songs[path.name][round(start_s * RATE) :]
        for at in range(0, len(samples), 10_000):
            yield samples[at : at + 10_000]

    def path_of(track_id):
        if track_id not in songs and track_id not in broken:
            raise KeyError(track_id)
        return Path(track_id)

    return Mixer(path_of, ahead=ahead, opener=opener, **options)


def level_db(samples):
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)))


def test_a_crossfade_keeps_the_level_within_1_db():
    mixer = mixer_of({"a": noise(1), "b": noise(2)})
    mixer.play("a")
    before = level_db(mixer.render(RATE))
    mixer.play("b", fade_s=4.0)
    during = [level_db(mixer.render(RATE // 4)) for _ in range(18)]
    assert np.abs(np.array(during) - before).max() < 1.0


def test_a_fade_called_off_half_way_keeps_the_level_too():
    mixer = mixer_of({name: noise(seed) for seed, name in enumerate("abcd")})
    mixer.play("a")
    before = level_db(mixer.render(RATE))
    levels = []
    for name in "bcd":
        mixer.play(name, fade_s=3.0)
        levels += [level_db(mixer.render(RATE // 4)) for _ in range(5)]
    assert np.abs(np.array(levels) - before).max() < 1.0


def test_after_a_fade_the_new_song_alone_is_heard_bit_for_bit():
    songs = {"a": noise(1), "b": noise(2)}
    mixer = mixer_of(songs)
    mixer.play("a")
    mixer.render(1000)
    mixer.play("b", fade_s=0.5)
    mixer.render(RATE)
    np.testing.assert_array_equal(mixer.render(500), songs["b"][RATE : RATE + 500])


def test_an_album_cut_in_two_files_runs_on_without_a_gap():
    mixer = mixer_of({"first": tone(0, 2 * RATE), "second": tone(2 * RATE, 4 * RATE)})
    mixer.play("first")
    out = [mixer.render(2 * RATE - 700)]
    mixer.play("second", fade_s=0.0)
    out.append(mixer.render(2 * RATE))
    np.testing.assert_array_equal(np.concatenate(out), tone(0, 4 * RATE - 700))


def test_the_mix_does_not_depend_on_the_size_of_the_pieces_it_is_drawn_in():
    def take(sizes):
        mixer = mixer_of({"a": noise(1), "b": noise(2)}, volume=0.7)
        mixer.play("a")
        out = [mixer.render(sizes[0])]
        mixer.play("b", fade_s=0.3)
        return np.concatenate([*out, *(mixer.render(size) for size in sizes[1:])])

    rest = np.full(200, 100)
    np.testing.assert_array_equal(take([500, 20_000]), take([500, *rest]))


def test_the_same_orders_give_the_same_bytes():
    def take():
        sound = OfflineSound(mixer_of({"a": noise(1), "b": noise(2)}))
        sound.play(Play("a", 1.0, 0.0))
        out = [sound.advance(1 / 30) for _ in range(30)]
        sound.play(Play("b", 0.0, 0.5))
        return np.concatenate(out + [sound.advance(1 / 30) for _ in range(30)]).tobytes()

    assert take() == take()


@pytest.mark.parametrize("fps", [24, 25, 29.97, 30, 59.94, 60, 144])
def test_export_sound_does_not_drift_from_the_frames(fps):
    sound = OfflineSound(mixer_of({"a": count()}))
    sound.play(Play("a", 0.0, 0.0))
    had = 0
    for frame in range(1, 600):
        had += len(sound.advance(1 / fps))
        assert abs(had - RATE * frame / fps) <= 0.5 + 1e-5


def test_the_position_names_the_sample_that_comes_next():
    sound = OfflineSound(mixer_of({"a": count()}))
    sound.play(Play("a", 2.0, 0.0))
    sound.advance(0.5)  # past the short ramp that keeps a start in the middle of a song from clicking
    for _ in range(20):
        track_id, song_s = sound.position()
        heard = sound.advance(1 / 60)[0, 0] * 2**21
        assert track_id == "a"
        assert abs(song_s * RATE - heard) < 1.0


def test_positions_of_earlier_samples_can_be_asked_for():
    mixer = mixer_of({"a": count(), "b": count()})
    mixer.play("a")
    for _ in range(10):
        mixer.render(512)
    mixer.play("b", start_s=5.0, fade_s=0.1)
    for _ in range(10):
        mixer.render(512)
    assert mixer.position(1000) == ("a", pytest.approx(1000 / RATE))
    assert mixer.position(5120 + 777) == ("b", pytest.approx(5.0 + 777 / RATE))


def test_twenty_seeds_in_a_second_are_survived_without_a_click():
    songs = {str(n): np.repeat(noise(n)[::2], 2, axis=0) * 0 + 0.25 for n in range(20)}
    mixer = mixer_of(songs)
    out = []
    for n in range(20):
        mixer.play(str(n), fade_s=4.0)
        out.append(mixer.render(RATE // 20))
        assert len(mixer._voices) <= 6
    out.append(mixer.render(5 * RATE))
    heard = np.concatenate(out)
    assert np.abs(np.diff(heard[:, 0])).max() < 0.01
    assert mixer.position()[0] == "19"
    assert mixer.errors() == []


def test_twenty_seeds_at_the_same_instant_leave_the_last():
    mixer = mixer_of({str(n): noise(n) for n in range(20)})
    for n in range(20):
        mixer.play(str(n), fade_s=0.01)
    mixer.render(RATE)
    assert mixer.position() == ("19", pytest.approx(1.0))


def test_two_loud_songs_never_exceed_full_scale():
    loud = np.full((RATE * 5, 2), 0.99, np.float32)
    mixer = mixer_of({"a": loud, "b": loud})
    mixer.play("a")
    mixer.render(1000)
    mixer.play("b", fade_s=1.0)
    assert np.abs(mixer.render(RATE)).max() <= 1.0


def test_what_is_not_too_loud_passes_the_limiter_untouched():
    quiet = noise(3, 0.1)
    assert limit_peaks(quiet) is quiet
    steep = limit_peaks(np.linspace(-3, 3, 2001, dtype=np.float32)[:, None])
    assert np.all(np.diff(steep[:, 0]) >= 0)
    assert np.abs(steep).max() <= 1.0


def test_a_pause_holds_the_song_without_a_click_and_goes_on_where_it_was():
    flat = np.full((RATE * 5, 2), 0.5, np.float32)
    mixer = mixer_of({"a": flat})
    mixer.play("a")
    out = [mixer.render(1000)]
    mixer.pause(True)
    out.append(mixer.render(5000))
    held = mixer.position()[1]
    out.append(mixer.render(5000))
    assert mixer.position()[1] == held
    mixer.pause(False)
    out.append(mixer.render(5000))
    heard = np.concatenate(out)[:, 0]
    assert np.abs(np.diff(heard)).max() < 0.01
    assert heard[8000] == 0.0
    assert heard[-1] == 0.5
    assert mixer.position()[1] == pytest.approx(held + 5000 / RATE)


def test_the_volume_never_jumps():
    mixer = mixer_of({"a": np.full((RATE, 2), 0.5, np.float32)})
    mixer.play("a")
    mixer.render(100)
    mixer.volume(0.0)
    down = mixer.render(RATE // 10)[:, 0]
    assert np.abs(np.diff(down)).max() < 0.001
    assert down[-1] == 0.0


def test_a_broken_song_is_silent_for_its_length_and_told_once():
    mixer = mixer_of({"a": noise(1)}, broken=["bad"])
    mixer.play("bad")
    assert not mixer.render(RATE).any()
    assert mixer.position() == ("bad", pytest.approx(1.0))
    assert len(mixer.errors()) == 1
    assert mixer.spent() == "bad"
    mixer.render(100)
    assert mixer.errors() == []
    mixer.play("a", fade_s=1.0)
    assert mixer.render(100).shape == (100, 2)
    assert mixer.spent() == ""


def test_a_song_that_is_not_in_the_library_is_told():
    mixer = mixer_of({})
    mixer.play("nobody")
    mixer.render(10)
    assert "nobody" in mixer.errors()[0]


def test_a_song_that_breaks_off_in_the_middle_becomes_silence():
    def opener(path, start_s):
        yield np.full((100, 2), 0.5, np.float32)
        raise OSError("the disk was pulled out")

    mixer = Mixer(Path, ahead=False, opener=opener)
    mixer.play("a")
    out = mixer.render(300)
    assert out[99, 0] == 0.5
    assert not out[100:].any()
    assert "pulled out" in mixer.errors()[0]
    assert mixer.spent() == "a"


def test_a_song_is_spent_a_second_after_its_last_sample_and_not_before():
    mixer = mixer_of({"short": noise(1, seconds=2.0)})
    mixer.play("short")
    mixer.render(RATE * 29 // 10)
    assert mixer.spent() == ""
    mixer.render(RATE // 5)
    assert mixer.spent() == "short"


def test_the_ring_gives_back_what_was_put_in_and_silence_after():
    ring = Ring(10)
    ring.write(count()[:7])
    ring.read(5)
    ring.write(count()[7:14])
    out, real = ring.read(12)
    assert real == 9
    np.testing.assert_array_equal(out[:9], count()[5:14])
    assert not out[9:].any()


def test_the_heard_clock_runs_straight_though_callbacks_come_in_lumps():
    clock, rng, errors = HeardClock(), np.random.default_rng(1), []
    for block in range(400):
        due_s = block * 1323 / RATE
        clock.handed(1323, now_s=due_s + rng.uniform(0, 0.01), latency=3969)
        if block > 100:
            seen_s = due_s + 0.02
            errors.append(clock.heard(seen_s) / RATE - seen_s)
    assert np.ptp(errors) < 0.006


def test_the_heard_clock_never_runs_ahead_of_the_samples():
    clock = HeardClock()
    clock.handed(1000, now_s=0.0, latency=100)
    assert clock.heard(50.0) == 1000


def wait_for(condition, seconds=10.0):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        if condition():
            return True
        time.sleep(0.01)
    return False


class NoDevice:
    latency = 0

    def __init__(self, *_, **__):
        raise RuntimeError("no suitable audio backend found")


def test_without_a_device_the_show_runs_in_time_and_says_so_once(monkeypatch):
    monkeypatch.setattr("installation.sound.DeviceOutput", NoDevice)
    with DeviceSound(mixer_of({"a": noise(1)}, ahead=True)) as sound:
        sound.play(Play("a", 0.0, 0.0))
        assert wait_for(lambda: sound.position()[1] > 0.1)
        began_s, song_s = time.perf_counter(), sound.position()[1]
        time.sleep(1.0)
        passed = time.perf_counter() - began_s
        assert sound.position()[1] - song_s == pytest.approx(passed, abs=0.25)
        assert sum("no sound device" in line for line in sound.errors()) == 1
        assert sound.output_name == "silence"


def test_a_song_plays_through_a_device_that_keeps_time():
    with DeviceSound(mixer_of({"a": noise(1)}, ahead=True), null=True) as sound:
        assert sound.position() == ("", 0.0)
        sound.play(Play("a", 3.0, 0.0))
        sound.volume(Volume(0.5))
        assert wait_for(lambda: sound.position()[1] > 3.2)
        began_s, song_s = time.perf_counter(), sound.position()[1]
        time.sleep(0.7)
        assert sound.position()[1] - song_s == pytest.approx(time.perf_counter() - began_s, abs=0.3)
        sound.pause(Pause(True))
        time.sleep(0.6)
        held = sound.position()
        time.sleep(0.3)
        assert sound.position() == held
        assert sound.errors() == []


def test_a_device_that_goes_away_is_replaced_while_the_song_runs_on():
    with DeviceSound(mixer_of({"a": noise(1)}, ahead=True), null=True) as sound:
        sound.play(Play("a", 0.0, 0.0))
        assert wait_for(lambda: sound.position()[1] > 0.2)
        sound._output._device.stop()
        assert wait_for(lambda: any("opened again" in line for line in sound.errors()))
        song_s = sound.position()[1]
        assert wait_for(lambda: sound.position()[1] > song_s + 0.3)


def test_a_device_that_is_plugged_in_later_is_taken(monkeypatch):
    real, tries = sound_room.DeviceOutput, []

    class Late(real):
        def __init__(self, *args, **options):
            tries.append(1)
            if len(tries) == 1:
                raise RuntimeError("no suitable audio backend found")
            super().__init__(*args, **options)

    monkeypatch.setattr(sound_room, "DeviceOutput", Late)
    monkeypatch.setattr(sound_room, "_RETRY_S", 0.3)
    with DeviceSound(mixer_of({"a": noise(1)}, ahead=True), null=True) as sound:
        sound.play(Play("a", 0.0, 0.0))
        assert sound.output_name == "silence"
        assert wait_for(lambda: any("sound again" in line for line in sound.errors()))
        assert sound.output_name == "default"
        song_s = sound.position()[1]
        assert wait_for(lambda: sound.position()[1] > song_s + 0.3)


def test_a_song_that_faded_out_lets_go_of_its_file():
    open_files = set()

    def opener(path, start_s):
        open_files.add(path.name)
        try:
            while True:
                yield np.full((5000, 2), 0.1, np.float32)
        finally:
            open_files.discard(path.name)

    for ahead in (False, True):
        mixer = Mixer(Path, ahead=ahead, opener=opener)
        for name in "abc":
            mixer.play(name, fade_s=0.1)
            assert wait_for(lambda mixer=mixer: mixer._voices[-1].deck.ready)
            mixer.render(RATE)
        assert wait_for(lambda: open_files == {"c"})
        mixer.close()
        assert wait_for(lambda: not open_files)


def test_stopping_twice_is_fine():
    sound = SilentSound(mixer_of({"a": noise(1)}, ahead=True))
    sound.start()
    sound.start()
    sound.play(Play("a", 0.0, 0.0))
    sound.stop()
    sound.stop()


@pytest.mark.parametrize("ahead", [False, True])
def test_a_real_file_is_heard_as_it_is(tmp_path, ahead):
    import soundfile

    samples = noise(5, 3.0)
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    mixer = Mixer(lambda track_id: tmp_path / track_id, ahead=ahead)
    mixer.play("a.wav")
    assert wait_for(lambda: mixer._voices[0].deck.ready)
    until = time.perf_counter() + 10
    while ahead and mixer._voices[0].deck.left() is None and time.perf_counter() < until:
        time.sleep(0.01)
    np.testing.assert_array_equal(mixer.render(3 * RATE), samples)
    assert not mixer.render(RATE).any()
    assert mixer.errors() == []
    assert mixer.position() == ("a.wav", pytest.approx(4.0))


def test_a_file_that_is_no_music_is_told_in_words(tmp_path):
    (tmp_path / "a.mp3").write_text("this is a letter")
    mixer = Mixer(lambda track_id: tmp_path / track_id, ahead=False)
    mixer.play("a.mp3")
    assert not mixer.render(RATE).any()
    assert "a.mp3" in mixer.errors()[0]
