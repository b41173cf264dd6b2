# One image for every part of a deployment: web, senders, workers, beat (see compose.yaml).
FROM python:3.11-slim AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /venv
COPY requirements.txt constraints.txt ./
RUN /venv/bin/pip install -r requirements.txt

FROM python:3.11-slim

ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings \
    MAILWRIGHT_DATA_DIR=/data \
    BIND=0.0.0.0 \
    PORT=8000

RUN useradd --system --uid 10001 --user-group --home-dir /data --create-home mailwright
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
# The key is for this one command and stays out of the image's environment.
RUN SECRET_KEY=unused-while-building python manage.py collectstatic --no-input

USER mailwright
# Journals of the senders, uploaded files: shared by all parts, kept over restarts.
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8", \
     "--graceful-timeout", "20", "--no-control-socket", "--worker-tmp-dir", "/dev/shm"]
