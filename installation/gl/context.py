"""The GL context: the window's, or one without a window for export and tests. GL 3.3 core, nothing newer."""

from __future__ import annotations

import sys

import moderngl

from mixtape.errors import ShowError

GL_CODE = 330


def open_context(*, window: bool = False) -> moderngl.Context:
    """A context: `window` takes the one the open window made current, else one is made that needs no display (EGL on Linux).

    ShowError names what is missing. Objects dropped in Python are freed by the stage once a frame (`gc_mode`), never by chance.
    """
    context = _of_window() if window else _standalone()
    context.gc_mode = "context_gc"
    return context


def _of_window() -> moderngl.Context:
    try:
        return moderngl.create_context(require=GL_CODE)
    except Exception as error:
        raise ShowError(f"the window has no OpenGL 3.3 ({error}); update the graphics driver, or use: mixtape export") from error


def _standalone() -> moderngl.Context:
    try:
        if sys.platform.startswith("linux"):
            return moderngl.create_context(standalone=True, require=GL_CODE, backend="egl")  # type: ignore[arg-type]
        return moderngl.create_context(standalone=True, require=GL_CODE)
    except Exception as error:
        raise ShowError(
            f"no OpenGL 3.3 without a window ({error}); on Debian or Ubuntu: sudo apt install libegl1 libgl1 libgl1-mesa-dri"
        ) from error


def let_go(context: moderngl.Context) -> None:
    """Draw into none of our targets, so that any may be freed: making a target binds again what was bound before it."""
    context.detect_framebuffer(0).use()


def collect(context: moderngl.Context) -> None:
    """Free what was dropped in Python since the last call. (`Context.gc` fails on what was already released by hand.)"""
    if context.objects:
        let_go(context)
    while context.objects:
        if (release := getattr(context.objects.popleft(), "release", None)) is not None:
            release()


def complain_if_failed(context: moderngl.Context, doing: str) -> None:
    """ShowError when GL has flagged an error since it was last asked."""
    if (flag := context.error) != "GL_NO_ERROR":
        raise ShowError(f"{doing}: OpenGL says {flag}; please report this with the graphics driver's name")
