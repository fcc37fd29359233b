"""django-oauth-toolkit on loopback; ../loopback.py says how it is started.

Everything is as shipped (PKCE required, refresh tokens rotate, logout asks the user), but for:
  - OpenID Connect and RP-initiated logout are enabled;
  - reuse of a refresh token revokes the login;
  - secrets are hashed by a fast algorithm.
"""

import django
from django.conf import settings as django_settings
from django.core.management.utils import get_random_secret_key
from jwcrypto.jwk import JWK
from loopback import ALICE, LOGIN, serve, settings

CONFIG = settings()
APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"]

django_settings.configure(
    SECRET_KEY=get_random_secret_key(),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=APPS,
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    # The server has one thread, so one connection.
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    # Hashing as slow as it should be takes most of the test's time.
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    # Tables are made from the models at once.
    MIGRATION_MODULES={app.rpartition(".")[2]: None for app in APPS},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    LOGIN_URL="/login",
    USE_TZ=True,
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": JWK.generate(kty="RSA", size=2048).export_to_pem(True, None).decode(),
        "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
        "OAUTH2_VALIDATOR_CLASS": f"{__name__}.validator",
        "SCOPES": {"openid": "Who you are", "profile": "Your name", "email": "Your address"},
        "ACCESS_TOKEN_EXPIRE_SECONDS": CONFIG.get("access_token_ttl", 3600),
        "REFRESH_TOKEN_REUSE_PROTECTION": True,
    },
)
django.setup()

from django.contrib.auth import get_user_model, login  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse, HttpResponseRedirect  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402
from oauth2_provider.oauth2_validators import OAuth2Validator  # noqa: E402


class Validator(OAuth2Validator):
    """Adds the user's claims; the subject is the user's name."""

    oidc_claim_scope = None

    def get_additional_claims(self, request):
        return {"sub": request.user.username, **ALICE}


validator = Validator


@csrf_exempt
def sign_in(request):
    if request.method != "POST":
        return HttpResponse(LOGIN)
    login(request, get_user_model().objects.get(username=request.POST["login"]))
    return HttpResponseRedirect(request.GET["next"])


urlpatterns = [path("login", sign_in), path("o/", include("oauth2_provider.urls"))]


def build(_origin):
    call_command("migrate", run_syncdb=True, verbosity=0)
    get_user_model().objects.create_user("alice", email=ALICE["email"])
    for client in CONFIG["clients"]:
        Application.objects.create(
            client_id=client["client_id"],
            client_secret=client.get("client_secret", ""),
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
            redirect_uris=" ".join(client["redirect_uris"]),
            post_logout_redirect_uris=" ".join(client["post_logout_redirect_uris"]),
            algorithm=Application.RS256_ALGORITHM,
        )
    return get_wsgi_application()


serve(CONFIG, build, "/o")
