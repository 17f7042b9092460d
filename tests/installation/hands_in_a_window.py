"""A show in a real window that nobody sees, steered by real events of pygame and by a gamepad that SDL believes in.

Run by test_hands.py in a process of its own; what happened is printed as one line of JSON.
"""

from __future__ import annotations

import ctypes
import json
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pygame
from conftest import made_world

from installation.ahead import Ahead
from installation.displays import Displays
from installation.gl.tiles import tiles_of
from installation.live import Ending, Live
from installation.show import Show
from installation.stage import Stage
from installation.window import Window

SIZE = (640, 360)


class Silence:
    """Sound and sampler in one: the song moves on, and nothing is heard or drawn."""

    track_id, song_s, underruns = "", 0.0, 0

    def play(self, command):
        self.track_id, self.song_s = command.track_id, 0.0

    def position(self):
        self.song_s += 1 / 30
        return self.track_id, self.song_s

    def spent(self):
        return ""

    def errors(self):
        return []

    def take(self):
        return None

    def __getattr__(self, name):
        return lambda *_: None


def virtual_pad():
    """SDL's own call for a pad that is not there, or None."""
    maps = Path("/proc/self/maps")
    found = [word for word in maps.read_text().split() if "libSDL2-" in word] if maps.exists() else []
    library = ctypes.CDLL(found[0]) if found else None
    return library if library is not None and hasattr(library, "SDL_JoystickAttachVirtual") else None


def main() -> None:
    """Tap, draw, search, fly by pad; print what came of it."""
    world, said, told = made_world(40), [], {}
    with Window(size=SIZE, fullscreen=False) as window, Ending() as ending:
        stage = Stage(window.ctx, world, size=window.size, displays=Displays(window.views), patient=True)
        sound = Silence()
        show = Show(world, stage, sound, Silence(), seed_id=world.tracks[3].id, into=lambda: window.screen, say=said.append)

        @contextmanager
        def library():
            yield SimpleNamespace(find=lambda text, limit: world.find(text)[:limit])

        with Ahead(world, library) as ahead:
            live = Live(show, stage, window, world, osc=None, ahead=ahead, displays=Displays(window.views), gamepads=True)

            def frames(count=1, until=lambda: False):
                for _ in range(count):
                    live._frame(live._clock.tick(show.heard_s))
                    if until():
                        return True
                return False

            def post(kind, **values):
                pygame.event.post(pygame.event.Event(kind, **values))

            def press(key, text=""):
                post(pygame.KEYDOWN, key=key, unicode=text, mod=0)

            def place_of(row):
                tiles = tiles_of(show.state, stage._drawing, "map")
                x, y = tiles.screen[row]
                return 0.5 + float(x) * SIZE[1] / SIZE[0], 0.5 - float(y)

            press(pygame.K_1, "1")
            live.run(ending, frames=10)
            # See the whole land, and let the camera come to rest.
            for _ in range(6):
                post(pygame.MOUSEWHEEL, x=0, y=-1, touch=False)
            frames(90)
            x, y = place_of(22)
            finger = {"touch_id": 3, "finger_id": 1, "x": x, "y": y, "dx": 0.0, "dy": 0.0, "pressure": 1.0}
            mouse = {"pos": (round(x * SIZE[0]), round(y * SIZE[1])), "button": 1, "touch": True}
            post(pygame.FINGERDOWN, **finger)
            post(pygame.MOUSEBUTTONDOWN, **mouse)
            frames(2)
            post(pygame.FINGERUP, **finger)
            post(pygame.MOUSEBUTTONUP, **mouse)
            frames(60, until=lambda: show.state.track_id == world.tracks[22].id)
            told["tapped"] = show.state.track_id == world.tracks[22].id
            told["taps"] = len(show.state.history)

            frames(60)
            pygame.key.set_mods(pygame.KMOD_LSHIFT)
            (x0, y0), (x1, y1) = place_of(11), place_of(35)
            for share in np.linspace(0.0, 1.0, 24):
                at = round((x0 + share * (x1 - x0)) * SIZE[0]), round((y0 + share * (y1 - y0)) * SIZE[1])
                kind = pygame.MOUSEBUTTONDOWN if share == 0.0 else pygame.MOUSEMOTION
                post(kind, pos=at, button=1, rel=(1, 1), buttons=(1, 0, 0), touch=False)
                frames()
            told["places"] = len(live._keys.stroke)
            post(pygame.MOUSEBUTTONUP, pos=at, button=1, touch=False)
            pygame.key.set_mods(0)
            frames(60, until=lambda: bool(show.state.tape.songs))
            told["drawn"] = [world.row[show.state.track_id], *(world.row[song] for song in show.state.tape.songs)]

            press(pygame.K_SLASH, "/")
            for letter in "verm":
                press(ord(letter), letter)
            frames(120, until=lambda: live._pointed.lit is not None and float(live._pointed.lit.songs.max()) > 0.8)
            told["lit"] = sorted(np.flatnonzero(live._pointed.lit.songs > 0.3).tolist())
            press(pygame.K_ESCAPE)
            frames(5)

            if (sdl := virtual_pad()) is not None:
                number = sdl.SDL_JoystickAttachVirtual(1, 6, 15, 0)
                frames(3)
                sdl.SDL_JoystickFromInstanceID.restype = ctypes.c_void_p
                pad = ctypes.c_void_p(sdl.SDL_JoystickFromInstanceID(next(iter(live._pads._pads))))
                before = float(show.state.wished["look_x"])
                sdl.SDL_JoystickSetVirtualAxis(pad, pygame.CONTROLLER_AXIS_LEFTX, -32767)
                frames(20)
                told["flown"] = float(show.state.wished["look_x"]) - before
                sdl.SDL_JoystickSetVirtualAxis(pad, pygame.CONTROLLER_AXIS_LEFTX, 0)
                frames(3)
                aimed = live._under.middle()
                sdl.SDL_JoystickSetVirtualButton(pad, pygame.CONTROLLER_BUTTON_A, 1)
                frames(60, until=lambda: show.state.track_id == aimed)
                told["aimed"] = aimed is not None and show.state.track_id == aimed
                sdl.SDL_JoystickDetachVirtual(number)
                frames(3)
                told["gone"] = not live._pads.there
            told["said"] = said
    print(json.dumps(told))


if __name__ == "__main__":
    main()
