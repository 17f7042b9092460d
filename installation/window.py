"""The window: one, fullscreen or not, with OpenGL 3.3, on a display that somebody can see, or over several of them."""

from __future__ import annotations

import os
import time
from typing import Any, Self

import moderngl

from installation.displays import WHOLE, columns
from installation.gl.context import open_context
from mixtape.errors import ShowError
from mixtape.projection import Box, displays_of

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

_UNSEEN = {"offscreen", "dummy", "evdev"}
_POINTER_S = 2.5
"""How long the pointer is seen after it moved."""


class Window:
    """An open window with its GL context. Close it, or use it in a `with`."""

    def __init__(
        self, *, size: tuple[int, int], fullscreen: bool, display: int = 0, over: str = "", title: str = "mixtape"
    ) -> None:
        """Open it on a `display`, or borderless `over` several, such as "0 1" or "all". In a window these lie side by side in it.

        Raises:
            ShowError: there is no display, no such display, no OpenGL 3.3, or no window over several displays.
        """
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
        self.vsync = self._spans = False
        self.views: tuple[Box, ...] = (WHOLE,)
        pygame.display.set_allow_screensaver(False)
        several = displays_of(over, count=displays) if over.strip() else ()
        if fullscreen and len(several) > 1:
            self._open_over(several)
        else:
            self._display = several[0] if len(several) == 1 else display
            self.views = columns(max(len(several), 1))
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
        mouse = (event for event in found if event.type in (pygame.MOUSEMOTION, pygame.MOUSEBUTTONDOWN))
        if any(not getattr(event, "touch", False) for event in mouse):
            self._moved_s = now_s
        seen = now_s - self._moved_s < _POINTER_S
        if seen != pygame.mouse.get_visible():
            pygame.mouse.set_visible(seen)
        return found

    def show(self) -> None:
        """Bring the drawn picture to the screen."""
        pygame.display.flip()

    def toggle_fullscreen(self) -> None:
        """From fullscreen to a window and back; the picture goes on. A window over several displays stays where it is."""
        if self._spans:
            return
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

    def _open_over(self, displays: tuple[int, ...]) -> None:
        """One window without a border over the box around all these displays, which stand where the desktop has them."""
        boxes = [display_box(each) for each in displays]
        left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
        width, height = max(box[2] for box in boxes) - left, max(box[3] for box in boxes) - top
        if len({box[:2] for box in boxes}) < len(boxes):
            raise ShowError(
                "displays.use: this window system does not say where displays lie (Wayland) or mirrors them; set them side by "
                "side in its settings and use SDL_VIDEODRIVER=x11, or let the graphics driver join them to one"
            )
        self._windowed_size, self._spans = (width, height), True
        self._open(False, borderless=True)
        pygame.display.set_window_position((left, top))
        self.views = tuple(
            ((x0 - left) / width, (y0 - top) / height, (x1 - left) / width, (y1 - top) / height) for x0, y0, x1, y1 in boxes
        )

    def _open(self, fullscreen: bool, *, borderless: bool = False) -> None:
        frame = pygame.FULLSCREEN if fullscreen else pygame.NOFRAME if borderless else pygame.RESIZABLE
        flags = pygame.OPENGL | pygame.DOUBLEBUF | frame
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


def display_box(display: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a display on the desktop, in pixels."""
    width, height = pygame.display.get_desktop_sizes()[display]
    # SDL has a call for it that pygame does not pass on: a hidden window as large as the display comes to lie where it lies.
    pygame.display.set_mode((width, height), pygame.HIDDEN | pygame.NOFRAME, display=display)
    left, top = pygame.display.get_window_position()
    return left, top, left + width, top + height


def display_names() -> list[str]:
    """What displays there are, each in a line; empty when there is none that anybody can see."""
    try:
        pygame.display.init()
    except pygame.error:
        return []
    try:
        if pygame.display.get_driver() in _UNSEEN:
            return []
        rates_hz = pygame.display.get_desktop_refresh_rates()
        sizes = pygame.display.get_desktop_sizes()
        return [f"{k}: {size[0]} x {size[1]}, {hz} Hz" for k, (size, hz) in enumerate(zip(sizes, rates_hz, strict=True))]
    finally:
        pygame.display.quit()
