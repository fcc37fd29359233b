"""pyop, the OpenID provider of SATOSA, on loopback; ../loopback.py says how it is started.

It wants https, so it has a certificate of its own, which it announces. pyop is a library without pages: the form for
login and the mapping of its errors are here.
"""

import datetime
import ipaddress
import json
from urllib.parse import parse_qs, parse_qsl

from Cryptodome.PublicKey import RSA
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwkest.jwk import RSAKey
from loopback import ALICE, LOGIN, serve, settings
from oic.oic.message import EndSessionRequest
from pyop.authz_state import AuthorizationState
from pyop.exceptions import BearerTokenError, InvalidAuthenticationRequest, OAuthError
from pyop.provider import Provider
from pyop.subject_identifier import HashBasedSubjectIdentifierFactory
from pyop.userinfo import Userinfo

CONFIG = settings()
REFUSAL = "error=access_denied&error_description=the+user+refused"


def build(origin):
    state = AuthorizationState(
        HashBasedSubjectIdentifierFactory("salt"),
        access_token_lifetime=CONFIG.get("access_token_ttl", 3600),
        refresh_token_lifetime=3600,
        # Each refresh replaces the refresh token.
        refresh_token_threshold=3600,
    )
    metadata = {
        "issuer": origin,
        "authorization_endpoint": f"{origin}/authorize",
        "token_endpoint": f"{origin}/token",
        "userinfo_endpoint": f"{origin}/userinfo",
        "jwks_uri": f"{origin}/jwks",
        "end_session_endpoint": f"{origin}/logout",
        "scopes_supported": ["openid", "profile", "email"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }
    clients = {client["client_id"]: {**client, "response_types": ["code"]} for client in CONFIG["clients"]}
    key = RSAKey(key=RSA.generate(2048), alg="RS256", use="sig", kid="1")
    return App(Provider(key, metadata, state, clients, Userinfo({"alice": ALICE})))


class App:
    """The endpoints, each a method that returns a status, headers and a body."""

    def __init__(self, provider):
        self.provider = provider
        self.pages = {
            "/.well-known/openid-configuration": lambda *_: as_json(provider.provider_configuration.to_dict()),
            "/jwks": lambda *_: as_json(provider.jwks),
            "/authorize": self.authorize,
            "/token": self.token,
            "/userinfo": self.userinfo,
            "/logout": self.logout,
        }

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length).decode()
        headers = {"Authorization": environ["HTTP_AUTHORIZATION"]} if "HTTP_AUTHORIZATION" in environ else {}
        page = self.pages.get(environ["PATH_INFO"], lambda *_: ("404 Not Found", [], b""))
        status, answer, content = page(environ, body, headers)
        start_response(status, [*answer, ("Content-Length", str(len(content)))])
        return [content]

    def authorize(self, environ, body, headers):
        query = environ["QUERY_STRING"]
        try:
            request = self.provider.parse_authentication_request(query)
        except InvalidAuthenticationRequest as error:
            target = error.to_error_url()
            return redirect(target) if target else as_json({"error": str(error)}, "400 Bad Request")
        if environ["REQUEST_METHOD"] != "POST":
            return "200 OK", [("Content-Type", "text/html; charset=utf-8")], LOGIN.encode()
        form = parse_qs(body)
        if form.get("decision") == ["deny"]:
            return redirect(f"{request['redirect_uri']}?{REFUSAL}&state={request['state']}")
        response = self.provider.authorize(request, form["login"][0])
        return redirect(response.request(request["redirect_uri"]))

    def token(self, environ, body, headers):
        try:
            return as_json(self.provider.handle_token_request(body, headers).to_dict())
        except OAuthError as error:
            status = "401 Unauthorized" if error.oauth_error == "invalid_client" else "400 Bad Request"
            return as_json({"error": error.oauth_error, "error_description": str(error)}, status)

    def userinfo(self, environ, body, headers):
        try:
            return as_json(self.provider.handle_userinfo_request(environ["QUERY_STRING"], headers).to_dict())
        except (BearerTokenError, OAuthError) as error:
            challenge = ("WWW-Authenticate", 'Bearer error="invalid_token"')
            return "401 Unauthorized", [challenge], str(error).encode()

    def logout(self, environ, body, headers):
        request = EndSessionRequest(**dict(parse_qsl(environ["QUERY_STRING"])))
        self.provider.logout_user(end_session_request=request)
        target = self.provider.do_post_logout_redirect(request)
        return redirect(target) if target else ("200 OK", [], b"Logged out.")


def as_json(value, status="200 OK"):
    return status, [("Content-Type", "application/json")], json.dumps(value).encode()


def redirect(target):
    return "303 See Other", [("Location", target)], b""


def new_certificate():
    """A certificate for the loopback address and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pyop on loopback")])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    return certificate.public_bytes(pem).decode(), key.private_bytes(pem, *form).decode()


serve(CONFIG, build, certificate=new_certificate())
