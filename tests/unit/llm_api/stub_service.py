"""A model service without a model, for the supervisor's tests.

`python stub_service.py --port N`: answers /health with ready; after a GET of
/deaf it stops answering, while its process lives on. With `--model FILE` it is called like
that file, does not load one called bad, and dies of one called fatal.
"""

import http.server
import json
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
        status = "unavailable" if "bad" in model else "ready"
        answer = {"status": status, "model": model, "detail": "bad tensors"}
        listed = {"data": [{"id": model}] if status == "ready" else []}
        body = json.dumps(listed if self.path == "/v1/models" else answer).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def deaf_for_ever(self) -> None:
        threading.Event().wait()

    def log_message(self, *arguments: object) -> None:
        """Tests are quiet."""


model = sys.argv[sys.argv.index("--model") + 1].rpartition("/")[2] if "--model" in sys.argv else ""
model = model or "stub"
if "fatal" in model:
    sys.exit(134)
port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
