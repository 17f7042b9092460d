"""Which keys go with which: the circle of fifths as DJs number it, 1 to 12, A for minor and B for major."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mixtape.playlists.collection import Collection


def camelot(collection: Collection, *, sure: float) -> list[str]:
    """Each song's key by its number, like `8A` for A minor and `8B` for C major; empty where no key was heard for sure."""
    known = collection.traits
    if not {"key", "mode", "key_confidence"} <= set(known):
        return [""] * len(collection.ids)
    return [
        code(round(note), major=mode > 0.5) if confidence >= sure and np.isfinite(note) and np.isfinite(mode) else ""
        for note, mode, confidence in zip(known["key"], known["mode"], known["key_confidence"], strict=True)
    ]


def code(note: int, *, major: bool) -> str:
    """The number of a key from its tonic, 0 for C to 11 for B: C major is 8B, A minor 8A, and a fifth up is one more."""
    signature = (note if major else note + 3) * 7 % 12
    return f"{(signature + 7) % 12 + 1}{'B' if major else 'A'}"


def goes(one: str, two: str) -> bool:
    """Whether two keys go together: the same, its relative, or one a fifth away."""
    apart = (int(one[:-1]) - int(two[:-1])) % 12
    return apart == 0 or (one[-1] == two[-1] and apart in (1, 11))


def clashes(keys: Sequence[str], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """How ill the keys of some songs go together: (p, p), 0 well, 1 not, and a half where one is not known."""
    codes = sorted({keys[row] for row in rows})
    table = np.array([[0.5 if not (a and b) else float(not goes(a, b)) for b in codes] for a in codes])
    at = [codes.index(keys[row]) for row in rows]
    return np.asarray(table[np.ix_(at, at)])
