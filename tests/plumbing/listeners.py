"""Small real servers for the tests of outbound HTTP: each does one thing to the connections it accepts."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator


def read_request(connection: socket.socket) -> bytes:
    """One request: its head, and the body that its Content-Length announces."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


class Listener:
    """A server on a free port of 127.0.0.1. requests: what was read; connections: how many came."""

    def __init__(
        self, behave: Callable[["Listener", socket.socket], None], context: ssl.SSLContext | None = None
    ) -> None:
        self.behave = behave
        self.context = context
        self.requests: list[bytes] = []
        self.connections = 0
        self.server_names: list[str | None] = []
        self.closed = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.behave(self, connection)
        with contextlib.suppress(OSError):
            connection.close()
        self.closed.set()

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


def saying(*answers: bytes) -> Callable[[Listener, socket.socket], None]:
    """Read a request, send these bytes, for each answer; then hang up."""

    def behave(listener: Listener, connection: socket.socket) -> None:
        for answer in answers:
            listener.requests.append(read_request(connection))
            connection.sendall(answer)

    return behave


def http(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    """A complete HTTP/1.1 answer."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


@contextlib.contextmanager
def listening(
    behave: Callable[[Listener, socket.socket], None], context: ssl.SSLContext | None = None
) -> Iterator[Listener]:
    listener = Listener(behave, context)
    try:
        yield listener
    finally:
        listener.stop()
