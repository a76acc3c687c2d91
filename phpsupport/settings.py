"""All settings, from the environment. README.md has the table of the variables."""

from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from phpsupport.lib import env

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.flag("DEBUG", default=False)
# The demo program: invented people, no compulsory second factor, mail shown at /dev/mail/.
DEMO = env.flag("DEMO", default=False)
SECRET_KEY = env.secret("SECRET_KEY", example="(50 random characters)")
FIELD_KEYS = env.keys("FIELD_KEYS")
DIGEST_KEY = env.key("DIGEST_KEY")
SEAL_KEYS = env.keys("SEAL_KEYS", optional=True)  # see phpsupport.lib.sealing
BASE_URL = env.site("BASE_URL", default="http://127.0.0.1:8000")
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS", default=[str(urlsplit(BASE_URL).hostname), "localhost", "127.0.0.1"]
)
CSRF_TRUSTED_ORIGINS = [BASE_URL]
REDIS_URL = env.broker("REDIS_URL")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "pgtrigger",
    "pghistory",
    "phpsupport.lib",
    "phpsupport.users",
    "phpsupport.programs",
    "phpsupport.audit",
    "phpsupport.access",
    "phpsupport.outbox",
    "participants",
    "facilitators",
    "sessions",
    "phpsupport",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "phpsupport.middleware.AnswerMiddleware",
    "phpsupport.middleware.BadInputMiddleware",
    "sessions.middleware.NoCookiesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "sessions.middleware.KioskMiddleware",
    "phpsupport.access.middleware.SignOffMiddleware",
    "phpsupport.access.middleware.SecondFactorMiddleware",
    "phpsupport.access.middleware.ProgramMiddleware",
    "phpsupport.audit.middleware.AuditMiddleware",
]

ROOT_URLCONF = "phpsupport.urls"
WSGI_APPLICATION = "phpsupport.wsgi.application"
APPEND_SLASH = True
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

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
                "phpsupport.home.frame.frame",
            ],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_FAIL_SILENTLY = False

# --- the database: the application's role owns nothing; the owner's role migrates -------------
_APP = env.database("DATABASE_URL")
_OWNER = env.database("DATABASE_OWNER_URL", default=env.text("DATABASE_URL", example=""))
APPLICATION_ROLE = str(_APP["USER"])
OWNER_ROLE = str(_OWNER["USER"])
DATABASES = {
    "default": {
        **{"app": _APP, "owner": _OWNER}[
            env.choice("DATABASE_ROLE", default="app", choices=["app", "owner"])
        ],
        "CONN_MAX_AGE": env.number("DATABASE_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}

# --- language, time, files --------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = env.text(
    "STATIC_ROOT", default=str(BASE_DIR / ".local" / "static"), example="/srv/static"
)
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["phpsupport.lib.uploads.InMemory"]  # never a file on the disk
DATA_UPLOAD_MAX_NUMBER_FILES = 500  # the form says how many it takes

# --- sign-in ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home:today"
ACCOUNT_FORMS = {
    "login": "phpsupport.users.sign_in_forms.SignInForm",
    "reset_password": "phpsupport.access.forms.NewPasswordForm",
    "add_email": "phpsupport.users.sign_in_forms.ChangeAddressForm",
    "change_password": "phpsupport.users.sign_in_forms.OtherPasswordForm",
    "set_password": "phpsupport.users.sign_in_forms.FirstPasswordForm",
    "reset_password_from_key": "phpsupport.users.sign_in_forms.PasswordByLinkForm",
}
ACCOUNT_ADAPTER = "phpsupport.users.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation, opened from the mailbox, is the verification
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if BASE_URL.startswith("https") else "http"
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXIES", default=0)
MFA_ADAPTER = "phpsupport.users.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "phpsupport"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG or DEMO
MFA_REQUIRED = env.flag("MFA_REQUIRED", default=not DEMO)
USERSESSIONS_TRACK_ACTIVITY = False

# Not in a cookie: a message may name somebody.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_USE_SESSIONS = True
CSRF_FAILURE_VIEW = "phpsupport.home.views.faults.form_expired"

# --- transport ----------------------------------------------------------------------------------
SECURE = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^health/$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if not (SECURE or DEBUG or DEMO):
    raise ImproperlyConfigured(
        "the setting BASE_URL must start with https:// outside development and the demo, "
        "for example BASE_URL=https://peers.example"
    )

# Bootstrap draws its arrows and ticks as data: images; everything else comes from this host.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- mail and jobs --------------------------------------------------------------------------------
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
globals().update(env.mail("EMAIL_URL"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.sender(
    "MAIL_FROM",
    default="Appointments <appointments@localhost>",
    example="Appointments <appointments@peers.example>",
)
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# The catcher of `make run` writes what it received here; the page /dev/mail/ shows it.
DEV_MAIL_DIR = env.text("DEV_MAIL_DIR", default="", example=".local/mail") if DEBUG or DEMO else ""

CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,  # over the longest task
    "socket_connect_timeout": 3,  # a page that queues a message must not hang on the broker
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_DB_REUSE_MAX = 500
CELERY_TIMEZONE = "UTC"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "phpsupport.lib.logs.Line",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["stderr"],
        "level": env.choice(
            "LOG_LEVEL", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
        ),
    },
    "loggers": {"django.request": {"level": "ERROR"}},
}
SILENCED_SYSTEM_CHECKS: list[str] = []
