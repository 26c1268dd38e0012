"""The loopback redirect of a program on this computer (RFC 8252 §7.3): a real listener, as native clients have."""

import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

PATIENCE_S = 60


class Loopback:
    """Listens on a free port; :meth:`answer` returns the query of the next redirect that arrives."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        arrived: queue.Queue[dict[str, str]] = queue.Queue()
        self._arrived = arrived

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                known = parts.path == "/callback"
                self.send_response(200 if known else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>Done</title><h1>You can close this window</h1>")
                if known:
                    arrived.put({name: values[0] for name, values in parse_qs(parts.query).items()})

            def log_message(self, format: str, *arguments: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self.url = f"http://{host}:{self._server.server_address[1]}/callback"

    def __enter__(self) -> "Loopback":
        threading.Thread(target=self._server.serve_forever, name="loopback", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, within_s: float = PATIENCE_S) -> dict[str, str]:
        """The parameters of the next redirect. Raises AssertionError when none comes."""
        try:
            return self._arrived.get(timeout=within_s)
        except queue.Empty:
            raise AssertionError(f"no redirect reached {self.url}") from None
