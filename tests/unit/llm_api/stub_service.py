"""A model service without a model, for the supervisor's tests.

`python stub_service.py --port N`: answers /health with ready; after a GET of
/deaf it stops answering, while its process lives on.
"""

import http.server
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    """Says that it is ready, until it is told to be deaf."""

    deaf = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/deaf":
            self.deaf.set()
        elif self.deaf.is_set():
            self.deaf_for_ever()
        body = b'{"status": "ready", "model": "stub"}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def deaf_for_ever(self) -> None:
        threading.Event().wait()

    def log_message(self, *arguments: object) -> None:
        """Tests are quiet."""


port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
