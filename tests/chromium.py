"""A real browser for tests: headless Chromium, steered by its DevTools protocol (chromedevtools.github.io/devtools-protocol)."""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """One page in a window of a phone's size. Use it in a `with`; `folder` keeps its profile."""

    def __init__(self, folder: Path, *, size_px: tuple[int, int] = (390, 844), light: bool = False) -> None:
        self._folder, self._size, self._light = folder, size_px, light
        self._count = itertools.count(1)

    def __enter__(self) -> Browser:
        assert PROGRAM is not None
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", f"--user-data-dir={self._folder}"]
        self._process = subprocess.Popen([PROGRAM, *flags, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port = int(self._until(lambda: (self._folder / "DevToolsActivePort").read_text().split("\n")[0], "no browser came", 60.0))
        asking = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        asking.request("GET", "/json/list")
        pages = [each for each in json.loads(asking.getresponse().read()) if each["type"] == "page"]
        self._socket = connect(pages[0]["webSocketDebuggerUrl"], max_size=None)
        width, height = self._size
        self("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=True)
        scheme = {"name": "prefers-color-scheme", "value": "light" if self._light else "dark"}
        self("Emulation.setEmulatedMedia", features=[scheme])
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(10)

    def __call__(self, method: str, **params: Any) -> Any:
        number = next(self._count)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(30))
            if answer.get("id") == number:
                return answer["result"]

    def open(self, address: str) -> None:
        self("Page.navigate", url=address)

    def value(self, expression: str) -> Any:
        return self("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)["result"].get("value")

    def wait(self, expression: str, timeout_s: float = 20.0) -> Any:
        """The value of an expression as soon as it is true."""
        return self._until(lambda: self.value(expression), f"never: {expression}", timeout_s)

    def key(self, name: str, code: int) -> None:
        for kind in ("keyDown", "keyUp"):
            self("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code)

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self("Page.captureScreenshot", format="png")["data"]))

    @staticmethod
    def _until(ask: Any, fault: str, timeout_s: float) -> Any:
        until_s = time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            try:
                if found := ask():
                    return found
            except (OSError, IndexError, ValueError):
                pass
            time.sleep(0.05)
        raise AssertionError(fault)
