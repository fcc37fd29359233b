"""An OAuth 1.0a server by Authlib, and a resource that it protects, on loopback for the interop tests.

    python oauth1_authlib.py '{"clients": [{"client_id": "app", "client_secret": "...", "rsa_public_key": {}}]}'

The settings (see ../loopback.py for how they come in):

    port     where to listen, 0 (the default) for any free port
    clients  client_id, client_secret, rsa_public_key (PEM or JWK), callback (where the user goes after "oob")
    users    {name: {"password": ..., more claims}}, beside alice and bob

Signature methods: HMAC-SHA1, RSA-SHA1, PLAINTEXT. /initiate, /authorize, /token and /api/me. The user approves at
once by GET or POST /authorize, as `login` (alice by default), unless `decision` is `deny`. After "oob" the user
ends at /oob, which shows the verifier as a form.

What Authlib does in its own way is left as it is: `oauth_callback_confirmed` is `True`, with a capital; a query that
is not ASCII is refused; only one of several form fields of a name is signed; a stale timestamp is a 400.
"""

from common import pairs, rsa_public_pem, serve, settings, users
from flask import Flask, Response, jsonify, request

from authlib.integrations.flask_oauth1 import (
    AuthorizationServer,
    ResourceProtector,
    create_exists_nonce_func,
    current_credential,
    register_nonce_hooks,
    register_temporary_credential_hooks,
)
from authlib.oauth1 import ClientMixin, TokenCredentialMixin
from authlib.oauth1.errors import OAuth1Error

METHODS = ["HMAC-SHA1", "RSA-SHA1", "PLAINTEXT"]


class Client(ClientMixin):
    """A client by its settings."""

    def __init__(self, data, issuer):
        self.data = data
        self.callback = data.get("callback", f"{issuer}/oob")

    def get_default_redirect_uri(self):
        return self.callback

    def get_client_secret(self):
        return self.data.get("client_secret")

    def get_rsa_public_key(self):
        return rsa_public_pem(self.data)


class TokenCredential(TokenCredentialMixin):
    """Token credentials of a client and a user."""

    def __init__(self, token, temporary):
        self.token = token
        self.client_id = temporary.get_client_id()
        self.user_id = temporary.get_user_id()

    def get_oauth_token(self):
        return self.token["oauth_token"]

    def get_oauth_token_secret(self):
        return self.token["oauth_token_secret"]


class Cache(dict):
    """The cache that Authlib's hooks ask for; a test is shorter than any timeout."""

    def set(self, key, value, timeout=None):
        self[key] = value

    def delete(self, key):
        self.pop(key, None)

    def has(self, key):
        return key in self


def build(issuer):
    config = settings()
    app = Flask(__name__)
    app.config["OAUTH1_SUPPORTED_SIGNATURE_METHODS"] = METHODS
    cache, credentials, known_users = Cache(), {}, users(config)
    clients = {data["client_id"]: Client(data, issuer) for data in config.get("clients", [])}

    server = AuthorizationServer(app, query_client=clients.get)
    register_nonce_hooks(server, cache)
    register_temporary_credential_hooks(server, cache)

    def create_token_credential(token, temporary):
        credential = TokenCredential(token, temporary)
        credentials[credential.client_id, credential.get_oauth_token()] = credential
        return credential

    server.register_hook("create_token_credential", create_token_credential)
    require_oauth = ResourceProtector(
        app,
        query_client=clients.get,
        query_token=lambda client_id, token: credentials.get((client_id, token)),
        exists_nonce=create_exists_nonce_func(cache),
    )
    add_endpoints(app, server, known_users)

    @app.route("/api/me", methods=["GET", "POST", "PUT", "DELETE"])
    @require_oauth()
    def me():
        return jsonify(known_users[current_credential.user_id].claims())

    @app.route("/api/echo", methods=["GET", "POST", "PUT", "DELETE"])
    @require_oauth()
    def echo():
        return jsonify(method=request.method, query=pairs(request.args), form=pairs(request.form))

    # Authlib says by ValueError that a header or a query is not encoded as it wants.
    app.register_error_handler(ValueError, lambda error: (jsonify(error=str(error)), 400))
    return app


def add_endpoints(app, server, known_users):
    def authorize():
        user = known_users.get(request.values.get("login", "alice"))
        allowed = request.values.get("decision", "allow") == "allow"
        try:
            return server.create_authorization_response(grant_user=user if allowed else None)
        except OAuth1Error as error:
            return server.handle_error_response(error)

    def initiate():
        return server.create_temporary_credentials_response()

    def token():
        return server.create_token_response()

    def oob():
        return Response(request.query_string, content_type="application/x-www-form-urlencoded")

    app.add_url_rule("/initiate", view_func=initiate, methods=["POST"])
    app.add_url_rule("/authorize", view_func=authorize, methods=["GET", "POST"])
    app.add_url_rule("/token", view_func=token, methods=["POST"])
    app.add_url_rule("/oob", view_func=oob)
    app.add_url_rule("/healthz", "healthz", lambda: "ok")


if __name__ == "__main__":
    serve(settings(), build)
