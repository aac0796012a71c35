"""A small OpenLineage endpoint on the loopback interface: a real server that keeps events."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[dict[str, Any]], int]


class Endpoint:
    """What it was sent, and what it answers."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.events: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str | None]] = []
        """Path and authorization of each request."""
        self.answer: Answer = lambda _event: 201


@contextmanager
def listening() -> Iterator[Endpoint]:
    """The endpoint, for as long as the block goes on."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            endpoint.requests.append((self.path, self.headers["Authorization"]))
            status = endpoint.answer(event)
            if status < 300:
                endpoint.events.append(event)
            body = b"" if status < 300 else b'{"message":  "I would rather not"}'
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Keeps quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint = Endpoint(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
