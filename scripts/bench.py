#!/usr/bin/env python3
"""The figures this project answers for. Sets up what it needs on a fresh machine.

    python3 scripts/bench.py                    every row
    python3 scripts/bench.py listen grid_1024   some rows
    python3 scripts/bench.py --json             for a program

Each row runs in a process of its own, pinned to one thread. A value is CPU seconds (or what the unit says), measured in the
same run as the floor or the peer it is compared with: machines are noisy, ratios within one run are not. `peak` is the most
memory the process had.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from environment import ROOT, main, ready

ONE_THREAD = {**dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"), "LP_NUM_THREADS": "0"}


SONG_S = 90
"""Length of the song that listening is measured on; figures are told for 180 s."""


SET_SIZES = {
    "rp": 1440,
    "ssd": 168,
    "rh": 60,
    "timbre": 350,
    "blocks": 1911,
    "tonal": 99,
    "tempo": 74,
    "ear_linear": 64,
    "ear_net": 128,
}
"""How many numbers a song has in each set of the made-up collections that neighbours are measured on."""


@dataclass(frozen=True)
class Row:
    """One figure: what was measured, what it is compared with in the same run, and the ratio of the two."""

    name: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None
    peak_mb: float = 0.0


def cpu_s(work: Callable[[], object], *, repeat: int = 3) -> float:
    """The least CPU seconds, all threads of this process, that `work()` took in `repeat` goes after one to warm up."""
    work()
    times = []
    for _ in range(repeat):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def _song(folder: Path, suffix: str) -> Path:
    """Moving noise and tones as a file, such as an encoder meets in music."""
    import av
    import numpy as np

    rng = np.random.default_rng(5)
    n = 44100 * SONG_S
    t = np.arange(n) / 44100
    tones = sum(np.sin(2 * np.pi * f * t) * (0.5 + 0.5 * np.sin(2 * np.pi * m * t)) for f, m in ((110, 2), (440, 0.5), (2600, 4)))
    sound = np.stack([0.15 * tones + 0.1 * rng.standard_normal(n) * (np.sin(np.pi * 4 * t) ** 8) for _ in range(2)]).astype(
        np.float32
    )
    path = folder / f"song{suffix}"
    out: Any
    with av.open(str(path), "w") as out:
        codec = {".mp3": "libmp3lame", ".ogg": "vorbis"}[suffix]
        stream = out.add_stream(codec, rate=44100, layout="stereo", options={"strict": "experimental"})
        for start in range(0, n, 44100):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sound[:, start : start + 44100]), format="fltp", layout="stereo"
            )
            frame.sample_rate, frame.pts = 44100, start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def _listening(suffix: str, *, everything: bool) -> Row:
    from mixtape.audio import blocks
    from mixtape.features.listen import listen
    from mixtape.features.rhythm import RhythmEar
    from mixtape.features.stretch import stretches

    def rhythm() -> None:
        ear, n = RhythmEar(), 0
        for stretch in stretches(blocks(song, block_samples=1 << 14)):
            n += len(stretch.samples)
            ear.hear(stretch)
        ear.features(n_samples=n)

    with tempfile.TemporaryDirectory() as folder:
        song = _song(Path(folder), suffix)
        floor = cpu_s(lambda: [None for _ in blocks(song)])
        mine = cpu_s(lambda: listen(song) if everything else rhythm())
    name = f"{'listen' if everything else 'rhythm'}_{suffix[1:]}"
    return Row(name, mine * 180 / SONG_S, "CPU-s a 3-min song", "decoding it to mono", mine / floor)


def rhythm_mp3() -> Row:
    """Decoding and RP, SSD, RH of a three-minute MP3, against decoding alone."""
    return _listening(".mp3", everything=False)


def rhythm_ogg() -> Row:
    """Decoding and RP, SSD, RH of a three-minute OGG, against decoding alone."""
    return _listening(".ogg", everything=False)


def listen_mp3() -> Row:
    """All that is heard of a three-minute MP3, timeline included, against decoding alone."""
    return _listening(".mp3", everything=True)


def _features(n: int) -> dict[str, Any]:
    import numpy as np

    rng = np.random.default_rng(3)
    style = rng.integers(0, 12, n)
    sizes = {"rp": 1440, "ssd": 168, "rh": 60}
    return {name: np.abs(rng.normal(rng.normal(size=(12, d))[style], 0.6)).astype(np.float32) for name, d in sizes.items()}


def similarity_1000() -> Row:
    """Fused distances and 50 neighbours of 1,000 songs, against one plain distance matrix."""
    import numpy as np
    from scipy.spatial.distance import cdist

    from mixtape.similarity.fusion import fused_distances
    from mixtape.similarity.nearest import nearest
    from mixtape.similarity.sets import Weights

    features, ids = _features(1000), [str(k) for k in range(1000)]
    plain = np.concatenate(list(features.values()), axis=1)
    floor = cpu_s(lambda: cdist(plain, plain), repeat=2)
    mine = cpu_s(lambda: nearest(fused_distances(features, weights=Weights()), ids, k=50))
    return Row("similarity_1000", mine, "CPU-s", "scipy cdist of all numbers", mine / floor)


def _collection(n: int) -> dict[str, Any]:
    """Songs of albums of styles in every set, as many numbers in each as listening gives."""
    import numpy as np

    rng = np.random.default_rng(3)
    style, albums = rng.normal(size=(30, 16)), max(1, n // 12)
    album = style[rng.integers(0, 30, albums)] + 0.6 * rng.normal(size=(albums, 16))
    place = album[rng.integers(0, albums, n)] + 0.35 * rng.normal(size=(n, 16))
    found = {}
    for name, size in SET_SIZES.items():
        view, table = rng.standard_normal((16, size), np.float32) / 4, np.empty((n, size), np.float32)
        for start in range(0, n, 4096):
            heard = place[start : start + 4096].astype(np.float32) @ view
            heard += 0.5 * rng.standard_normal(heard.shape, np.float32)
            table[start : start + 4096] = np.exp(heard) if name in ("rp", "rh", "ssd") else heard
        found[name] = table
    # A covariance that is one: little beside the diagonal, and that above nought.
    down, across = np.triu_indices(25)
    found["timbre"][:, 25:] *= 0.05
    found["timbre"][:, 25 + np.flatnonzero(down == across)] += 1.0
    return found


def _space(n: int, *, asked: int) -> tuple[float, float]:
    """CPU-ms a song to find the 50 nearest of all `n`, and CPU-ms to answer a question with other weights, from `asked` songs."""
    from mixtape.similarity.sets import Weights
    from mixtape.similarity.space import EXACT_UP_TO, Space

    features, ids = _collection(n), [str(row) for row in range(n)]
    rows = range(0, n, max(1, n // asked))
    start = time.process_time()
    space = Space.of(features, ids)
    if n <= EXACT_UP_TO:
        space.neighbours(50)
    else:
        space.from_song(0, k=50)
    ready_s = time.process_time() - start
    space.from_song(0, k=50, weights=Weights(rhythm=3.0))
    start = time.process_time()
    for row in rows:
        space.from_song(row, k=50, weights=Weights(rhythm=3.0))
    question_ms = 1000 * (time.process_time() - start) / len(rows)
    return 1000 * ready_s / n + (question_ms if n > EXACT_UP_TO else 0.0), question_ms


def _neighbours(n: int) -> Row:
    a_song, question = _space(n, asked=100)
    return Row(
        f"neighbours_{n}", a_song, "CPU-ms a song", f"a question with other weights, {question:.2f} CPU-ms", a_song / question
    )


def neighbours_1000() -> Row:
    """The 50 nearest of 1,000 songs by all sets, against one question with other weights."""
    return _neighbours(1000)


def neighbours_10000() -> Row:
    """The same of 10,000 songs, the most that are measured each against each."""
    return _neighbours(10_000)


def neighbours_100000() -> Row:
    """The same of 100,000 songs, by panel and index, told from 100 of them. 15 minutes: it runs only when it is named."""
    return _neighbours(100_000)


def map_1000() -> Row:
    """A t-SNE map of 1,000 songs, against scikit-learn's t-SNE of the same distances."""
    from sklearn.manifold import TSNE

    from mixtape.maps.embed import song_map
    from mixtape.similarity.fusion import fused_distances
    from mixtape.similarity.nearest import nearest
    from mixtape.similarity.sets import Weights

    features, ids = _features(1000), [str(k) for k in range(1000)]
    distances = fused_distances(features, weights=Weights())
    peer = cpu_s(lambda: TSNE(metric="precomputed", init="random", perplexity=30, random_state=1).fit(distances), repeat=1)
    mine = cpu_s(lambda: song_map(features, nearest(distances, ids, k=90), perplexity=30, seed=1), repeat=1)
    return Row("map_1000", mine, "CPU-s", "scikit-learn's t-SNE", mine / peer)


def _cloud(n: int) -> Any:
    """A t-SNE cloud (n, 2) of songs in 40 styles: minutes of work for the largest, none of it in the figures."""
    import numpy as np
    from openTSNE import TSNE

    rng = np.random.default_rng(2)
    heard = 3.0 * rng.normal(size=(40, 50))[rng.integers(0, 40, n)] + rng.normal(size=(n, 50))
    neighbors = "exact" if n < 20_000 else "annoy"
    return np.asarray(TSNE(n_jobs=1, random_state=1, n_iter=250, neighbors=neighbors).fit(heard))


def _grid(side: int, *, peers: tuple[str, ...] = (), gap: bool = True) -> Row:
    import numpy as np
    from lap import lapjv
    from scipy.optimize import linear_sum_assignment

    from mixtape.maps.grid import assign_grid, cell_centres, grid_gap

    xy = _cloud(side * side)
    mine = cpu_s(lambda: assign_grid(xy, rows=side, cols=side), repeat=3 if side <= 64 else 1)
    peak = _peak_mb()
    grid = assign_grid(xy, rows=side, cols=side)
    said = [f"at most {100 * grid_gap(xy, grid):.2g} % over the cheapest"] if gap else []
    place, centres = (xy - xy.min(axis=0)) / np.ptp(xy, axis=0), cell_centres(side, side)
    solvers: dict[str, Callable[[Any], object]] = {"SciPy's assignment": linear_sum_assignment, "lap's": lapjv}
    ratios = []
    for name in peers:
        start = time.process_time()
        solvers[name](((place[:, None] - centres[None]) ** 2).sum(axis=2))
        ratios.append(mine / (time.process_time() - start))
        said += [f"{ratios[-1]:.2g} x {name}"] if len(ratios) > 1 else []
    ratio = ratios[0] if ratios else None
    return Row(f"grid_{side * side}", mine, "CPU-s", ", ".join([*peers[:1], *said]), ratio, peak)


def grid_1024() -> Row:
    """1,024 points of a t-SNE cloud on a 32 x 32 grid, exactly, against SciPy's solver and lap's."""
    return _grid(32, peers=("SciPy's assignment", "lap's"))


def grid_4096() -> Row:
    """4,096 points on a 64 x 64 grid, against SciPy's solver; lap's would take minutes."""
    return _grid(64, peers=("SciPy's assignment",))


def grid_16384() -> Row:
    """16,384 points on a 128 x 128 grid; no solver that looks at every pair can do that."""
    return _grid(128)


def grid_65536() -> Row:
    """65,536 points on a 256 x 256 grid. Its gap would take minutes to prove."""
    return _grid(256, gap=False)


def _frames(scene: str, songs: int, size: tuple[int, int]) -> Row:
    """CPU time of all threads for a frame of the live show, against clearing and reading a picture of that size.

    The state's step, the scene with all covers loaded, its words, the last look and the flash limiter; no window, no encoder.
    """
    import numpy as np

    from installation.clock import FixedClock
    from installation.gl.context import open_context
    from installation.lastpass import LastPass
    from installation.show import Show
    from installation.stage import Stage

    ctx = open_context()
    world = _world(songs, scene)
    stage = Stage(ctx, world, size=size, last_pass=LastPass(ctx))
    show, clock = Show(world, stage, _Still(), _Dreams()), FixedClock(60)
    show.open()

    def frames(count: int) -> None:
        for _ in range(count):
            moment = clock.tick(0.0)
            show.frame(type(moment)(moment.frame, moment.time_s, moment.dt_s, moment.time_s % 100.0), ())
        ctx.finish()

    # Covers arrive a few a frame while the show begins; what is measured is the show after that.
    stage.wait_for_covers(True)
    frames(240)
    stage.wait_for_covers(False)
    mine = cpu_s(lambda: frames(100), repeat=3) / 100
    plain = ctx.framebuffer([ctx.texture(size, 4)])

    def cleared() -> None:
        for _ in range(100):
            plain.clear(0.1, 0.1, 0.1)
            np.frombuffer(plain.read(components=4), np.uint8)

    floor = cpu_s(cleared) / 100
    return Row(f"frame_{scene}_{songs}", 1000 * mine, f"CPU-ms at {size[0]}x{size[1]}", "clear and read", mine / floor)


def frame_map_5000() -> Row:
    """A frame of the map with 5,000 covers at 640 x 360 on whatever OpenGL there is."""
    return _frames("map", 5000, (640, 360))


def frame_grid_5000() -> Row:
    """A frame of the grid with 5,000 covers at 640 x 360."""
    return _frames("grid", 5000, (640, 360))


def frame_wall_48() -> Row:
    """A frame of the wall at 640 x 360, pictures drawn elsewhere."""
    return _frames("wall", 48, (640, 360))


class _Still:
    """Sound that says nothing."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def play(self, command: object) -> None: ...
    def pause(self, command: object) -> None: ...
    def volume(self, command: object) -> None: ...
    def position(self) -> tuple[str, float]:
        return "", 0.0

    def spent(self) -> str:
        return ""

    def errors(self) -> list[str]:
        return []


class _Dreams:
    """Pictures of one colour each, at once."""

    def __init__(self) -> None:
        self._asked: Any = None

    def request(self, request: Any) -> None:
        self._asked = request

    def newest(self) -> Any:
        import numpy as np

        from installation.state import TileSheet

        asked, self._asked = self._asked, None
        if asked is None:
            return None
        shade = (np.abs(asked.latents[:, :3]) * 80).clip(0, 255).astype(np.uint8)
        images = np.broadcast_to(shade[:, None, None], (len(shade), 64, 64, 3)).copy()
        return TileSheet(asked.stamp, asked.time_s, asked.tiles, images)


def _world(songs: int, scene: str) -> Any:
    """A collection in memory: songs in islands, every cover another picture."""
    import numpy as np

    from installation.world import World
    from mixtape.config import changed, from_table
    from mixtape.maps.grid import assign_grid, grid_shape
    from mixtape.types import Neighbours, Palette, SongMap, Timeline, Track

    rng = np.random.default_rng(4)
    ids = tuple(f"{row:032x}" for row in range(songs))
    xy = np.clip(rng.random((30, 2))[rng.integers(0, 30, songs)] + rng.normal(0, 0.05, (songs, 2)), 0, 1).astype(np.float32)
    rows, cols = grid_shape(songs)
    t = np.arange(6000, dtype=np.float32) / 60
    beat = np.exp(-6 * (2 * t % 1)).astype(np.float32)
    phase = (2 * t % 1).astype(np.float32)
    bands, beats = np.tile(beat[:, None], (1, 8)), np.arange(200, dtype=np.float32) / 2
    timeline = Timeline(0.4 + 0.4 * beat, bands, beat, phase, beats.astype(np.float32))
    palette = Palette(np.array([[200, 90, 60], [40, 90, 120]], np.uint8), np.array([0.6, 0.4], np.float32))
    covers = rng.integers(0, 256, (64, 8, 8, 3), np.uint8).repeat(16, axis=1).repeat(16, axis=2)
    row_of = {track_id: row for row, track_id in enumerate(ids)}
    near = np.stack([np.roll(np.arange(songs), -k - 1) for k in range(8)], axis=1).astype(np.int32)
    return World(
        tracks=tuple(Track(i, Path(i), "Artist", f"Song {i[-4:]}", "Album", "", 2000, 100.0, None) for i in ids),
        song_map=SongMap("fused", ids, xy, "fused", 30.0, 1),
        grid=dataclasses.replace(assign_grid(xy, rows=rows, cols=cols), ids=ids),
        neighbours=Neighbours(ids, near, np.ones(near.shape, np.float32)),
        conditions=rng.normal(size=(songs, 32)).astype(np.float32),
        config=changed(from_table({}), "show", scene=scene),
        timeline=lambda _: timeline,
        cover_pixels=lambda track_id: covers[row_of[track_id] % 64],
        palette=lambda _: palette,
        find=lambda _: (),
    )


def pictures() -> Row:
    """How many 64 px pictures one core draws in a second for the wall, in the precision the show takes, against float32."""
    import numpy as np

    from mixtape.covergan.material import DEMO_MODEL
    from mixtape.covergan.model import CoverModel, latents

    def rate(precision: Any) -> float:
        model = CoverModel.load(DEMO_MODEL, precision=precision)
        heard = np.zeros((144, 32), np.float32)
        drawn = latents(144, seed=1, dimensions=model.latent)
        return 144 / cpu_s(lambda: model.pictures(drawn, heard))

    mine, floor = rate("auto"), rate("float32")
    return Row("pictures", mine, "pictures a core-second", "the same in float32", mine / floor)


def train_step() -> Row:
    """A training step of the cover network, batch 32, against drawing as many pictures with it."""
    import numpy as np

    from mixtape.covergan.material import DEMO_MODEL
    from mixtape.covergan.model import CoverModel, latents
    from mixtape.covergan.train import TrainSettings, train

    rng = np.random.default_rng(6)
    covers = rng.integers(0, 256, (128, 64, 64, 3), np.uint8)
    heard = [rng.normal(size=(1, 32)).astype(np.float32) for _ in covers]

    def steps(count: int) -> float:
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            train(covers, heard, folder=Path(folder), settings=TrainSettings(steps=count, threads=1))
            return time.process_time() - start

    steps(2)
    mine = (steps(34) - steps(2)) / 32
    model = CoverModel.load(DEMO_MODEL, precision="float32")
    floor = cpu_s(lambda: model.pictures(latents(32, seed=1, dimensions=model.latent)))
    return Row("train_step", 1000 * mine, "CPU-ms", "drawing 32 pictures", mine / floor)


def help_wall() -> Row:
    """How long a person waits for `mixtape --help`, against Python starting up at all."""

    def wall(*words: str) -> float:
        times = []
        for _ in range(7):
            start = time.perf_counter()
            subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True, cwd=ROOT)
            times.append(time.perf_counter() - start)
        return sorted(times)[3]

    mine, floor = wall("-m", "installation.cli", "--help"), wall("-c", "pass")
    return Row("help_wall", mine, "s wall", "python -c pass", mine / floor)


ROWS: dict[str, Callable[[], Row]] = {
    each.__name__: each
    for each in (
        help_wall,
        rhythm_mp3,
        rhythm_ogg,
        listen_mp3,
        similarity_1000,
        neighbours_1000,
        neighbours_10000,
        neighbours_100000,
        map_1000,
        grid_1024,
        grid_4096,
        grid_16384,
        grid_65536,
        frame_map_5000,
        frame_grid_5000,
        frame_wall_48,
        pictures,
        train_step,
    )
}


WHEN_NAMED = ("neighbours_100000",)
"""Rows that take so long that they run only when they are asked for by name."""


def work() -> int:
    """Run the asked rows, each in its own process, and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"rows to run: {', '.join(ROWS)}")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        print(json.dumps(asdict(_measured(asked.inside))))
        return 0
    if unknown := set(asked.names) - set(ROWS):
        parser.error(f"no row {', '.join(sorted(unknown))}; there is {', '.join(ROWS)}")
    python = str(ready())
    rows, failed = [], 0
    for name in asked.names or [name for name in ROWS if name not in WHEN_NAMED]:
        done = subprocess.run(
            [python, __file__, "--inside", name], capture_output=True, text=True, env={**os.environ, **ONE_THREAD}
        )
        if done.returncode != 0:
            print(f"{name}: failed\n{done.stderr}", file=sys.stderr)
            failed += 1
            continue
        rows.append(Row(**json.loads(done.stdout.splitlines()[-1])))
        if not asked.json:
            _say(rows[-1])
    if asked.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    return 1 if failed else 0


def _measured(name: str) -> Row:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    row = ROWS[name]()
    return dataclasses.replace(row, peak_mb=row.peak_mb or _peak_mb())


def _peak_mb() -> float:
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _say(row: Row) -> None:
    ratio = f"{row.ratio:8.2f} x {row.against}" if row.ratio is not None else row.against
    print(f"{row.name:<22} {row.value:10.4g} {row.unit:<22} peak {row.peak_mb:6.0f} MB  {ratio}", flush=True)


if __name__ == "__main__":
    main(work)
