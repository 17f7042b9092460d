"""Which song plays in the room, and where on the map other music belongs.

A recording of the collection is known by its landmarks. Other music is heard like a song that joins the collection: the same ears
listen to what was heard last, the same distance finds the songs nearest to it, and it stands among these on the map.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mixtape.build import sets_for_distance
from mixtape.config import Config
from mixtape.covergan.condition import Condition, song_features
from mixtape.covergan.material import model_path, read_condition
from mixtape.ear.learn import load_ear
from mixtape.errors import AudioError, LibraryError, ModelError
from mixtape.features.listen import Ears, one_thread
from mixtape.features.stretch import SEGMENT, stretches
from mixtape.fingerprint.index import Index, Match, kept
from mixtape.library import Library
from mixtape.similarity.sets import Weights
from mixtape.similarity.space import Space
from mixtape.types import FloatArray

NEAREST = 10
"""Songs that say where music stands."""

_TIGHT = 0.12
"""How far on the map songs see each other when they agree on a place."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where music belongs: the songs nearest to it by sound, nearest first, and a place (x, y) on the map.

    `condition` (32,) is what the cover network hears in it, None where nobody knows how it hears.
    """

    ids: tuple[str, ...]
    xy: tuple[float, float]
    condition: FloatArray | None = None


class Placer:
    """A collection that knows its songs again and has a place for others. It reads the library once."""

    def __init__(
        self, index: Index | None, space: Space, ears: Path, xy: FloatArray, *, condition: Condition | None = None
    ) -> None:
        """`xy` (n, 2) are the places of the space's songs, `ears` the folder of what was learned on them, `condition` how the
        cover network hears music."""
        self._index, self._space, self._xy, self._condition = index, space, xy, condition
        self._learned = {name: load_ear(name, ears / f"{name}.npz") for name in space.sets if name.startswith("ear_")}

    @classmethod
    def load(cls, folder: Path, config: Config) -> Placer:
        """The placer of the library in `folder`. LibraryError when it is not built."""
        with Library(folder) as library:
            song_map = library.map()
            features = {name: library.features(name) for name in sets_for_distance(library)}
            if any(each.ids != song_map.ids for each in features.values()):
                raise LibraryError(f"{folder}: its map is of other songs; run mixtape build again")
            tables = {name: each.values for name, each in features.items()}
            space = Space.of(tables, song_map.ids, weights=Weights.of(config), whole=False)
            try:
                index = kept(library.fingerprint_folder)
            except LibraryError:
                index = None
            try:
                condition = read_condition(model_path(library))
            except ModelError:
                condition = None
            return cls(index, space, library.ear_folder, song_map.xy, condition=condition)

    @property
    def recognises(self) -> bool:
        """Whether there are fingerprints to know songs by."""
        return self._index is not None

    def recognise(self, samples: FloatArray) -> Match | None:
        """The song that mono samples (n,) at 44.1 kHz were taken from, and where in it they begin; None when it is none."""
        return self._index.recognise(samples) if self._index else None

    def place(self, samples: FloatArray, *, without: str = "") -> Placed | None:
        """Where music (n,) belongs that is not in the collection; None for less than 6 s, or silence.

        Args:
            samples: mono at 44.1 kHz; 30 s say enough.
            without: a song that does not count, for asking about the collection's own.
        """
        if len(samples) < SEGMENT or not samples.any():
            return None
        with one_thread():
            try:
                vectors = self._vectors(samples)
            except AudioError:
                return None
            near = self._space.from_vectors(vectors, k=NEAREST + 1)
        rows = [row for row, track_id in zip(near.rows.tolist(), near.ids, strict=True) if track_id != without][:NEAREST]
        ids = tuple(self._space.ids[row] for row in rows)
        x, y = densest(self._xy[rows])
        return Placed(ids, (x, y), self._heard(vectors))

    def _heard(self, vectors: dict[str, FloatArray]) -> FloatArray | None:
        if self._condition is None:
            return None
        rp, ssd, rh = (vectors[name][None] for name in ("rp", "ssd", "rh"))
        return np.asarray(self._condition.of(song_features(rp, ssd, rh))[0], np.float32)

    def _vectors(self, samples: FloatArray) -> dict[str, FloatArray]:
        ears = Ears()
        for stretch in stretches([samples]):
            ears.hear(stretch)
        sketch = ears.sketch()
        return {**ears.vectors(), **{name: ear.embed(sketch) for name, ear in self._learned.items()}}


def densest(xy: FloatArray) -> tuple[float, float]:
    """The place among points (k, 2), the most important first, that most of them agree on.

    Mean of the points around the one that has most of the others near it, each counting less the later it comes: one song that
    lies elsewhere pulls nothing towards an empty middle.
    """
    points = np.asarray(xy, np.float64)
    weight = 1.0 / np.arange(2.0, len(points) + 2.0)
    near = np.exp(-0.5 * np.square(np.linalg.norm(points[:, None] - points[None], axis=2) / _TIGHT))
    share = near[int((near @ weight * np.sqrt(weight)).argmax())] * weight
    x, y = share @ points / share.sum()
    return float(x), float(y)
