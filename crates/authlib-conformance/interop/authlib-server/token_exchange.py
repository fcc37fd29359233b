"""Token exchange (RFC 8693) as a grant of Authlib, which has no class for it."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import BaseGrant, InvalidRequestError, TokenEndpointMixin, UnauthorizedClientError

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


class InvalidTargetError(OAuth2Error):
    """RFC 8693 §2.2.2."""

    error = "invalid_target"


def token_exchange_grant(store, auth_methods, audiences):
    """The grant's class; `audiences` are those that it knows, None for any."""

    class TokenExchangeGrant(BaseGrant, TokenEndpointMixin):
        GRANT_TYPE = TOKEN_EXCHANGE
        TOKEN_ENDPOINT_AUTH_METHODS = auth_methods

        def validate_token_request(self):
            client = self.authenticate_token_endpoint_client()
            if not client.check_grant_type(self.GRANT_TYPE):
                raise UnauthorizedClientError(f"The client is not authorized to use 'grant_type={self.GRANT_TYPE}'")
            self.request.client = client
            form = self.request.form
            if form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
                raise InvalidRequestError("Unsupported 'requested_token_type' in request.")
            subject = self.token("subject_token")
            self.request.user = subject.get_user()
            # RFC 8693 §2.1: each of the two may come several times.
            targets = [*form.getlist("audience"), *form.getlist("resource")]
            if audiences is not None and not set(targets) <= set(audiences):
                raise InvalidTargetError()
            self.request.exchange_claims = {"aud": targets} if targets else {}
            if "actor_token" in form:
                self.request.exchange_claims["act"] = self.act(subject)
            elif "actor_token_type" in form:
                raise InvalidRequestError("An 'actor_token_type' without 'actor_token' in request.")
            self.validate_requested_scope()
            self.scope = form.get("scope") or subject.get_scope()
            if not set(self.scope.split()) <= set(subject.get_scope().split()):
                raise InvalidRequestError("The scope is wider than the subject token's.")

        def token(self, name):
            """The token of one of the two pairs of parameters, which must be alive."""
            form = self.request.form
            if form.get(f"{name}_type") != ACCESS_TOKEN:
                raise InvalidRequestError(f"Missing or unsupported '{name}_type' in request.")
            token = store.by_access_token(form.get(name))
            if not token or token.is_expired() or token.is_revoked():
                raise InvalidRequestError(f"Invalid '{name}' in request.")
            return token

        def act(self, subject):
            """RFC 8693 §4.1: who acts now, around those who acted before."""
            actor = self.token("actor_token")
            act = {"sub": actor.user.user_id if actor.user else actor.client_id}
            if "act" in subject.extra:
                act["act"] = subject.extra["act"]
            return act

        def create_token_response(self):
            token = self.generate_token(user=self.request.user, scope=self.scope, include_refresh_token=False)
            self.save_token(token)
            return 200, {**token, "issued_token_type": ACCESS_TOKEN}, self.TOKEN_RESPONSE_HEADER

    return TokenExchangeGrant
