"""MIDI clock, in and out."""

import numpy as np
import pytest

from installation.control.midi_clock import PER_BEAT, START, STOP, TICK, ClockIn, ClockOut, ticks_of


@pytest.mark.parametrize("bpm", [40.0, 120.0, 174.3])
def test_the_tempo_of_a_clock_is_heard_through_its_jitter(bpm):
    rng, clock = np.random.default_rng(2), ClockIn()
    times = np.arange(200) * 60 / bpm / PER_BEAT
    for at_s in times + rng.uniform(0, 0.002, len(times)):
        clock.heard(TICK, float(at_s))
    assert clock.bpm(float(times[-1])) == pytest.approx(bpm, rel=0.01)
    assert clock.bpm(float(times[-1]) + 1.0) is None


def test_a_clock_follows_a_change_of_tempo_within_two_beats_and_knows_start_and_stop():
    clock, at_s = ClockIn(), 0.0
    assert clock.bpm(0.0) is None
    clock.heard(START, 0.0)
    for bpm, beats in ((100.0, 4), (140.0, 2)):
        for _ in range(beats * PER_BEAT + 1):
            at_s += 60 / bpm / PER_BEAT
            clock.heard(TICK, at_s)
    assert clock.bpm(at_s) == pytest.approx(140.0)
    assert clock.running
    clock.heard(STOP, at_s)
    assert not clock.running


def test_ticks_are_24_to_each_beat_and_go_on_to_the_ends_of_the_song():
    beats = np.array([2.0, 2.5, 3.1, 3.6, 4.1])
    ticks = ticks_of(beats, 6.0)
    assert np.allclose(ticks[::PER_BEAT][:10], [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.1, 3.6, 4.1, 4.6])
    assert np.all(np.diff(ticks) > 0)
    assert ticks[-1] > 6.0 - 0.5 / PER_BEAT
    for few in ([], [1.0], [1.0, 1.0]):
        assert len(ticks_of(np.array(few), 6.0)) == 0


def sent(clock, *, until_s, song="a", from_s=0.0, offset_s=0.0, beats, paused=False, jitter_s=0.0):
    """What a thread sends that asks every millisecond, while frames at 60 Hz say how things stand: (time, byte)."""
    rng, found, frame_s = np.random.default_rng(1), [], from_s
    for now_s in np.arange(from_s, until_s, 0.001):
        if now_s >= frame_s:
            frame_s += 1 / 60
            heard_s = now_s + offset_s + rng.uniform(-jitter_s, jitter_s)
            clock.know(song, heard_s, beats_s=beats, duration_s=60.0, paused=paused, now_s=float(now_s))
        found += [(float(now_s), byte) for byte in clock.due(float(now_s))]
    return found


def test_the_clock_starts_on_a_beat_and_keeps_the_songs_tempo_though_frames_tremble():
    beats = np.arange(0.3, 60.0, 0.5)
    found = sent(ClockOut(), until_s=10.0, beats=beats, jitter_s=0.01)
    assert found[0][1] == START
    ticks = np.array([at_s for at_s, byte in found if byte == TICK])
    assert abs(ticks[0] - 0.3) < 0.02
    listener = ClockIn()
    for at_s in ticks:
        listener.heard(TICK, float(at_s))
    assert listener.bpm(float(ticks[-1])) == pytest.approx(120.0, rel=0.01)
    assert np.diff(ticks).std() < 0.003
    assert abs(len(ticks) - 9.7 * 2 * PER_BEAT) <= 2


def test_a_jump_a_new_song_and_a_pause_stop_the_clock_and_it_starts_again_on_the_next_beat():
    clock, beats = ClockOut(), np.arange(0.0, 60.0, 0.5)
    sent(clock, until_s=2.2, beats=beats)
    jumped = sent(clock, until_s=4.0, from_s=2.2, offset_s=20.15, beats=beats)
    assert [byte for _, byte in jumped[:3]] == [STOP, START, TICK]
    assert jumped[1][0] == pytest.approx(2.35, abs=0.005)
    held = sent(clock, until_s=5.0, from_s=4.0, offset_s=20.15, beats=beats, paused=True)
    assert [byte for _, byte in held] == [STOP]
    other = sent(clock, until_s=7.0, from_s=5.0, offset_s=-5.0, song="b", beats=beats + 0.25)
    assert [byte for _, byte in other[:2]] == [START, TICK]
    assert other[0][0] == pytest.approx(5.25, abs=0.005)


def test_a_song_without_beats_has_no_clock():
    assert sent(ClockOut(), until_s=3.0, beats=np.zeros(0)) == []
