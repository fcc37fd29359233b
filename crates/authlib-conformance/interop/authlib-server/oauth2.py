"""An OAuth 2 authorization server by Authlib, and a resource that it protects, on loopback for the interop tests.

    python oauth2.py '{"clients": [{"client_id": "app", "client_secret": "...", "grant_types": ["password"]}]}'

The settings (see ../loopback.py for how they come in):

    port              where to listen, 0 (the default) for any free port
    clients           client metadata in the words of RFC 7591; what is left out gets CLIENT_DEFAULTS
    users             {name: {"password": ..., more claims}}, beside alice and bob
    access_token_ttl  lifetime of access tokens in seconds, 3600 by default
    rotate            whether each refresh replaces the refresh token, true by default
    device_interval   seconds between two polls for a device code, 5 by default
    device_ttl        lifetime of device codes in seconds, 1800 by default
    audiences         the audiences that token exchange knows, any by default
    registration      the initial access token of dynamic registration; without it anybody may register

A login is one form: POST to /authorize (with the query of the request) with `login` (alice or bob) and `decision`
(allow or deny). A device is approved by the same fields and its `user_code` at /device. Answers come from Authlib:
its grants and endpoints, with models in memory. RFC 8693 is our subclass of its grant, since Authlib has none.
"""

import time

from common import serve, settings, users
from flask import Flask, jsonify, request
from joserfc.jwk import KeySet, OctKey
from joserfc.jws import JWSRegistry
from markupsafe import escape

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.oauth2.rfc6749 import InvalidGrantError, OAuth2Error, grants
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion, JWTBearerGrant
from authlib.oauth2.rfc7591 import ClientRegistrationEndpoint
from authlib.oauth2.rfc7592 import ClientConfigurationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant, DeviceCredentialDict
from authlib.oauth2.rfc9207 import IssuerParameter

from models import SCOPES, AuthorizationCode, Client, Store
from token_exchange import TOKEN_EXCHANGE, token_exchange_grant

AUTH_METHODS = ["client_assertion_jwt", "client_secret_basic", "client_secret_post", "none"]
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "HS256"]

# Authlib verifies assertions by what joserfc recommends, which leaves some of these out.
JWSRegistry.recommended = ALGORITHMS


def metadata(issuer):
    """RFC 8414 §2."""
    methods = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"]
    document = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "revocation_endpoint": f"{issuer}/revoke",
        "introspection_endpoint": f"{issuer}/introspect",
        "device_authorization_endpoint": f"{issuer}/device_authorization",
        "registration_endpoint": f"{issuer}/register",
        "scopes_supported": SCOPES.split(),
        "response_types_supported": ["code"],
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "password",
            "client_credentials",
            JWT_BEARER,
            DEVICE_CODE,
            TOKEN_EXCHANGE,
        ],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }
    for endpoint in ("token", "revocation", "introspection"):
        document[f"{endpoint}_endpoint_auth_methods_supported"] = methods
        document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = ALGORITHMS
    return document


def page(title, body):
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><body>{body}</body></html>'


def login_form(action, fields=""):
    return page(
        "Sign in",
        f'<form method="post" action="{escape(action)}">{fields}'
        '<label>User <input name="login" value="alice"></label>'
        '<button name="decision" value="allow">Continue</button>'
        '<button name="decision" value="deny">Deny</button></form>',
    )


def register_grants(server, store, config):
    class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

        def save_authorization_code(self, code, request):
            store.codes[code] = AuthorizationCode(code, request)

        def query_authorization_code(self, code, client):
            found = store.codes.get(code)
            if found and found.client_id == client.client_id and not found.is_expired():
                return found
            return None

        def delete_authorization_code(self, authorization_code):
            store.codes.pop(authorization_code.code, None)

        def authenticate_user(self, authorization_code):
            return store.users.get(authorization_code.user_id)

    class RefreshTokenGrant(grants.RefreshTokenGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
        INCLUDE_NEW_REFRESH_TOKEN = config.get("rotate", True)

        def authenticate_refresh_token(self, refresh_token):
            token = store.by_refresh_token(refresh_token)
            return token if token and not token.is_revoked() else None

        def authenticate_user(self, refresh_token):
            return refresh_token.get_user()

        def revoke_old_credential(self, refresh_token):
            refresh_token.revoked = self.INCLUDE_NEW_REFRESH_TOKEN

    class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

        def authenticate_user(self, username, password):
            user = store.users.get(username)
            return user if user and user.check_password(password) else None

    class ClientCredentialsGrant(grants.ClientCredentialsGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = [method for method in AUTH_METHODS if method != "none"]

    class DeviceGrant(DeviceCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

        def query_device_credential(self, device_code):
            return store.devices.get(device_code)

        def query_user_grant(self, user_code):
            return store.user_grants.get(user_code)

        def should_slow_down(self, credential):
            now, last = time.time(), credential.get("polled_at", 0)
            credential["polled_at"] = now
            return now - last < credential["interval"]

        def create_token_response(self):
            response = super().create_token_response()
            # Authlib leaves it to us that a code counts once.
            store.devices.pop(self.request.credential["device_code"])
            return response

    class AssertionGrant(JWTBearerGrant):
        def get_audiences(self):
            return [store.issuer, f"{store.issuer}/token"]

        def resolve_issuer_client(self, issuer):
            return store.clients.get(issuer)

        def resolve_client_public_key(self, client):
            return verification_key(client)

        def verify_claims(self, claims):
            super().verify_claims(claims)
            # RFC 7523 §3: an assertion may be refused when it comes again. Authlib leaves that to us.
            if not store.first_time("assertion", claims["iss"], claims.get("jti")):
                raise InvalidGrantError(description="The assertion was used before.")

        def authenticate_user(self, subject):
            return store.users.get(subject)

        def has_granted_permission(self, client, user):
            return True

    server.register_grant(AuthorizationCodeGrant, [CodeChallenge(required=True)])
    server.register_grant(RefreshTokenGrant)
    server.register_grant(PasswordGrant)
    server.register_grant(ClientCredentialsGrant)
    server.register_grant(DeviceGrant)
    server.register_grant(AssertionGrant)
    server.register_grant(token_exchange_grant(store, AUTH_METHODS, config.get("audiences")))


def verification_key(client):
    """The registered public keys, or the secret as a key for HS256."""
    if client.metadata.get("jwks"):
        return KeySet.import_key_set(client.metadata["jwks"])
    return OctKey.import_key(client.metadata["client_secret"])


def register_endpoints(server, store, config):
    class ClientAssertion(JWTBearerClientAssertion):
        def get_audiences(self):
            return [store.issuer, *(f"{store.issuer}/{path}" for path in ("token", "revoke", "introspect"))]

        def validate_jti(self, claims, jti):
            return store.first_time("jti", claims["sub"], jti)

        def resolve_client_public_key(self, client):
            return verification_key(client)

    class Revocation(RevocationEndpoint):
        CLIENT_AUTH_METHODS = AUTH_METHODS

        def query_token(self, token_string, token_type_hint):
            return store.by_any_token(token_string)

        def revoke_token(self, token, request):
            token.revoked = True

    class Introspection(IntrospectionEndpoint):
        CLIENT_AUTH_METHODS = AUTH_METHODS

        def query_token(self, token_string, token_type_hint):
            return store.by_any_token(token_string)

        def check_permission(self, token, client, request):
            return True

        def introspect_token(self, token):
            return token.introspection(store.issuer)

    class Device(DeviceAuthorizationEndpoint):
        CLIENT_AUTH_METHODS = AUTH_METHODS
        INTERVAL = config.get("device_interval", DeviceAuthorizationEndpoint.INTERVAL)
        EXPIRES_IN = config.get("device_ttl", DeviceAuthorizationEndpoint.EXPIRES_IN)

        def get_verification_uri(self):
            return f"{store.issuer}/device"

        def save_device_credential(self, client_id, scope, data):
            expires_at = time.time() + data["expires_in"]
            stored = {**data, "client_id": client_id, "scope": scope, "expires_at": expires_at}
            store.devices[data["device_code"]] = DeviceCredentialDict(stored)

    class Registration(ClientRegistrationEndpoint):
        def get_server_metadata(self):
            return metadata(store.issuer)

        def authenticate_token(self, request):
            expected = config.get("registration")
            return expected is None or request.headers.get("Authorization") == f"Bearer {expected}"

        def save_client(self, client_info, client_metadata, request):
            client = Client({**client_metadata, **client_info})
            store.clients[client.client_id] = client
            return client

        def generate_client_registration_info(self, client, request):
            return store.registration_info(client)

    class Configuration(ClientConfigurationEndpoint):
        def get_server_metadata(self):
            return metadata(store.issuer)

        def authenticate_token(self, request):
            return store.registration_token(request.headers.get("Authorization", "").removeprefix("Bearer "))

        def authenticate_client(self, request):
            return store.clients.get(request.uri.split("?")[0].rsplit("/", 1)[-1])

        def revoke_access_token(self, request, token):
            store.forget_registration(token.client_id)

        def check_permission(self, client, request):
            return True

        def introspect_client(self, client):
            return dict(client.metadata)

        def generate_client_registration_info(self, client, request):
            return store.registration_info(client)

        def delete_client(self, client, request):
            store.forget_registration(client.client_id)
            del store.clients[client.client_id]

        def update_client(self, client, client_metadata, request):
            client.metadata.update(client_metadata)
            return client

    class Issuer(IssuerParameter):
        def get_issuer(self):
            return store.issuer

    assertion = ClientAssertion()
    server.register_client_auth_method(ClientAssertion.CLIENT_AUTH_METHOD, assertion)
    for endpoint in (Revocation, Introspection, Device, Registration, Configuration):
        server.register_endpoint(endpoint)
    server.register_extension(Issuer())


def resource_protector(store):
    class Validator(BearerTokenValidator):
        def authenticate_token(self, token_string):
            return store.by_access_token(token_string)

    protector = ResourceProtector()
    protector.register_token_validator(Validator())
    return protector


def add_pages(app, server, store):
    def authorize():
        try:
            grant = server.get_consent_grant()
        except OAuth2Error as error:
            return server.handle_error_response(None, error)
        if request.method == "GET":
            return login_form(request.full_path)
        user = store.users.get(request.form.get("login", "alice"))
        allowed = request.form.get("decision", "allow") == "allow"
        return server.create_authorization_response(grant=grant, grant_user=user if allowed else None)

    def device():
        user_code = request.values.get("user_code", "")
        if request.method == "GET":
            field = f'<input type="hidden" name="user_code" value="{escape(user_code)}">'
            return login_form("/device", field)
        known = any(device.get_user_code() == user_code for device in store.devices.values())
        user = store.users.get(request.form.get("login", "alice"))
        if not known or not user:
            return page("Not known", "<p>No such code or user.</p>"), 400
        store.user_grants[user_code] = (user, request.form.get("decision", "allow") == "allow")
        return page("Done", "<p>Go back to the device.</p>")

    app.add_url_rule("/authorize", "authorize", authorize, methods=["GET", "POST"])
    app.add_url_rule("/device", "device", device, methods=["GET", "POST"])


def build(issuer):
    config = settings()
    app = Flask(__name__)
    lifetimes = dict.fromkeys(metadata(issuer)["grant_types_supported"], config.get("access_token_ttl", 3600))
    app.config.update(
        OAUTH2_REFRESH_TOKEN_GENERATOR=True,
        OAUTH2_TOKEN_EXPIRES_IN=lifetimes,
        OAUTH2_SCOPES_SUPPORTED=SCOPES.split(),
    )
    store = Store(issuer, config.get("clients", []), users(config))
    server = AuthorizationServer(app, store.clients.get, store.save_token)
    register_grants(server, store, config)
    register_endpoints(server, store, config)
    protector = resource_protector(store)
    add_pages(app, server, store)

    def endpoint(path, name, methods=("POST",)):
        app.add_url_rule(path, name, lambda **_: server.create_endpoint_response(name), methods=list(methods))

    endpoint("/revoke", "revocation")
    endpoint("/introspect", "introspection")
    endpoint("/device_authorization", "device_authorization")
    endpoint("/register", "client_registration")
    endpoint("/register/<client_id>", "client_configuration", ("GET", "PUT", "DELETE"))
    app.add_url_rule("/token", "token", lambda: server.create_token_response(), methods=["POST"])
    document = metadata(issuer)
    app.add_url_rule("/.well-known/oauth-authorization-server", "metadata", lambda: jsonify(document))
    app.add_url_rule("/healthz", "healthz", lambda: "ok")

    @app.route("/api/me")
    @protector()
    def me():
        user = current_token.get_user()
        claims = user.claims() if user else {}
        return jsonify({**claims, "client_id": current_token.client_id, "scope": current_token.get_scope()})

    @app.route("/api/email")
    @protector("email")
    def email():
        return jsonify(email=current_token.get_user().data["email"])

    return app


if __name__ == "__main__":
    serve(settings(), build)
