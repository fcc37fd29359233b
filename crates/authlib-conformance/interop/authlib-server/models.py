"""The models of oauth2.py, in memory: Authlib asks them what a database would know."""

import time

from authlib.common.security import generate_token
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin

SCOPES = "openid profile email offline_access read write"

CLIENT_DEFAULTS = {
    "client_secret": "",
    "redirect_uris": [],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "scope": SCOPES,
    "token_endpoint_auth_method": "client_secret_basic",
}

JWT_METHODS = ("private_key_jwt", "client_secret_jwt")


class Client(ClientMixin):
    """A client by its metadata (RFC 7591 §2)."""

    def __init__(self, metadata):
        self.metadata = {**CLIENT_DEFAULTS, **metadata}

    @property
    def client_id(self):
        return self.metadata["client_id"]

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        uris = self.metadata["redirect_uris"]
        return uris[0] if len(uris) == 1 else None

    def get_allowed_scope(self, scope):
        allowed = self.metadata["scope"].split()
        return " ".join(item for item in (scope or "").split() if item in allowed)

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri in self.metadata["redirect_uris"]

    def check_client_secret(self, client_secret):
        return bool(client_secret) and self.metadata["client_secret"] == client_secret

    def check_endpoint_auth_method(self, method, endpoint):
        registered = self.metadata["token_endpoint_auth_method"]
        return method == ("client_assertion_jwt" if registered in JWT_METHODS else registered)

    def check_response_type(self, response_type):
        return response_type in self.metadata["response_types"]

    def check_grant_type(self, grant_type):
        return grant_type in self.metadata["grant_types"]


class AuthorizationCode(AuthorizationCodeMixin):
    """A code with its PKCE challenge; it lives a minute."""

    def __init__(self, code, request):
        self.code = code
        self.client_id = request.client.client_id
        self.redirect_uri = request.payload.redirect_uri
        self.scope = request.scope
        self.user_id = request.user.user_id
        self.code_challenge = request.payload.data.get("code_challenge")
        self.code_challenge_method = request.payload.data.get("code_challenge_method")
        self.expires_at = time.time() + 60

    def is_expired(self):
        return self.expires_at < time.time()

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


class Token(TokenMixin):
    """What a client got: the answer's members, and who it is for."""

    def __init__(self, answer, client, user, extra):
        self.answer = answer
        self.client = client
        self.user = user
        self.extra = extra
        self.issued_at = int(time.time())
        self.revoked = False

    @property
    def client_id(self):
        return self.client.client_id

    def check_client(self, client):
        return self.client_id == client.client_id

    def get_scope(self):
        return self.answer.get("scope", "")

    def get_expires_in(self):
        return self.answer["expires_in"]

    def is_expired(self):
        return self.issued_at + self.get_expires_in() <= time.time()

    def is_revoked(self):
        return self.revoked

    def get_user(self):
        return self.user

    def get_client(self):
        return self.client

    def introspection(self, issuer):
        """RFC 7662 §2.2; `extra` has `act` and `aud` of a token exchange (RFC 8693 §4.1)."""
        subject = self.user.user_id if self.user else self.client_id
        return {
            "client_id": self.client_id,
            "token_type": "Bearer",
            "scope": self.get_scope(),
            "sub": subject,
            "username": subject,
            "iss": issuer,
            "iat": self.issued_at,
            "exp": self.issued_at + self.get_expires_in(),
            **self.extra,
        }


class RegistrationToken(TokenMixin):
    """A registration access token (RFC 7592 §1.2)."""

    def __init__(self, value, client_id):
        self.value = value
        self.client_id = client_id

    def check_client(self, client):
        return self.client_id == client.client_id


class Store:
    """All that the server knows."""

    def __init__(self, issuer, clients, users):
        self.issuer = issuer
        self.clients = {client["client_id"]: Client(client) for client in clients}
        self.users = users
        self.codes = {}
        self.devices = {}
        self.user_grants = {}
        self.tokens = []
        self.registrations = {}
        self.seen = set()

    def save_token(self, token, request):
        extra = getattr(request, "exchange_claims", {})
        self.tokens.append(Token(dict(token), request.client, request.user, extra))

    def by_access_token(self, value):
        return self._by("access_token", value)

    def by_refresh_token(self, value):
        return self._by("refresh_token", value)

    def by_any_token(self, value):
        return self.by_access_token(value) or self.by_refresh_token(value)

    def _by(self, member, value):
        matching = (token for token in self.tokens if value and token.answer.get(member) == value)
        return next(matching, None)

    def first_time(self, *key):
        if key in self.seen:
            return False
        self.seen.add(key)
        return True

    def registration_info(self, client):
        """RFC 7591 §3.2.1, with a token that stays the same."""
        new = RegistrationToken(generate_token(42), client.client_id)
        token = self.registrations.setdefault(client.client_id, new)
        return {
            "registration_access_token": token.value,
            "registration_client_uri": f"{self.issuer}/register/{client.client_id}",
        }

    def registration_token(self, value):
        return next((token for token in self.registrations.values() if token.value == value), None)

    def forget_registration(self, client_id):
        self.registrations.pop(client_id, None)
