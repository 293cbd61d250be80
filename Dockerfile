# The last stage holds what the lock file pins and the code, and nothing to build with.
# It runs as a user of its own on a read-only root file system; only /var/lib/sluicegate is written.
ARG PYTHON=3.13-slim

FROM python:${PYTHON} AS packages
# Wheels only: building a package would run its scripts.
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/sluicegate
ENV PATH=/opt/sluicegate/bin:$PATH
WORKDIR /src
COPY requirements.lock ./
RUN pip install --only-binary :all: --require-hashes --requirement requirements.lock

# For work on the code: compose mounts the sources over /src and reloads on change.
FROM packages AS dev
COPY requirements-dev.lock ./
RUN pip install --only-binary :all: --require-hashes --requirement requirements-dev.lock
COPY . ./
RUN pip install --no-build-isolation --no-deps --editable .
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 GATEWAY_AUDIT_PATH=/tmp/audit
USER 10001:10001
EXPOSE 8080
CMD ["adev", "runserver", "gateway", "--host", "0.0.0.0", "--port", "8080"]

FROM packages AS build
COPY . ./
RUN pip install --no-build-isolation --no-deps . && pip uninstall --yes setuptools pip

FROM python:${PYTHON} AS runtime
LABEL org.opencontainers.image.title="sluicegate" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 sluicegate \
 && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin sluicegate \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/sluicegate /var/lib/sluicegate/audit
COPY --from=build /opt/sluicegate /opt/sluicegate
ENV PATH=/opt/sluicegate/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    GATEWAY_HOST=0.0.0.0 \
    GATEWAY_PORT=8080 \
    GATEWAY_AUDIT_PATH=/var/lib/sluicegate/audit
WORKDIR /var/lib/sluicegate
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['GATEWAY_PORT']}/healthz\", timeout=2)"]
CMD ["python", "-m", "gateway", "serve"]
