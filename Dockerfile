# One image for web, worker and beat. The first stage builds the stylesheet and collects the static files.
FROM python:3.11-slim AS build
WORKDIR /portal
COPY requirements requirements
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/run.txt
COPY . .
ENV VAR_DIR=/built STATIC_ROOT=/portal/collected DEBUG=0 \
    SECRET_KEY=only-for-building FIELD_KEYS=only-for-building WEBHOOK_KEY_SECRETS=only-for-building \
    PUBLIC_BASE_URL=https://only-for-building.invalid
RUN python manage.py css && python manage.py collectstatic --noinput --verbosity 0 --ignore css/app.css

FROM python:3.11-slim
WORKDIR /portal
COPY requirements requirements
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/prod.txt \
 && useradd --system --home-dir /nonexistent --no-create-home portal \
 && install -d -o portal -g portal -m 700 /var/lib/portal
COPY . .
COPY --from=build /portal/collected collected
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DEBUG=0 \
    VAR_DIR=/var/lib/portal STATIC_ROOT=/portal/collected BIND=0.0.0.0:8000
USER portal
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["gunicorn", "-c", "python:portal.gunicorn_config", "portal.wsgi"]
