"""The window: one, fullscreen or not, with OpenGL 3.3, on a display that somebody can see."""

from __future__ import annotations

import os
import time
from typing import Any, Self

import moderngl

from installation.gl.context import open_context
from mixtape.errors import ShowError

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

_UNSEEN = {"offscreen", "dummy", "evdev"}
_POINTER_S = 2.5
"""How long the pointer is seen after it moved."""


class Window:
    """An open window with its GL context. Close it, or use it in a `with`."""

    def __init__(self, *, size: tuple[int, int], fullscreen: bool, display: int = 0, title: str = "mixtape") -> None:
        """Open it. ShowError when there is no display, no such display or no OpenGL 3.3."""
        try:
            pygame.display.init()
        except pygame.error as error:
            raise ShowError(f"no display here ({error}); start it on a screen, or make a video with: mixtape export") from error
        self._refuse_the_unseen()
        displays = pygame.display.get_num_displays()
        if not 0 <= display < displays:
            raise ShowError(f"show.display = {display}: this computer has {displays}, the first being 0")
        for attribute, value in (
            (pygame.GL_CONTEXT_MAJOR_VERSION, 3),
            (pygame.GL_CONTEXT_MINOR_VERSION, 3),
            (pygame.GL_CONTEXT_PROFILE_MASK, pygame.GL_CONTEXT_PROFILE_CORE),
            (pygame.GL_CONTEXT_FORWARD_COMPATIBLE_FLAG, 1),
        ):
            pygame.display.gl_set_attribute(attribute, value)
        self._display, self._windowed_size = display, size
        self.vsync = False
        self._open(fullscreen)
        pygame.display.set_caption(title)
        self.fullscreen = fullscreen
        self._opened_px = self.size
        self.ctx: moderngl.Context = open_context(window=True)
        self._moved_s = time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        width, height = pygame.display.get_window_size()
        return width, height

    @property
    def screen(self) -> moderngl.Framebuffer:
        """What is seen, as large as the window is now."""
        screen = self.ctx.screen
        # It keeps the size of its first day for ever; what counts is how much of the window is drawn to.
        screen.viewport = (0, 0, *self.size)
        return screen

    @property
    def refresh_hz(self) -> int:
        """How often the display shows a new picture; 0 where nobody knows."""
        return int(pygame.display.get_current_refresh_rate())

    def events(self) -> list[Any]:
        """What keys, mouse and window system did since the last call. The pointer hides while it rests."""
        found, now_s = list(pygame.event.get()), time.perf_counter()
        if any(event.type in (pygame.MOUSEMOTION, pygame.MOUSEBUTTONDOWN) for event in found):
            self._moved_s = now_s
        seen = now_s - self._moved_s < _POINTER_S
        if seen != pygame.mouse.get_visible():
            pygame.mouse.set_visible(seen)
        return found

    def show(self) -> None:
        """Bring the drawn picture to the screen."""
        pygame.display.flip()

    def toggle_fullscreen(self) -> None:
        """From fullscreen to a window and back; the picture goes on."""
        pygame.display.toggle_fullscreen()
        self.fullscreen = not self.fullscreen
        if not self.fullscreen and self.size == self._opened_px:
            # A window that began fullscreen would be as large as the screen.
            pygame.Window.from_display_module().size = self._windowed_size

    def close(self) -> None:
        """Close the window; may be called twice."""
        pygame.display.quit()

    def _refuse_the_unseen(self) -> None:
        # SDL takes a driver without a screen when it finds no display, and the show would run where nobody sees it.
        driver = pygame.display.get_driver()
        if driver in _UNSEEN and os.environ.get("SDL_VIDEODRIVER") != driver:
            pygame.display.quit()
            raise ShowError(
                f"no display here (SDL took its '{driver}' driver); start it on a screen, or make a video with: mixtape export"
            )

    def _open(self, fullscreen: bool) -> None:
        flags = pygame.OPENGL | pygame.DOUBLEBUF | (pygame.FULLSCREEN if fullscreen else pygame.RESIZABLE)
        size = (0, 0) if fullscreen else self._windowed_size
        try:
            pygame.display.set_mode(size, flags, display=self._display, vsync=1)
            self.vsync = True
        except pygame.error:
            # Some drivers have no vertical sync to give; a picture without it is better than none.
            try:
                pygame.display.set_mode(size, flags, display=self._display)
            except pygame.error as error:
                raise ShowError(
                    f"no window with OpenGL 3.3 ({error}); update the graphics driver, or use: mixtape export"
                ) from error
