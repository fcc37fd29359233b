"""An OAuth 1.0a server by oauthlib, and resources that it protects, on loopback for the interop tests.

    python oauth1_oauthlib.py '{"clients": [{"client_id": "app", "client_secret": "...", "rsa_public_key": {}}]}'

The settings (see ../loopback.py for how they come in):

    port                where to listen, 0 (the default) for any free port
    clients             client_id, client_secret, rsa_public_key (PEM or JWK)
    users               {name: {"password": ..., more claims}}, beside alice and bob
    timestamp_lifetime  how far a timestamp may be off in seconds, 300 by default
    signature_methods   the ones that are allowed, all seven by default

All seven signature methods; parameters in the header, the query or a form. /initiate, /authorize, /token, /api/me,
/api/echo (any method: what it decoded, as JSON) and /api/two-legged (the same, signed by the client alone). The user
approves at once by GET or POST /authorize, as `login` (alice by default), unless `decision` is `deny`. What is wrong
with a refused request is in `oauth_problem`.
"""

import time
from secrets import token_urlsafe

from common import pairs, rsa_public_pem, serve, settings, users
from flask import Flask, Response, g, jsonify, redirect, request
from oauthlib.oauth1 import (
    AccessTokenEndpoint,
    AuthorizationEndpoint,
    OAuth1Error,
    RequestTokenEndpoint,
    RequestValidator,
    ResourceEndpoint,
    SignatureOnlyEndpoint,
)

ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
FORM = "application/x-www-form-urlencoded"
# oauthlib's own check of timestamps answers 400, so it gets a limit that is never met; ours answers 401.
FOR_EVER = 1 << 62


class Validator(RequestValidator):
    """What oauthlib asks about clients and credentials, in memory."""

    # oauthlib's limits are advice for keys that a server makes; the tests bring their own.
    client_key_length = request_token_length = access_token_length = verifier_length = (1, 1000)
    nonce_length = (1, 1000)
    timestamp_lifetime = FOR_EVER
    enforce_ssl = False
    dummy_client = dummy_request_token = dummy_access_token = ""

    def __init__(self, config):
        super().__init__()
        self.clients = {client["client_id"]: client for client in config.get("clients", [])}
        self.methods = config.get("signature_methods")
        self.lifetime = config.get("timestamp_lifetime", 300)
        self.temporary = {}
        self.tokens = {}
        self.nonces = set()
        self.nobodys_secret = token_urlsafe()

    @property
    def allowed_signature_methods(self):
        return super().allowed_signature_methods if self.methods is None else self.methods

    @property
    def safe_characters(self):
        return {chr(code) for code in range(0x20, 0x7F)}

    def check_realms(self, realms):
        return True

    # Who signed it.

    def validate_client_key(self, client_key, request):
        return self._known("consumer_key_unknown", client_key in self.clients)

    def get_client_secret(self, client_key, request):
        # Without a secret there is none to guess either: an empty one would verify.
        return self.clients.get(client_key, {}).get("client_secret") or self.nobodys_secret

    def get_rsa_key(self, client_key, request):
        return rsa_public_pem(self.clients.get(client_key, {}))

    def validate_timestamp_and_nonce(
        self, client_key, timestamp, nonce, request, request_token=None, access_token=None
    ):
        if abs(time.time() - int(timestamp)) > self.lifetime:
            return self._known("timestamp_refused", False)
        key = (client_key, timestamp, nonce, request_token or access_token)
        fresh = key not in self.nonces
        self.nonces.add(key)
        return self._known("nonce_used", fresh)

    # Temporary credentials.

    def validate_redirect_uri(self, client_key, redirect_uri, request):
        return True

    def get_default_realms(self, client_key, request):
        return []

    def validate_requested_realms(self, client_key, realms, request):
        return True

    def save_request_token(self, token, request):
        self.temporary[token["oauth_token"]] = {
            "secret": token["oauth_token_secret"],
            "client": request.client_key,
            "callback": request.redirect_uri,
            "realms": request.realms or [],
        }

    def verify_request_token(self, token, request):
        return token in self.temporary

    def get_realms(self, token, request):
        return self.temporary[token]["realms"]

    def verify_realms(self, token, realms, request):
        return True

    def get_redirect_uri(self, token, request):
        return self.temporary[token]["callback"]

    def save_verifier(self, token, verifier, request):
        self.temporary[token].update(verifier=verifier["oauth_verifier"], user=verifier["user"])
        # What is left in it goes to the client.
        del verifier["user"]

    # Token credentials.

    def validate_request_token(self, client_key, token, request):
        found = self.temporary.get(token, {}).get("client") == client_key
        return self._known("token_rejected", found)

    def get_request_token_secret(self, client_key, token, request):
        return self.temporary.get(token, {}).get("secret", "")

    def validate_verifier(self, client_key, token, verifier, request):
        expected = self.temporary.get(token, {}).get("verifier")
        return self._known("verifier_invalid", expected is not None and expected == verifier)

    def invalidate_request_token(self, client_key, request_token, request):
        self.temporary.pop(request_token, None)

    def save_access_token(self, token, request):
        self.tokens[token["oauth_token"]] = {
            "secret": token["oauth_token_secret"],
            "client": request.client_key,
            "user": self.temporary[request.resource_owner_key]["user"],
        }

    def validate_access_token(self, client_key, token, request):
        found = self.tokens.get(token, {}).get("client") == client_key
        return self._known("token_rejected", found)

    def get_access_token_secret(self, client_key, token, request):
        return self.tokens.get(token, {}).get("secret", "")

    def validate_realms(self, client_key, token, request, uri=None, realms=None):
        return True

    @staticmethod
    def _known(problem, fine):
        """Keeps the first problem for the answer, which oauthlib leaves empty."""
        if not fine:
            g.setdefault("problem", problem)
        return fine


def arguments():
    """The request as oauthlib takes it: the target as it was sent, which Flask's own URL is not."""
    target = request.environ["REQUEST_URI"]
    uri = target if target.startswith("http:") else f"{request.scheme}://{request.host}{target}"
    is_form = request.mimetype == FORM
    body = request.get_data(as_text=True) if is_form else ""
    return {"uri": uri, "http_method": request.method, "body": body, "headers": dict(request.headers)}


def refusal():
    problem = f"oauth_problem={g.get('problem', 'signature_invalid')}"
    return Response(problem, 401, {"WWW-Authenticate": 'OAuth realm="interop"', "Content-Type": FORM})


def malformed(_error):
    """oauthlib says by ValueError that a query or a form is not encoded as RFC 5849 §3.6 asks."""
    return Response("oauth_problem=parameter_rejected", 400, content_type=FORM)


def answer(headers, body, status):
    if status == 401 and not body:
        return refusal()
    return Response(body or "", status, headers)


def echo(**more):
    """What a handler sees."""
    body = "" if request.mimetype == FORM else request.get_data(as_text=True)
    return jsonify(method=request.method, query=pairs(request.args), form=pairs(request.form), body=body, **more)


def build(_issuer):
    config = settings()
    app = Flask(__name__)
    validator, known_users = Validator(config), users(config)
    authorization = AuthorizationEndpoint(validator)
    add_credentials(app, validator, authorization, known_users)
    resource, signature_only = ResourceEndpoint(validator), SignatureOnlyEndpoint(validator)

    def token_of_request():
        """The token of a request that is as it must be, or None."""
        valid, signed = resource.validate_protected_resource_request(**arguments())
        return validator.tokens[signed.resource_owner_key] if valid else None

    def me():
        token = token_of_request()
        return jsonify(known_users[token["user"]].claims()) if token else refusal()

    def echo_resource():
        token = token_of_request()
        return echo(user=token["user"]) if token else refusal()

    def two_legged():
        valid, signed = signature_only.validate_request(**arguments())
        return echo(client=signed.client_key) if valid else refusal()

    app.add_url_rule("/api/me", view_func=me, methods=["GET", "POST"])
    app.add_url_rule("/api/echo", view_func=echo_resource, methods=ANY_METHOD, provide_automatic_options=False)
    app.add_url_rule("/api/two-legged", view_func=two_legged, methods=ANY_METHOD, provide_automatic_options=False)
    app.add_url_rule("/healthz", "healthz", lambda: "ok")
    app.register_error_handler(ValueError, malformed)
    return app


def add_credentials(app, validator, authorization, known_users):
    request_token, access_token = RequestTokenEndpoint(validator), AccessTokenEndpoint(validator)

    def initiate():
        return answer(*request_token.create_request_token_response(**arguments()))

    def token():
        return answer(*access_token.create_access_token_response(**arguments()))

    def authorize():
        name = request.values.get("login", "alice")
        temporary = validator.temporary.get(request.values.get("oauth_token", ""))
        if not temporary or name not in known_users:
            return Response("oauth_problem=token_rejected", 400, content_type=FORM)
        if request.values.get("decision", "allow") != "allow":
            # The RFC has no words for a refusal; these are Twitter's.
            separator = "&" if "?" in temporary["callback"] else "?"
            return redirect(f"{temporary['callback']}{separator}denied={request.values['oauth_token']}")
        try:
            credentials = {"user": name}
            response = authorization.create_authorization_response(**arguments(), credentials=credentials)
        except OAuth1Error as error:
            return Response(error.urlencoded, error.status_code, content_type=FORM)
        return answer(*response)

    app.add_url_rule("/initiate", view_func=initiate, methods=["GET", "POST"])
    app.add_url_rule("/authorize", view_func=authorize, methods=["GET", "POST"])
    app.add_url_rule("/token", view_func=token, methods=["GET", "POST"])


if __name__ == "__main__":
    serve(settings(), build)
