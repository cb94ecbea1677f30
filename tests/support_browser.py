"""A real Chromium without a window, told what to do over two pipes by its DevTools protocol.

    with Browser(tmp_path) as browser:
        browser.open("http://127.0.0.1:8080/")
        browser.click("button")

Like every browser that a program steers it tells its pages so; `as_a_person` makes it tell none.
"""

import base64
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest
import uvicorn

DEADLINE_S = 60  # of anything: machines of a test may have much to do
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--no-proxy-server"),
    *("--disable-dev-shm-usage", "--remote-debugging-pipe"),
)
_PERSON = "--disable-blink-features=AutomationControlled"


class Browser:
    """One page of a browser with a profile of its own; everything it logs is kept."""

    def __init__(self, folder, *, as_a_person=False):
        program = shutil.which("chromium")
        if program is None:
            pytest.fail("the test needs chromium: on Debian, apt-get install chromium", False)
        flags = (*_FLAGS, *((_PERSON,) if as_a_person else ()), f"--user-data-dir={folder}/profile")
        read_here, write_there = os.pipe()
        read_there, self._out = os.pipe()
        self._in, self._buffer = read_here, b""
        self._numbers = itertools.count(1)
        self.logged = []
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" "$@" 3<&{read_there} 4>&{write_there}', program, *flags],
            pass_fds=(read_there, write_there),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(read_there)
        os.close(write_there)

    def __enter__(self):
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _begin(self):
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Runtime", "Log"):
            self._ask(f"{domain}.enable", **self._session)

    def __exit__(self, *_):
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(DEADLINE_S)
        os.close(self._in)
        os.close(self._out)

    def open(self, url):
        """Go to a page, and wait until it is there."""
        self._ask("Page.navigate", url=url, **self._session)
        self._wait_for("Page.loadEventFired")

    def value_of(self, expression):
        """What an expression is on the page."""
        result = self._ask("Runtime.evaluate", expression=expression, **self._session)
        return result["result"].get("value")

    def awaited(self, expression):
        """What a promise of the page comes to; fails where it is broken."""
        asked = {"awaitPromise": True, "returnByValue": True, **self._session}
        result = self._ask("Runtime.evaluate", expression=expression, **asked)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def until(self, expression, value):
        """Wait until an expression has a value; fail with what it has where it never does."""
        end = time.monotonic() + DEADLINE_S
        while (seen := self.value_of(expression)) != value and time.monotonic() < end:
            time.sleep(0.02)
        assert seen == value

    def press(self, key):
        """Press a key that writes a character, and let it go."""
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if kind == "keyDown" else {}
            self._ask("Input.dispatchKeyEvent", type=kind, key=key, **text, **self._session)

    def live_in(self, zone):
        """Set the clock's zone of every page from now on."""
        self._ask("Emulation.setTimezoneOverride", timezoneId=zone, **self._session)

    def be_a_phone(self):
        """Show every page from now on as a small telephone does."""
        screen = {"width": 360, "height": 780, "deviceScaleFactor": 2, "mobile": True}
        self._ask("Emulation.setDeviceMetricsOverride", **screen, **self._session)

    def look_as(self, look):
        """Show every page in a window of this size from now on, light or dark; no scroll bars."""
        screen = {"width": look.width, "height": look.height, "deviceScaleFactor": look.scale}
        self._ask(
            "Emulation.setDeviceMetricsOverride", mobile=look.phone, **screen, **self._session
        )
        self._ask("Emulation.setScrollbarsHidden", hidden=True, **self._session)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if look.dark else "light"}
        self._ask("Emulation.setEmulatedMedia", features=[scheme], **self._session)

    def picture(self):
        """What the window shows, as a PNG."""
        shot = self._ask("Page.captureScreenshot", format="png", **self._session)
        return base64.b64decode(shot["data"])

    def click(self, selector):
        """Scroll to what a selector finds, and press the mouse's button on its middle."""
        found = f"document.querySelector({selector!r})"
        self.value_of(f"{found}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        box = f"{found}.getBoundingClientRect()"
        middle = self.value_of(f"(b => [b.x + b.width / 2, b.y + b.height / 2].join())({box})")
        x, y = map(float, middle.split(","))
        for kind in ("mousePressed", "mouseReleased"):
            mouse = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
            self._ask("Input.dispatchMouseEvent", **mouse, **self._session)

    def _ask(self, method, sessionId=None, **params):
        number = next(self._numbers)
        asked = {"id": number, "method": method, "params": params}
        if sessionId is not None:
            asked["sessionId"] = sessionId
        os.write(self._out, json.dumps(asked).encode() + b"\0")
        while True:
            said = self._read()
            if said.get("id") == number:
                assert "error" not in said, said
                return said["result"]
            self._note(said)

    def _wait_for(self, event):
        while (said := self._read()).get("method") != event:
            self._note(said)

    def _note(self, said):
        """Keep what a page complains of: what its policy forbids, and what its script throws."""
        if said.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
            self.logged.append(said["params"])

    def _read(self):
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], DEADLINE_S)
            more = os.read(self._in, 65_536) if ready else b""
            assert more, "the browser has ended, or says nothing"
            self._buffer += more
        said, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(said)


@contextmanager
def served(app):
    """Serve an application on a port of its own while the block runs; gives its address."""
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + DEADLINE_S
    while not server.started and time.monotonic() < end:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(DEADLINE_S)
