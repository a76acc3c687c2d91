# syntax=docker/dockerfile:1
FROM python:3.11-slim-bookworm AS packages
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
WORKDIR /srv/phpsupport
COPY requirements.txt requirements-uv.txt ./
RUN python -m venv /srv/venv \
 && pip install --no-cache-dir --require-hashes -r requirements-uv.txt \
 && uv pip install --no-cache --python /srv/venv/bin/python --require-hashes -r requirements.txt

FROM python:3.11-slim-bookworm
ENV PATH=/srv/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STATIC_ROOT=/srv/static \
    HOST=0.0.0.0 \
    PORT=8000
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin phpsupport
WORKDIR /srv/phpsupport
COPY --from=packages /srv/venv /srv/venv
COPY . .
# Settings refuse to start without their keys; these live for this one command only.
RUN SECRET_KEY=only-for-collecting-the-static-files-of-this-image-0123456789 DIGEST_KEY=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= \
    FIELD_KEYS=build:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= \
    DATABASE_URL=postgresql://build@build/build REDIS_URL=redis://build/0 \
    EMAIL_URL=smtp://build BASE_URL=https://build.example \
    python manage.py collectstatic --noinput --verbosity=0
USER 10001
EXPOSE 8000
# The web process; worker, beat and the migrations are other commands of the same image (compose.yaml).
CMD ["gunicorn", "-c", "python:phpsupport.gunicorn_conf", "phpsupport.wsgi:application"]
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:' + os.environ['PORT'] + '/health/', headers={'Host': os.environ['ALLOWED_HOSTS'].split(',')[0]}), timeout=2.5)"]
