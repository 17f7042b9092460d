import threading
import time
from pathlib import Path

import numpy as np
import pytest

import installation.sound as sound_room
from installation.decks import Mixer, limit_peaks
from installation.messages import Offset, Pause, Play, Volume
from installation.outputs import HeardClock, Ring
from installation.sound import DeviceSound, OfflineSound, SilentSound

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


@pytest.mark.parametrize("fade_s", [0.5, 4.0, 20.0])
def test_a_song_over_itself_keeps_the_level_within_1_db_too(fade_s):
    # The same samples on both decks: by equal power alone they would swell by 3 dB half-way.
    same = noise(1, seconds=30.0)
    mixer = mixer_of({"a": same, "b": same})
    mixer.play("a")
    before = level_db(mixer.render(RATE))
    mixer.play("b", start_s=1.0, fade_s=fade_s)
    during = [level_db(mixer.render(RATE // 8)) for _ in range(round(8 * fade_s) + 8)]
    assert np.abs(np.array(during) - before).max() < 1.0


@pytest.mark.parametrize("hz", [440.0, 554.0])
def test_two_tones_cross_over_at_one_level(hz):
    at = np.arange(20 * RATE) / RATE
    songs = {
        name: np.repeat(np.sin(2 * np.pi * f * at)[:, None] * 0.3, 2, axis=1).astype(np.float32)
        for name, f in (("a", 440.0), ("b", hz))
    }
    mixer = mixer_of(songs)
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


def test_a_song_begins_at_the_very_sample_of_the_one_before_that_was_asked_for():
    mixer = mixer_of({"a": count(), "b": noise(2, level=0.5)})
    mixer.play("a")
    mixer.render(1000)
    mixer.play("b", fade_s=0.5, after_s=2.0)
    out = np.concatenate([mixer.render(size) for size in (50_000, 777, 50_000)])
    np.testing.assert_array_equal(out[: 2 * RATE - 1000], count()[1000 : 2 * RATE])
    assert np.abs(out[2 * RATE - 1000 + 100 :] - count()[2 * RATE + 100 : 101_777]).max() > 1e-3
    assert mixer.position() == ("b", pytest.approx((101_777 - 2 * RATE) / RATE))


@pytest.mark.parametrize("ahead", [False, True])
def test_a_join_asked_for_early_waits_for_the_last_sample(ahead):
    mixer = mixer_of({"first": tone(0, 2 * RATE), "second": tone(2 * RATE, 4 * RATE)}, ahead=ahead)
    mixer.play("first")
    assert wait_for(lambda: not ahead or mixer._voices[0].deck.left() is not None)
    out = [mixer.render(2 * RATE - 30_000)]
    mixer.play("second", after_s=2.02)  # a timeline may be a row longer than its song
    assert wait_for(lambda: mixer._voices[-1].deck.ready)
    out += [mixer.render(512) for _ in range(100)]
    np.testing.assert_array_equal(np.concatenate(out), tone(0, 2 * RATE - 30_000 + 51_200))


def test_a_hard_leave_in_the_middle_of_a_song_does_not_click():
    mixer = mixer_of({"a": np.full((5 * RATE, 2), 0.5, np.float32), "b": np.full((5 * RATE, 2), -0.5, np.float32)})
    mixer.play("a")
    mixer.render(1000)
    mixer.play("b", after_s=1.0)
    assert np.abs(np.diff(mixer.render(2 * RATE)[:, 0])).max() < 0.02


def test_a_song_keeps_its_gain_from_the_first_sample_to_the_last():
    gains = {"a": 0.25, "b": 1.5}
    mixer = mixer_of({"a": noise(1), "b": noise(2)}, gain_of=gains.get)
    mixer.play("a")
    np.testing.assert_array_equal(mixer.render(5000), noise(1)[:5000] * np.float32(0.25))
    mixer.play("b", fade_s=0.1)
    mixer.render(RATE)
    np.testing.assert_array_equal(mixer.render(5000), noise(2)[RATE : RATE + 5000] * np.float32(1.5))


def test_songs_of_one_recording_joined_without_a_gap_keep_one_gain():
    songs = {"first": tone(0, RATE), "second": tone(RATE, 3 * RATE), "other": tone(3 * RATE, 4 * RATE)}
    gains = {"first": 0.5, "second": 0.8, "other": 0.9}
    mixer = mixer_of(songs, gain_of=gains.get, one_recording=lambda before, after: {before, after} == {"first", "second"})
    mixer.play("first")
    out = [mixer.render(RATE - 1000)]
    mixer.play("second", after_s=1.0)
    out.append(mixer.render(2 * RATE))
    mixer.play("other", after_s=2.0)
    out.append(mixer.render(RATE + 1000))
    heard = np.concatenate(out)
    np.testing.assert_array_equal(heard[: 3 * RATE], tone(0, 3 * RATE) * np.float32(0.5))
    np.testing.assert_array_equal(heard[3 * RATE :], tone(3 * RATE, 4 * RATE) * np.float32(0.9))


def test_a_place_ahead_of_what_is_mixed_is_told_while_the_song_moves():
    mixer = mixer_of({"a": count()})
    mixer.play("a")
    mixer.render(5000)
    assert mixer.position(7000) == ("a", pytest.approx(7000 / RATE))
    mixer.pause(True)
    mixer.render(5000)
    mixer.render(5000)
    held = mixer.position()
    assert mixer.position(30_000) == held


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


def wait_for(condition, seconds=10.0, every_s=0.01):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        if condition():
            return True
        time.sleep(every_s)
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


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (96_000, 2)])
def test_a_file_of_any_rate_is_heard_at_its_pitch_and_length(tmp_path, rate, channels):
    import soundfile

    at = np.arange(3 * rate) / rate
    soundfile.write(tmp_path / "a.wav", np.repeat(0.5 * np.sin(2 * np.pi * 1000 * at)[:, None], channels, axis=1), rate)
    mixer = Mixer(lambda track_id: tmp_path / track_id, ahead=False)
    mixer.play("a.wav", start_s=1.0)
    heard = mixer.render(3 * RATE)
    assert abs(int(np.flatnonzero(np.abs(heard[:, 0]) > 0.01)[-1]) - 2 * RATE) < 100
    spectrum = np.abs(np.fft.rfft(heard[:RATE, 0]))
    assert int(spectrum.argmax()) == 1000
    assert level_db(heard[: 2 * RATE]) == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.1)


def test_a_file_that_vanishes_while_it_plays_does_not_end_the_sound(tmp_path):
    import soundfile

    soundfile.write(tmp_path / "a.flac", noise(5, 20.0), RATE)
    soundfile.write(tmp_path / "b.flac", noise(6, 20.0), RATE)
    mixer = Mixer(lambda track_id: tmp_path / track_id, ahead=False)
    mixer.play("a.flac")
    mixer.render(RATE)
    with (tmp_path / "a.flac").open("r+b") as file:
        file.truncate(1000)
    (tmp_path / "a.flac").unlink()
    assert mixer.render(25 * RATE).shape == (25 * RATE, 2)
    assert mixer.spent() == "a.flac"
    mixer.play("b.flac", fade_s=1.0)
    mixer.render(2 * RATE)
    assert np.abs(mixer.render(RATE)).max() > 0.1


class Hours:
    """A device whose clock is the test's: it asks for 30 ms whenever the machine has caught up, however fast that is."""

    name, latency, pieces = "hours", 0, 1323

    def __init__(self, sound, mixer):
        self._sound, self._mixer, self.time_s = sound, mixer, 0.0

    def turn(self):
        assert wait_for(self._caught_up, 30.0, every_s=1e-4)
        heard = self._sound._pull(self.pieces)
        self.time_s += self.pieces / RATE
        return heard

    def _caught_up(self):
        voices = tuple(self._mixer._voices)
        ready = all(voice.deck._count > 8 * self.pieces or voice.deck._ended for voice in voices)
        return ready and self._sound._ring.room < 512 and self._sound._wishes.empty()

    def close(self):
        pass


def hours_of_play(seconds):
    """A live sound through `Hours`: songs, seeks, pauses and bursts of changes."""
    rng, clock, names = np.random.default_rng(5), [0.0], list("abcdef")
    mixer = mixer_of({name: noise(seed, 20.0) for seed, name in enumerate(names)}, ahead=True, volume=0.9)
    sound = SilentSound(mixer, now_s=lambda: clock[0])
    hours = Hours(sound, mixer)
    sound._open = lambda: hours
    sound.start()
    sound.play(Play("a", 0.0, 0.0))
    try:
        while clock[0] < seconds:
            heard = hours.turn()
            assert np.isfinite(heard).all()
            assert np.abs(heard).max() <= 1.0
            clock[0] = hours.time_s
            for _ in range(int(rng.random() < 0.01) * int(rng.integers(1, 20))):
                sound.play(Play(str(rng.choice(names)), float(rng.uniform(0, 19)), float(rng.choice([0.0, 0.06, 4.0]))))
            if rng.random() < 0.005:
                sound.pause(Pause(True))
                sound.pause(Pause(False))
    finally:
        sound.stop()
    return sound


def test_twenty_seconds_of_bursts_of_songs_and_seeks_runs_dry_nowhere():
    sound = hours_of_play(20.0)
    assert sound.underruns == 0
    assert sound.errors() == []


@pytest.mark.slow
def test_half_an_hour_of_bursts_of_songs_and_seeks_runs_dry_nowhere():
    sound = hours_of_play(1800.0)
    assert sound.underruns == 0
    assert sound.errors() == []


def test_an_output_that_finds_nothing_is_counted():
    mixer = mixer_of({"a": noise(1)}, ahead=True)
    sound = SilentSound(mixer)
    assert sound.underruns == 0
    sound._pull(100)
    assert sound.underruns == 1


def test_a_picture_may_lag_behind_the_sound_or_run_ahead_of_it():
    clock = [0.0]
    mixer = mixer_of({"a": count()})
    mixer.play("a")
    sound = SilentSound(mixer, now_s=lambda: clock[0])
    for _ in range(400):
        sound._ring.write(mixer.render(441))
        sound._take_silently(441)
        clock[0] += 0.01
    plain = sound.position()[1]
    for offset_ms in (250.0, -250.0):
        sound.offset(Offset(offset_ms))
        assert sound.position() == ("a", pytest.approx(plain - offset_ms / 1000, abs=1e-3))


def test_the_chosen_device_is_taken_again_when_it_comes_back(monkeypatch):
    there = ["Speakers"]

    class Named:
        latency = 0

        def __init__(self, pull, *, name, backends):
            if name and not any(name in each for each in there):
                raise LookupError(f"no sound device is named '{name}'; there is {', '.join(there)}")
            self.name = name or "default"
            self._closed = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(pull,), daemon=True)
            self._thread.start()

        def _run(self, pull):
            while not self._closed.wait(0.01):
                pull(441)

        def close(self):
            self._closed.set()
            self._thread.join(2.0)

    monkeypatch.setattr(sound_room, "DeviceOutput", Named)
    monkeypatch.setattr(sound_room, "device_names", lambda: there)
    monkeypatch.setattr(sound_room, "_RETRY_S", 0.3)
    with DeviceSound(mixer_of({"a": noise(1)}, ahead=True), device="Gallery") as sound:
        sound.play(Play("a", 0.0, 0.0))
        assert sound.output_name == "default"
        assert any("Gallery" in line for line in sound.errors())
        there.append("The Gallery Amp")
        assert wait_for(lambda: sound.output_name == "Gallery")
        song_s = sound.position()[1]
        assert wait_for(lambda: sound.position()[1] > song_s + 0.2)


def test_a_file_that_is_no_music_is_told_in_words(tmp_path):
    (tmp_path / "a.mp3").write_text("this is a letter")
    mixer = Mixer(lambda track_id: tmp_path / track_id, ahead=False)
    mixer.play("a.mp3")
    assert not mixer.render(RATE).any()
    assert "a.mp3" in mixer.errors()[0]
