"""`/revision` of a process that serves no pages, so that `deploy` can ask the worker too."""

import http.server
import threading

from searchapp.revision import REVISION


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.path == "/revision"
        body = (REVISION if known else "there is only /revision").encode() + b"\n"
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(address: str) -> None:
    """Answers on `host:port`, beside the process's own work."""
    host, _, port = address.rpartition(":")
    server = http.server.ThreadingHTTPServer((host, int(port)), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
