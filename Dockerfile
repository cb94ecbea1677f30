# The service alone: no torch, no compiler, not root.
#   docker build -t inlet . && docker run -p 127.0.0.1:8080:8080 -v inlet:/data inlet
#   docker exec CONTAINER inlet keys create gateway     (without a key every call is answered 401)

# Pinned by tag: no digest could be looked up where this was written. Pin one where images are built
# for use: docker buildx imagetools inspect python:3.11-slim-bookworm
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# Dependencies first, as a layer of their own: a change of our code does not fetch them anew.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; print(*p['dependencies'], *p['optional-dependencies']['oidc'], sep='\n')" > dependencies.txt \
 && pip wheel --wheel-dir /wheels --constraint constraints.txt --requirement dependencies.txt
COPY README.md LICENSE .gitignore ./
COPY app app
COPY models models
COPY training training
RUN pip wheel --wheel-dir /wheels --no-deps . \
 && python -m venv /opt/inlet \
 && /opt/inlet/bin/pip install --no-index --find-links /wheels 'inlet[oidc]' \
 && /opt/inlet/bin/pip uninstall --yes pip setuptools

FROM ${PYTHON}
COPY --from=build /opt/inlet /opt/inlet
RUN groupadd --system --gid 10001 inlet \
 && useradd --system --uid 10001 --gid 10001 --home-dir /data --no-create-home inlet \
 && install --directory --owner=10001 --group=10001 --mode=0700 /data
ENV PATH=/opt/inlet/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    INLET_HOST=0.0.0.0 \
    INLET_PORT=8080 \
    INLET_DATA_DIR=/data
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
# It ends within 20 seconds of this signal; give it 30 before a kill (docker stop --time 30).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('INLET_PORT') or 8080), timeout=4); c.request('GET', '/readyz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["inlet"]
CMD ["serve"]
