"""What the servers of this folder share. ../loopback.py says how they are started."""

import os
from functools import cache

from joserfc.jwk import RSAKey
from loopback import announce, settings  # noqa: F401 (for the servers)
from werkzeug.serving import WSGIRequestHandler, make_server

# Authlib and oauthlib refuse plain http; this is a loopback.
os.environ.setdefault("AUTHLIB_INSECURE_TRANSPORT", "1")
os.environ.setdefault("OAUTHLIB_INSECURE_TRANSPORT", "1")

USERS = {
    "alice": {"password": "wonderland", "name": "Alice Example", "email": "alice@example.com"},
    "bob": {"password": "builder", "name": "Bob Example", "email": "bob@example.com"},
}


class User:
    """A user; every server knows `alice` and `bob`, and those of the settings."""

    def __init__(self, user_id, data):
        self.user_id = user_id
        self.data = data

    def get_user_id(self):
        return self.user_id

    def check_password(self, password):
        return self.data.get("password") == password

    def claims(self):
        shown = {name: value for name, value in self.data.items() if name != "password"}
        return {"sub": self.user_id, **shown}


def users(config):
    """The users by name."""
    return {name: User(name, data) for name, data in {**USERS, **config.get("users", {})}.items()}


def rsa_public_pem(client):
    """The `rsa_public_key` of a client's settings, a PEM or a JWK, as PEM. Both libraries fail without a key, so a
    client that has none gets one that nobody can sign with."""
    key = client.get("rsa_public_key")
    if isinstance(key, str):
        return key
    key = RSAKey.import_key(key) if key else nobodys_key()
    return key.as_pem(private=False).decode()


@cache
def nobodys_key():
    return RSAKey.generate_key(2048)


def pairs(parameters):
    """Decoded parameters as pairs, so that order and repetition show, without those of OAuth 1 itself."""
    return [[name, value] for name, value in parameters.items(multi=True) if not name.startswith("oauth_")]


class QuietHandler(WSGIRequestHandler):
    """Logs nothing: the lines would hold tokens and codes."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code="-", size="-"):
        pass


def serve(config, build):
    """Binds the port first, so that `build(issuer)` knows its own URL, and serves until standard input ends."""
    app = _Late()
    server = make_server("127.0.0.1", config.get("port", 0), app, threaded=True, request_handler=QuietHandler)
    issuer = f"http://127.0.0.1:{server.server_port}"
    app.real = build(issuer)
    announce(issuer)
    server.serve_forever()


class _Late:
    """A WSGI application that is made after the port is known."""

    real = None

    def __call__(self, environ, start_response):
        return self.real(environ, start_response)
