"""Every setting, once. Installations differ by environment variables only; `.env.example` lists them."""

from pathlib import Path
from urllib.parse import urlsplit

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()
# What is already in the environment wins, then the operator's file, then what `make run` wrote for its own services.
env.read_env(BASE_DIR / ".env")
env.read_env(VAR_DIR / "embedded.env")

# --- the installation (decision 29)
SITE_NAME = env.str("SITE_NAME", default="smmpanel")
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000")
OPERATOR = env.str("OPERATOR", default=f"the operator of {SITE_NAME}")  # who the terms are with: name and address
GOVERNING_LAW = env.str("GOVERNING_LAW", default="the country in which the operator has its seat")
SUPPORT_EMAIL = env.str("SUPPORT_EMAIL", default="support@example.test")
CURRENCY = env.str("CURRENCY", default="USD")
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
STAFF_MFA_REQUIRED = env.bool("STAFF_MFA_REQUIRED", default=True)
DEMO = env.bool("DEMO", default=False)

# --- secrets and trust
SECRET_KEY = env.str("SECRET_KEY")
FIELD_KEYS = env.list("FIELD_KEYS")  # Fernet keys, the newest first; older ones still decrypt
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
OUTBOUND_ALLOW = env.list("OUTBOUND_ALLOW", default=[])  # host:port pairs that may pass the address guard

HTTPS = SITE_URL.startswith("https://")
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"

# --- the application
INSTALLED_APPS = [
    "smmpanel",
    "support",
    "orders",
    "wallet",
    "policies",
    "accounts",
    "plumbing",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "template_partials",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "smmpanel.middleware.PermissionsPolicy",
    "django.middleware.common.CommonMiddleware",
    "smmpanel.middleware.ApiShortcut",  # calls under /api/ go no further down: no session, no CSRF (decision 19)
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "smmpanel.middleware.UserTimeZone",
    "smmpanel.middleware.PrivatePages",
    "smmpanel.middleware.StaffNeedSecondFactor",
]
ROOT_URLCONF = "smmpanel.urls"
WSGI_APPLICATION = "smmpanel.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "smmpanel.context.site",
            ],
        },
    }
]

# --- state: Postgres is the truth, Redis carries messages and caches that may be lost
DATABASES = {"default": env.db_url("DATABASE_URL", engine="django.db.backends.postgresql")}
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
# Nobody waits for another's lock for ever: what gives up is undone, and said to the caller or done by the next tick.
DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c lock_timeout=10s"
REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "plumbing.caches.FailOpenRedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
            "KEY_PREFIX": "smmpanel",
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "plumbing_cache"}}

# --- accounts (decision 26)
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.NotTooLong"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_ADAPTER = "accounts.adapters.Accounts"
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignUp"
# With a mail server addresses are proved, and a sign-up never tells which addresses have an account.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if "EMAIL_URL" in env.ENVIRON else "optional"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ADAPTER = "accounts.adapters.SecondFactors"
# Where no mail server can prove an address, staff must still be able to set up their second factor.
MFA_ALLOW_UNVERIFIED_EMAIL = ACCOUNT_EMAIL_VERIFICATION == "optional"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "orders:index"
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
EMAIL_BACKEND = EMAIL_CONFIG["EMAIL_BACKEND"]
if "EMAIL_URL" in env.ENVIRON:
    vars().update(EMAIL_CONFIG)
else:  # without a mail server, mail lies where an operator can read it
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=10)  # seconds for each step of the conversation with the mail server
DEFAULT_FROM_EMAIL = SUPPORT_EMAIL
ALARM_EMAIL = env.str("ALARM_EMAIL", default="")  # who is told what needs a person (decision 28)

# --- language and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
USE_I18N = True
FORMAT_MODULE_PATH = ["smmpanel.formats"]
USE_TZ = True

# --- static files: hashed names, served by the web process itself
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env.str("STATICFILES_STORAGE", default="whitenoise.storage.CompressedManifestStaticFilesStorage")
    },
}

# --- what a page may load: itself (decision 5)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

# --- API v2
API_CALLS_PER_MINUTE = env.int("API_CALLS_PER_MINUTE", default=600)  # per customer
API_V2_READ_BY_GET = env.bool("API_V2_READ_BY_GET", default=False)

# --- payments: a gateway without its keys is not offered (docs/adr/0009-payments.md)
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_URL = env.str("STRIPE_API_URL", default="https://api.stripe.com")
BTCPAY_URL = env.str("BTCPAY_URL", default="")
BTCPAY_STORE_ID = env.str("BTCPAY_STORE_ID", default="")
BTCPAY_API_KEY = env.str("BTCPAY_API_KEY", default="")
BTCPAY_WEBHOOK_SECRET = env.str("BTCPAY_WEBHOOK_SECRET", default="")
SANDBOX_URL = env.str("SANDBOX_URL", default="")  # `make run` sets both with DEMO; smmpanel/checks.py refuses them else
SANDBOX_SECRET = env.str("SANDBOX_SECRET", default="")
# The form for adding funds leads to a gateway's page, and browsers hold a form's redirects to form-action, too.
PAY_PAGES = {
    "https://checkout.stripe.com": STRIPE_SECRET_KEY,
    "{0.scheme}://{0.netloc}".format(urlsplit(BTCPAY_URL)): BTCPAY_URL,
    "{0.scheme}://{0.netloc}".format(urlsplit(SANDBOX_URL)): SANDBOX_URL,
}
CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"] += [page for page, key in PAY_PAGES.items() if key]

# --- workers: Celery is the clock and the hands (decision 9); the timetable is in smmpanel/celery.py
BROKER_URL = env.str("BROKER_URL", default=REDIS_URL or "memory://")
# How long what a killed worker had claimed stays claimed. Shorter than a call may take, leases end under the living:
# that is safe, and makes unknowns that the late answer settles.
PROVIDER_LEASE_SECONDS = env.int("PROVIDER_LEASE_SECONDS", default=90)  # sending to, or looking at, one provider
CLAIM_LEASE_SECONDS = env.int("CLAIM_LEASE_SECONDS", default=60)  # a run being submitted, a batch being looked at
# Between two looks at an order that is fresh or about to end; others wait 8 or 60 times as long. 2 in `make run`.
POLL_SECONDS = env.int("POLL_SECONDS", default=30)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {"stripe": {"level": "WARNING"}},  # below, it writes whole requests with customers' addresses
}
