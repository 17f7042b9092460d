"""Shaders from files: includes, compiling, and reloading that never loses the last good program.

A pass is named by its fragment shader, "post/final", found in the shader folder as `post/final.frag`; a vertex shader of the
same name beside it is used when there is one, else `lib/screen.vert`. `#include "lib/noise.glsl"` takes a file in, once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import moderngl

from mixtape.errors import ShowError

SHADERS = Path(__file__).resolve().parents[2] / "shaders"
"""Where this project's shaders lie."""

_INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"')
# Mesa and Intel say 0:12(5), NVIDIA 0(12), Apple and AMD 0:12.
_PLACE = re.compile(r"\b0[:(](\d+)")


@dataclass(frozen=True, slots=True)
class Source:
    """A shader with its includes taken in, and where each of its lines came from."""

    text: str
    lines: tuple[tuple[Path, int], ...]

    def place(self, line: int) -> str:
        """`file:line` of a line (from 1) of the text."""
        path, number = self.lines[min(max(line, 1), len(self.lines)) - 1]
        return f"{path.name}:{number}"

    @property
    def files(self) -> frozenset[Path]:
        """Every file the text came from."""
        return frozenset(path for path, _ in self.lines)


def flatten(path: Path, *, folder: Path = SHADERS) -> Source:
    """Read a shader and what it includes, each file once. ShowError names the file and line of an include that is not there."""
    lines: list[tuple[str, Path, int]] = []
    _take_in(path, folder, {path}, lines, asked=str(path))
    return Source("\n".join(line for line, _, _ in lines) + "\n", tuple((where, number) for _, where, number in lines))


def _take_in(path: Path, folder: Path, seen: set[Path], lines: list[tuple[str, Path, int]], *, asked: str) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ShowError(f"{asked}: {path.name} cannot be read ({error}); shaders are looked for in {folder}") from error
    for number, line in enumerate(text.splitlines(), 1):
        if (found := _INCLUDE.match(line)) is None:
            lines.append((line, path, number))
        elif (part := folder / found[1]) not in seen:
            seen.add(part)
            _take_in(part, folder, seen, lines, asked=f"{path.name}:{number}")


class Shader:
    """One program that may be replaced while the show runs; `generation` counts how often it was."""

    def __init__(self, context: moderngl.Context, name: str, *, folder: Path = SHADERS) -> None:
        """Compile the pass `name`. When it is broken, `error` says so and the fallback is drawn in its place."""
        self._context = context
        self._folder = folder
        self.name = name
        self.generation = 0
        self.error: str | None = None
        self._stamp: tuple[tuple[Path, int], ...] = ()
        self._files: frozenset[Path] = frozenset(self._paths())
        self._program: moderngl.Program | None = None
        self._known: dict[str, Any] | None = None
        self._values: dict[str, Any] = {}
        self.reload()

    @property
    def program(self) -> moderngl.Program:
        """The last program that compiled."""
        if self._program is None:
            screen, plain = flatten(SHADERS / "lib/screen.vert"), flatten(SHADERS / "fallback.frag")
            self._program = self._context.program(vertex_shader=screen.text, fragment_shader=plain.text)
        return self._program

    def reload(self) -> bool:
        """Compile again when a file of it has changed; True when there is a new program. The old one stays when it fails."""
        stamp = self._stamped()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            self._program = self._compile()
            self._known = None
        except ShowError as error:
            self.error = str(error)
            return False
        self._stamp = self._stamped()
        self.error = None
        self.generation += 1
        return True

    def set(self, **uniforms: Any) -> None:
        """Set uniforms; those the compiler has dropped are passed over, and so are those that have their value already."""
        if self._known is None:
            self._known = {name: self.program[name] for name in self.program}
            self._values.clear()
        for name, value in uniforms.items():
            if name in self._known and self._values.get(name) != value:
                self._known[name].value = self._values[name] = value

    def _paths(self) -> tuple[Path, Path]:
        own = self._folder / f"{self.name}.vert"
        return (own if own.is_file() else SHADERS / "lib/screen.vert"), self._folder / f"{self.name}.frag"

    def _stamped(self) -> tuple[tuple[Path, int], ...]:
        files = sorted(self._files | set(self._paths()))
        return tuple((path, path.stat().st_mtime_ns if path.is_file() else 0) for path in files)

    def _compile(self) -> moderngl.Program:
        vertex, fragment = (flatten(path, folder=self._folder) for path in self._paths())
        self._files = vertex.files | fragment.files
        return compiled(self._context, vertex, fragment)


def compiled(context: moderngl.Context, vertex: Source, fragment: Source) -> moderngl.Program:
    """A program from two sources. ShowError names the file and line that the compiler complains of."""
    try:
        return context.program(vertex_shader=vertex.text, fragment_shader=fragment.text)
    except moderngl.Error as error:
        raise ShowError(_explained(str(error), vertex, fragment)) from error


def _explained(message: str, vertex: Source, fragment: Source) -> str:
    """The compiler's first complaint with the file and line it means."""
    source = vertex if "vertex_shader" in message else fragment
    for line in message.splitlines():
        if found := _PLACE.search(line):
            return f"{source.place(int(found[1]))}: {line[found.end() :].lstrip('0123456789():, ')}"
    return f"{source.lines[0][0].name}: " + " ".join(message.split())


class Programs:
    """Every shader of the stage by name, compiled when first asked for."""

    def __init__(self, context: moderngl.Context, *, folder: Path = SHADERS) -> None:
        """Shaders from `folder`."""
        self._context = context
        self._folder = folder
        self._shaders: dict[str, Shader] = {}

    def __getitem__(self, name: str) -> Shader:
        if name not in self._shaders:
            self._shaders[name] = Shader(self._context, name, folder=self._folder)
        return self._shaders[name]

    def reload(self) -> tuple[str, ...]:
        """Look at the files again; the names of the passes that are new."""
        return tuple(name for name, shader in self._shaders.items() if shader.reload())

    @property
    def errors(self) -> tuple[str, ...]:
        """What is wrong with shaders at the moment, each as `file:line: complaint`."""
        return tuple(shader.error for shader in self._shaders.values() if shader.error)
