"""A network that a test can let fail: what lies between a browser and a server, byte for byte."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Self


class Wire:
    """Use it in a `with`; whoever connects to `port` reaches the server. `up` and `down` say whether bytes get through to the
    server and back: while they do not, they wait, as in a network that is gone and tells nobody."""

    def __init__(self, to: int) -> None:
        self.up = self.down = True
        self._to, self._over = to, False
        self._sockets: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._listening.close()
        self.cut()

    def cut(self) -> None:
        """Every connection ends, without a word to the server of what was still on its way."""
        cut, self._sockets = self._sockets, []
        for each in cut:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while not self._over:
            try:
                near = self._listening.accept()[0]
                far = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                continue
            self._sockets += [near, far]
            threading.Thread(target=self._carry, args=(near, far, "up"), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, "down"), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, way: str) -> None:
        with contextlib.suppress(OSError):
            while sent := one.recv(65536):
                while not getattr(self, way):
                    if self._over or other.fileno() < 0:
                        return
                    time.sleep(0.01)
                other.sendall(sent)
            other.shutdown(socket.SHUT_WR)
