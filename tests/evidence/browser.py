"""A headless Chromium, spoken to in its DevTools protocol over a pipe: JSON messages that end in a
zero byte, on file descriptors 3 (to it) and 4 (from it). No package beyond Chromium is needed.

Every request that a page makes, every exception in its scripts and every error that it logs is
kept.
"""

import base64
import contextlib
import json
import os
import selectors
import signal
import subprocess
import tempfile
import time

CHROMIUM = "chromium"
PATIENCE_S = 60


class Browser:
    """One browser with one page. Used as a context manager."""

    def __enter__(self):
        # What Chromium writes as it ends may come behind the removal.
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def give_pipes():
            # By way of high numbers, since a pipe may have got 3 or 4 itself.
            high = [os.dup2(to_browser, 103), os.dup2(from_browser, 104)]
            for source, target in zip(high, (3, 4)):
                os.dup2(source, target)

        self._process = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             "--disable-dev-shm-usage", f"--user-data-dir={self._profile.name}", "about:blank"],
            preexec_fn=give_pipes, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(to_browser)
        os.close(from_browser)
        self._buffer, self._number, self._session = b"", 0, None
        self.requests, self.errors, self._loaded = [], [], 0
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.command("Target.attachToTarget", targetId=target,
                                     flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.command(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        # Its children outlive it for a moment, and write into the profile.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        os.close(self._out)
        os.close(self._in)
        self._profile.cleanup()

    def command(self, method, **parameters):
        """Sends one command; returns its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + PATIENCE_S
        while True:
            answer = self._receive(end)
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self._note(answer)

    def _receive(self, end):
        while b"\0" not in self._buffer:
            with selectors.DefaultSelector() as selector:
                selector.register(self._in, selectors.EVENT_READ)
                assert selector.select(max(0, end - time.monotonic())), "Chromium does not answer"
            chunk = os.read(self._in, 1 << 20)
            assert chunk, "Chromium ended"
            self._buffer += chunk
        text, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(text)

    def _note(self, event):
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.errors.append(parameters["entry"]["text"])
        elif method == "Page.loadEventFired":
            self._loaded += 1

    def size(self, width, height, is_phone=False):
        """Makes the window this large, in CSS pixels."""
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height,
                     deviceScaleFactor=1, mobile=is_phone)
        self.command("Emulation.setTouchEmulationEnabled", enabled=is_phone)

    def open(self, url):
        """Goes to `url` and waits until it is loaded."""
        self._loaded = 0
        self.command("Page.navigate", url=url)
        end = time.monotonic() + PATIENCE_S
        while not self._loaded:
            self._note(self._receive(end))

    def evaluate(self, expression):
        """The value of a JavaScript expression in the page."""
        answer = self.command("Runtime.evaluate", expression=expression, returnByValue=True,
                              awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def screenshot(self, path, clip=None):
        """A picture of the page, or of the part x, y, width, height of it."""
        more = {"clip": {**dict(zip(("x", "y", "width", "height"), clip)), "scale": 1}} \
            if clip else {}
        answer = self.command("Page.captureScreenshot", captureBeyondViewport=True, **more)
        path.write_bytes(base64.b64decode(answer["data"]))

    def pdf(self, path):
        """The page as it would be printed."""
        answer = self.command("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        path.write_bytes(base64.b64decode(answer["data"]))
