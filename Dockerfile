# The panel's code and packages; compose.yaml says which of its processes a container runs.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv/smmpanel
COPY requirements.txt .
RUN pip install --no-deps --requirement requirements.txt
COPY . .
# Static files are collected into the image; nothing here connects to anything, so the values are only placeholders.
RUN SECRET_KEY=unused FIELD_KEYS=unused DATABASE_URL=postgres://unused python manage.py collectstatic --no-input \
    && useradd --system smmpanel && mkdir -p var/mail && chown -R smmpanel var
USER smmpanel
EXPOSE 8000
CMD ["python", "-m", "granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "2", "--blocking-threads", "8", "--workers-kill-timeout", "8", "smmpanel.wsgi:application"]
