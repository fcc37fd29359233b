"""How the servers of this folder start and end.

Each takes one JSON object, as its argument or in the variable INTEROP_CONFIG. Once it listens on a loopback port it
prints one line, {"issuer": "http://127.0.0.1:PORT"} (and "certificate", if it serves https), and it ends when its standard input is closed, so that it never
outlives the test that started it. Whatever else it says goes to standard error.

The OpenID providers of other projects share these settings:
  clients           one client, in the words of RFC 7591: client_id, client_secret, token_endpoint_auth_method,
                    redirect_uris, post_logout_redirect_uris
  access_token_ttl  lifetime of access tokens in seconds

Their user is alice. A login is one form with `login` and `decision` (allow or deny).
"""

import json
import os
import ssl
import sys
import tempfile
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

ALICE = {"name": "Alice Example", "email": "alice@example.com"}

LOGIN = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in</title>
<form method="post" action=""><label>User <input name="login" value="alice"></label>
<button name="decision" value="allow">Continue</button>
<button name="decision" value="deny">Deny</button></form></html>"""


def settings():
    """The settings that the test gave."""
    text = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("INTEROP_CONFIG", "{}")
    return json.loads(text)


def serve(config, build, path="", certificate=None):
    """Binds the port first, so that `build(origin)` knows its own URL, and serves one request after the other until
    standard input ends. `path` is the issuer's; with a certificate (and its key, as PEM) it serves https."""
    server = make_server("127.0.0.1", config.get("port", 0), None, Server, QuietHandler)
    origin = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    if certificate:
        server.socket = tls(certificate).wrap_socket(server.socket, server_side=True)
    server.set_app(build(origin))
    announce(origin + path, **({"certificate": certificate[0]} if certificate else {}))
    server.serve_forever()


def tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # It reads files only.
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write("".join(certificate))
        file.flush()
        context.load_cert_chain(file.name)
    return context


def announce(issuer, **more):
    """Says that the server listens, and ends the process with standard input."""
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    print(json.dumps({"issuer": issuer, **more}), flush=True)


class Server(WSGIServer):
    """Keeps more requests waiting: tests send some at once."""

    request_queue_size = 64


class QuietHandler(WSGIRequestHandler):
    """Logs nothing: the lines would hold tokens and codes."""

    def log_request(self, code="-", size="-"):
        pass

    def address_string(self):
        return self.client_address[0]


def _end_with_stdin():
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(0)
