"""The chain from a folder to a map: files, songs, tags and covers, what was heard, nearest songs, the map and its grid, and
fingerprints by which songs are known again.

Every stage reads off the library what is still to do, does it piece by piece and writes each piece down, so that a run may be cut
off anywhere and the next one goes on. With nothing new only names, sizes and times are looked at, and nothing heavy is imported.
"""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from mixtape.collection.intake import changes, identify, remember_pictures, settle, uncovered, unsettled
from mixtape.collection.scan import AUDIO_SUFFIXES, Scan, scan
from mixtape.config import Config
from mixtape.errors import LibraryError
from mixtape.fingerprint.stage import fingerprint
from mixtape.library import FileEntry, Library
from mixtape.progress import Progress, silent
from mixtape.similarity.sets import Weights
from mixtape.storage import digest_of
from mixtape.types import FloatArray, Grid, Neighbours, Skipped, SongMap, Track

_LAYOUT_VERSION = 4
"""Part of every digest of the map stage: raise it when similarity, embed or grid give other numbers from the same input."""


_FEWEST_NEAR = 6

_START_SETS = ("rh", "rp", "ssd")


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did: songs ready, files skipped (all of the library), copies set aside, songs that joined, songs heard,
    and by which decoder.

    `notes` are pictures that could not be used, `unmarked` songs without a fingerprint; `seconds` is wall time by stage;
    `peak_memory_mb` is of this process and of its largest worker, None where the system does not tell.
    """

    ready: int
    skipped: tuple[Skipped, ...]
    copies: int
    new: int
    heard: int
    decoders: Mapping[str, int]
    forgotten: int
    notes: tuple[Skipped, ...]
    unmarked: tuple[Skipped, ...]
    seconds: Mapping[str, float]
    peak_memory_mb: tuple[float, float] | None

    @property
    def line(self) -> str:
        """The last line of a run: "412 ready, 2 copies set aside, 3 skipped"."""
        return f"{self.ready} ready, {self.copies} copies set aside, {len(self.skipped)} skipped"


@dataclass(slots=True)
class _Stages:
    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begin_s = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begin_s


def build(folder: Path, library: Library, *, config: Config, progress: Progress = silent, retry: bool = False) -> BuildReport:
    """Bring the library up to what lies in `folder`; hold `library.building()` around it.

    The folder is only read. What was skipped before is tried again when the file changed, or with `retry`.

    Raises:
        LibraryError: the folder cannot be read, or holds no music (an unplugged disk must not empty the library), or the
            library cannot be written.
    """
    root = folder.expanduser().resolve()
    before = {track.id for track in library.tracks()}
    jobs = config.build.jobs or _cores()
    clock = _Stages(progress)
    with clock.stage("finding files"):
        seen = scan(root, leave_out=library.folder)
        known = library.files(root)
        _guard(root, seen, known)
        found = changes(seen, known, retry=retry)
        # A changed file is as good as another one. Songs left without a file go too, those of a run that was cut off among them.
        library.forget_files([*found.gone, *(file.path for file in found.fresh)])
    with clock.stage("telling songs apart"):
        if found.fresh:
            identify(library, seen, found.fresh, jobs=jobs, tally=partial(progress, "telling songs apart"))
    with clock.stage("tags and covers"):
        ids = unsettled(library) | uncovered(library, seen, root=root)
        notes = settle(library, ids, root=root, tally=partial(progress, "tags and covers")) if ids else ()
        remember_pictures(library, seen, root=root)
    with clock.stage("listening"):
        heard = _hear(library, root=root, jobs=jobs, progress=progress)
    with clock.stage("own ear"):
        _learn(library, config=config, progress=progress)
    with clock.stage("map"):
        map_library(library, config=config, progress=progress)
    with clock.stage("family of maps"):
        family_of(library, config=config, progress=progress)
    with clock.stage("fingerprints"):
        unmarked = fingerprint(library, jobs=jobs, progress=progress)
    tracks = library.tracks()
    return BuildReport(
        ready=len(tracks),
        skipped=(*library.skipped(), *seen.unreadable),
        copies=len(library.copies()),
        new=sum(track.id not in before for track in tracks),
        heard=heard.total(),
        decoders=dict(heard),
        forgotten=len(before - {track.id for track in tracks}),
        notes=notes,
        unmarked=unmarked,
        seconds=clock.seconds,
        peak_memory_mb=_peak_memory_mb(),
    )


def _guard(root: Path, seen: Scan, known: Mapping[Path, FileEntry]) -> None:
    closed = next((each for each in seen.unreadable if each.path == root), None)
    if closed is None and seen.files:
        return
    if closed is not None:
        said = f"{root}: {closed.reason}"
    elif known:
        said = f"{root}: no music in it now, where {len(known)} files were"
    else:
        kinds = "mp3, flac, ogg, opus, m4a, wav and others"
        raise LibraryError(
            f"{root}: no music in it ({len(AUDIO_SUFFIXES)} kinds of file are looked for: {kinds}); name another folder"
        )
    lead = f"the {len(known)} files known from there are kept; " if known else ""
    raise LibraryError(f"{said}; {lead}is the disk plugged in, and may the folder be read?")


def _cores() -> int:
    from mixtape.features.workers import cores

    return cores()


# What songs sound like ---------------------------------------------------------------------------------------------------------


def _hear(library: Library, *, root: Path, jobs: int, progress: Progress) -> Counter[str]:
    """Listen to every song not heard yet; returns how many each decoder read. What cannot be heard leaves, with the reason."""
    from mixtape.features.listen import HEARD, listen_all

    waiting = {track.path: track for track in library.tracks() if not library.heard(track.id, HEARD)}
    if waiting:
        progress("listening", 0, len(waiting))
    heard, lost = Counter[str](), []
    for done, (path, came) in enumerate(listen_all(waiting, jobs=jobs), 1):
        if isinstance(came, Skipped) and path.exists():
            _leave_out(library, waiting[path], came.reason)
        elif isinstance(came, Skipped):
            lost.append(path)
        else:
            # The song before its arrays: cut off in between, it counts as not heard and this is done again.
            library.put_tracks([replace(waiting[path], duration_s=came.timeline.duration_s)])
            library.put_listening(waiting[path].id, came.vectors, came.timeline, versions=HEARD, sketch=came.sketch)
            heard[came.decoder] += 1
        progress("listening", done, len(waiting))
    if lost:
        _let_go(library, lost, root=root)
    return heard


def _leave_out(library: Library, track: Track, reason: str) -> None:
    """Skip all files of a song."""
    files = [entry for entry in library.files().values() if entry.track_id == track.id]
    library.put_files(replace(entry, track_id=None, copy_of=None, reason=reason) for entry in files)
    library.forget_files([])


def _let_go(library: Library, lost: Sequence[Path], *, root: Path) -> None:
    """Forget files that went away before they were heard; LibraryError when all of the folder did, as an unplugged disk does."""
    if not any(path.exists() for path in library.files(root)):
        raise LibraryError(
            f"{root}: its files went away while they were listened to; what was heard is kept; plug the disk in and go on"
        )
    library.forget_files(lost)


def _learn(library: Library, *, config: Config, progress: Progress) -> None:
    """Learn an ear on this very collection, where it is large enough for one."""
    from mixtape.ear.learn import learn

    learn(library, config.ear, progress=progress)


# The map -----------------------------------------------------------------------------------------------------------------------


def map_library(library: Library, *, config: Config, progress: Progress = silent) -> None:
    """Make what the show and the playlists walk on: nearest songs by sound ("fused") and on the map ("map"), map and grid.

    Each is made again only when what it is made from has changed. The same songs give the same bytes.
    """
    settings = config.build
    ids = tuple(track.id for track in library.tracks())
    if not ids:
        return
    features = {name: library.features(name) for name in sets_for_distance(library)}
    values = {name: each.values for name, each in features.items()}
    sound = digest_of(_LAYOUT_VERSION, ids, *values.values(), *astuple(Weights.of(config)))
    versions = sorted((name, each.version) for name, each in features.items())
    manner = digest_of(_LAYOUT_VERSION, versions, astuple(Weights.of(config)), settings.perplexity, settings.seed)
    near = digest_of(sound, settings.neighbours)
    place = digest_of(sound, settings.perplexity, settings.seed)
    near_place = digest_of(place, settings.neighbours)
    wanted = {
        ("neighbours", "fused"): near,
        ("maps", "fused"): place,
        ("grids", "fused"): place,
        ("neighbours", "map"): near_place,
    }
    missing = [key for key, made_from in wanted.items() if library.made_from(*key) != made_from]
    if not missing:
        return
    from mixtape.maps import fused

    progress("map", 0, 4)
    if ("neighbours", "fused") in missing or ("maps", "fused") in missing:
        keep = partial(fused.song_map, library, settings=manner, made_from=place)
        made, song_map = _by_sound(ids, values, config=config, keep=keep)
        progress("map", 2, 4)
        library.put_neighbours("fused", made, made_from=near)
        library.put_map(song_map, made_from=place)
    song_map = library.map("fused")
    library.put_grid("fused", _grid(song_map, _known_grid(library)), made_from=place)
    progress("map", 3, 4)
    library.put_neighbours("map", _by_place(song_map, k=settings.neighbours), made_from=near_place)
    progress("map", 4, 4)


def family_of(library: Library, *, config: Config, progress: Progress = silent, asked: bool = False) -> tuple[str, ...]:
    """Make what is missing of the family of maps; returns their names, "fused" first.

    A collection above `maps.up_to` gets its family only when `asked` for, since that takes minutes.
    """
    from mixtape.maps.fit import FIRST, fit_family

    if not asked and len(library.tracks()) > config.maps.up_to:
        return (FIRST.feature_set,)
    return fit_family(library, sets=sets_for_distance(library), weights=Weights.of(config), config=config, progress=progress)


def relax_map(library: Library, *, config: Config) -> None:
    """Let all songs of the map settle from where they are, and the grid and the nearest songs on the map with them."""
    from mixtape.maps import fused

    place = library.made_from("maps", "fused") or ""
    near_place = digest_of(place, config.build.neighbours)
    ids = tuple(track.id for track in library.tracks())
    values = {name: library.features(name).values for name in sets_for_distance(library)}
    before = library.grid("fused")
    _, song_map = _by_sound(ids, values, config=config, keep=lambda near, _, **given: fused.relax(library, near, **given))
    library.put_map(song_map, made_from=place)
    library.put_grid("fused", _grid(song_map, before, moved=True), made_from=place)
    library.put_neighbours("map", _by_place(song_map, k=config.build.neighbours), made_from=near_place)


def sets_for_distance(library: Library) -> tuple[str, ...]:
    """The feature sets of a library that have a part in the distance between songs: those heard, and those learned."""
    from mixtape.features.listen import SETS as HEARD_SETS
    from mixtape.similarity.sets import SETS

    return tuple(sorted(name for name in {*HEARD_SETS, *library.learned()} if name in SETS))


def _by_sound(
    ids: tuple[str, ...], values: Mapping[str, FloatArray], *, config: Config, keep: Callable[..., SongMap]
) -> tuple[Neighbours, SongMap]:
    """Nearest songs and the map. Songs are laid out in the order of their ids, so that a new tag moves nobody."""
    from threadpoolctl import threadpool_limits

    from mixtape.maps.embed import perplexity_for
    from mixtape.similarity.space import Space

    settings = config.build
    order = np.argsort(np.array(ids))
    rank = np.argsort(order)
    features = {name: rows[order] for name, rows in values.items()}
    perplexity = perplexity_for(len(ids), most=settings.perplexity)
    # One thread: how a matrix product is split over threads changes its last bits, and with them the whole map.
    with threadpool_limits(1):
        space = Space.of(features, [ids[row] for row in order], weights=Weights.of(config))
        wide = space.neighbours(max(settings.neighbours, _FEWEST_NEAR, math.ceil(3 * perplexity)))
        begin = {name: features[name] for name in _START_SETS}
        laid = keep(wide, begin, perplexity=settings.perplexity, seed=settings.seed)
    kept = wide.index[rank, : settings.neighbours], wide.distance[rank, : settings.neighbours]
    near = Neighbours(ids, order[kept[0]].astype(np.int32), kept[1])
    return near, replace(laid, ids=ids, xy=laid.xy[rank])


def _known_grid(library: Library) -> Grid | None:
    try:
        return library.grid("fused")
    except LibraryError:
        return None


def _grid(song_map: SongMap, known: Grid | None, *, moved: bool = False) -> Grid:
    """The grid of the map; songs that have stayed keep to their cells when few have come or gone."""
    from mixtape.maps.fused import FEWEST_TO_JOIN, REFIT_SHARE
    from mixtape.maps.grid import map_grid

    changed = len(set(song_map.ids) ^ set(known.ids)) if known is not None else 0
    few = (
        known is not None
        and len(known.ids) >= FEWEST_TO_JOIN
        and (changed > 0 or moved)
        and changed * REFIT_SHARE < len(known.ids)
    )
    return map_grid(song_map, previous=known if few else None)


def _by_place(song_map: SongMap, *, k: int) -> Neighbours:
    from mixtape.similarity.nearest import nearest_places

    return nearest_places(song_map.xy, song_map.ids, k=k)


def _peak_memory_mb() -> tuple[float, float] | None:
    """(this process, the largest of its workers), or None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    unit = 2**20 if sys.platform == "darwin" else 2**10
    own, workers = (resource.getrusage(who).ru_maxrss / unit for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own, workers
