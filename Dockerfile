# Profond in a container: no compiler, no pip, no root; everything it writes is in /data.
# Both stages stand on the same pinned Python; raise the two lines together.
FROM python:3.13.9-slim-trixie AS build

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_PROJECT_ENVIRONMENT=/opt/profond \
    UV_PYTHON_DOWNLOADS=never

RUN pip install uv==0.13.9

WORKDIR /src
# The libraries first: they change less often than the code.
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --extra postgres --no-install-project

COPY README.md LICENSE ./
COPY bots bots
COPY core core
COPY knowledge_base knowledge_base
COPY migrations migrations
RUN uv sync --locked --no-dev --extra postgres --no-editable


FROM python:3.13.9-slim-trixie

RUN python -m pip uninstall --yes --root-user-action=ignore pip \
    && groupadd --gid 10001 profond \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin profond \
    && install --directory --owner=profond --group=profond --mode=0700 /data

COPY --from=build /opt/profond /opt/profond

ENV PATH=/opt/profond/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PROFOND_LOG_FORMAT=json \
    PROFOND_LOG_LEVEL=info \
    PORT=8080

WORKDIR /data
VOLUME /data
USER 10001:10001
STOPSIGNAL SIGTERM

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=4)"]

ENTRYPOINT ["profond"]
CMD ["discord"]
