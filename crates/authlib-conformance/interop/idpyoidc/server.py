"""The OpenID provider of idpyoidc on loopback; ../loopback.py says how it is started.

idpyoidc is a library without pages and without a web framework: the form for login and the way of requests and
responses through its endpoints are here. Endpoints and authentication methods are its defaults, with PKCE required.
"""

import json
import logging
import os
from http.cookies import SimpleCookie
from urllib.parse import parse_qs

from idpyoidc.client.defaults import DEFAULT_KEY_DEFS
from idpyoidc.message.oidc import AuthorizationRequest
from idpyoidc.server import Server
from idpyoidc.server.configure import OP_DEFAULT_CONFIG, OPConfiguration
from idpyoidc.server.user_authn.user import UserAuthnMethod, create_signed_jwt
from loopback import ALICE, LOGIN, serve, settings

CONFIG = settings()
ACR = "urn:oasis:names:tc:SAML:2.0:ac:classes:InternetProtocolPassword"
TTL = CONFIG.get("access_token_ttl", 3600)


class LoginForm(UserAuthnMethod):
    """Shows the form; it carries what idpyoidc needs afterwards, signed."""

    def __call__(self, **kwargs):
        keys = self.upstream_get("attribute", "keyjar")
        token = create_signed_jwt(self.upstream_get("context").issuer, keys, **kwargs)
        hidden = f'<form method="post" action="/verify"><input type="hidden" name="token" value="{token}">'
        return LOGIN.replace('<form method="post" action="">', hidden)


def configuration(origin):
    rules = OP_DEFAULT_CONFIG["authz"]["kwargs"]["grant_config"]["usage_rules"]
    rules["access_token"]["expires_in"] = TTL
    tokens = {
        "code": {"kwargs": {"lifetime": 600, "password": os.urandom(16)}},
        "token": {"class": "idpyoidc.server.token.jwt_token.JWTToken", "kwargs": {"lifetime": TTL}},
        "refresh": {"class": "idpyoidc.server.token.jwt_token.JWTToken", "kwargs": {"lifetime": 3600}},
        "id_token": {"class": "idpyoidc.server.token.id_token.IDToken", "kwargs": {}},
    }
    pkce = {"essential": True, "code_challenge_method": "S256"}
    return {
        "issuer": origin,
        "key_conf": {"key_defs": DEFAULT_KEY_DEFS, "uri_path": "jwks"},
        "token_handler_args": tokens,
        "authentication": {"form": {"acr": ACR, "class": LoginForm, "kwargs": {}}},
        "userinfo": {"class": "idpyoidc.server.user_info.UserInfo", "kwargs": {"db": {"alice": ALICE}}},
        "add_on": {"pkce": {"function": "idpyoidc.server.oauth2.add_on.pkce.add_support", "kwargs": pkce}},
        "preference": {"subject_types_supported": ["public"]},
    }


def build(origin):
    server = Server(OPConfiguration(configuration(origin)))
    for client in CONFIG["clients"]:
        server.context.cdb[client["client_id"]] = {
            **client,
            "redirect_uris": [(uri, {}) for uri in client["redirect_uris"]],
            "response_types_supported": ["code"],
            "allowed_scopes": ["openid", "profile", "email", "offline_access"],
        }
    return App(server)


class App:
    """Hands requests to the endpoint of their path."""

    def __init__(self, server):
        self.server = server
        self.endpoints = {"/" + endpoint.endpoint_path.strip("/"): endpoint for endpoint in server.endpoint.values()}

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length).decode()
        try:
            status, headers, content = self.answer(environ, body)
        except Exception as error:  # As its own Flask example does.
            logging.exception("the request failed")
            name = "invalid_client" if "Client" in type(error).__name__ else "invalid_request"
            status, headers = "400 Bad Request", [("Content-Type", "application/json")]
            content = json.dumps({"error": name, "error_description": str(error)})
        content = content.encode()
        start_response(status, [*headers, ("Content-Length", str(len(content)))])
        return [content]

    def answer(self, environ, body):
        path = environ["PATH_INFO"]
        if path == "/jwks":
            return "200 OK", [("Content-Type", "application/json")], self.server.keyjar.export_jwks_as_json()
        if path == "/verify":
            return self.verify(parse_qs(body))
        endpoint = self.endpoints.get(path)
        if endpoint is None:
            return "404 Not Found", [], ""
        cookies = SimpleCookie(environ.get("HTTP_COOKIE", ""))
        headers = {"authorization": environ["HTTP_AUTHORIZATION"]} if "HTTP_AUTHORIZATION" in environ else {}
        http_info = {
            "headers": headers,
            "method": environ["REQUEST_METHOD"],
            "url": self.server.context.issuer + path,
            "cookie": [{"name": name, "value": morsel.value} for name, morsel in cookies.items()],
        }
        text = environ["QUERY_STRING"] if environ["REQUEST_METHOD"] == "GET" else body
        parameters = {name: values[0] for name, values in parse_qs(text).items()}
        request = endpoint.parse_request(parameters, http_info=http_info)
        if "error" in request:
            return "400 Bad Request", [("Content-Type", "application/json")], request.to_json()
        return self.respond(endpoint, request, endpoint.process_request(request, http_info=http_info))

    def verify(self, form):
        """The login form: continues the authorization request."""
        method = self.server.context.authn_broker.get_method_by_id("form")
        done = method.unpack_token(form["token"][0])
        request = AuthorizationRequest().from_urlencoded(done["query"])
        endpoint = self.server.endpoint["authorization"]
        session = endpoint.create_session(request, form["login"][0], done["authn_class_ref"], done["iat"], method)
        return self.respond(endpoint, request, endpoint.authz_part2(request=request, session_id=session))

    def respond(self, endpoint, request, result):
        if "http_response" in result:
            return "200 OK", [("Content-Type", "text/html; charset=utf-8")], result["http_response"]
        if "error" in result and endpoint.response_placement == "body":
            return "400 Bad Request", [("Content-Type", "application/json")], json.dumps(dict(result))
        done = endpoint.do_response(request=request, **result)
        cookies = [("Set-Cookie", f"{cookie['name']}={cookie['value']}; Path=/") for cookie in done.get("cookie", [])]
        if done.get("response_placement", endpoint.response_placement) == "url":
            return "303 See Other", [("Location", done["response"]), *cookies], ""
        return "200 OK", [*done["http_headers"], *cookies], done["response"]


serve(CONFIG, build)
