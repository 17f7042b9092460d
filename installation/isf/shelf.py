"""The folder that scenes of your own are dropped into: read when it changes, the last good reading kept where one breaks."""

from __future__ import annotations

from pathlib import Path

from installation.director import SCENES
from installation.isf.header import OwnScene, address, read
from mixtape.errors import ShowError

ENDINGS = (".fs", ".isf", ".frag")
MOST = 512
"""So many files are looked at; of more, the first by name."""

_Stamp = tuple[tuple[int, int], ...]


class Shelf:
    """The scenes in a folder and its folders, by name. A folder that is not there has none."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read before the first `look`."""
        self.folder = folder
        self.scenes: tuple[OwnScene, ...] = ()
        self.faults: tuple[str, ...] = ()
        """What is wrong with files at the moment, each as `file:line: complaint`."""
        self._stamps: dict[Path, _Stamp] = {}
        self._read: dict[Path, OwnScene] = {}
        self._broken: dict[Path, str] = {}

    def look(self) -> bool:
        """Read what is new or changed; True when the scenes or their faults are others than before."""
        stamps = {path: _stamp(path) for path in self._files()}
        if stamps == self._stamps:
            return False
        names = _names(list(stamps))
        for path, stamp in stamps.items():
            if self._stamps.get(path) != stamp or (path in self._read and self._read[path].name != names[path]):
                self._take_in(path, names[path])
        for gone in self._stamps.keys() - stamps.keys():
            self._read.pop(gone, None)
            self._broken.pop(gone, None)
        self._stamps = stamps
        self.scenes = tuple(self._read[path] for path in stamps if path in self._read)
        self.faults = tuple(self._broken.values())
        return True

    def _take_in(self, path: Path, name: str) -> None:
        try:
            self._read[path] = read(path, name=name)
            self._broken.pop(path, None)
        except ShowError as error:
            self._broken[path] = str(error)
        except Exception as error:  # whatever a file of somebody's holds, it must not end an evening
            self._broken[path] = f"{path.name}: cannot be used ({type(error).__name__}: {str(error)[:200]})"

    def _files(self) -> list[Path]:
        try:
            found = [path for path in self.folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file()]
        except OSError:
            return []
        return sorted(found)[:MOST]


def _stamp(path: Path) -> _Stamp:
    stamps = []
    for each in (path, path.with_suffix(".vs")):
        try:
            told = each.stat()
            stamps.append((told.st_mtime_ns, told.st_size))
        except OSError:
            stamps.append((0, -1))
    return tuple(stamps)


def _names(paths: list[Path]) -> dict[Path, str]:
    """A name for each file, none of them twice and none a scene's of the house."""
    taken = {"auto", *SCENES}
    names: dict[Path, str] = {}
    for path in paths:
        plain = name = address(path)
        count = 2
        while name in taken:
            name, count = f"{plain}-{count}", count + 1
        taken.add(name)
        names[path] = name
    return names
