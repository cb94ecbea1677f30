"""A line between a client and a server that can go dead without being cut."""

import contextlib
import socket
import threading


class Proxy:
    """Forwards from a port of 127.0.0.1 to a UNIX socket; while silent, it forwards nothing."""

    def __init__(self, target):
        self._target = str(target)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._speaking = threading.Event()
        self._speaking.set()
        self._lines = []
        self.port = self._server.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.close()
        self._speaking.set()
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def silence(self):
        self._speaking.clear()

    def speak(self):
        self._speaking.set()

    def _accept(self):
        with contextlib.suppress(OSError):  # the server was closed
            while True:
                near = self._server.accept()[0]
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target)
                self._lines += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._forward, args=ends, daemon=True).start()

    def _forward(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self._speaking.wait(30)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
