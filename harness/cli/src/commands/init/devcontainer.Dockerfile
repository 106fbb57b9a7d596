# What submissions are built with, and ipclab, which get-ipclab.sh fetches or builds.
FROM rust:1.90-slim-bookworm AS tool
# Versions are those of the release that the image is of.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/*
COPY get-ipclab.sh /get-ipclab.sh
ENV IPCLAB_FROM="@FROM@" \
    IPCLAB_VERSION="@VERSION@" \
    IPCLAB_SHA256="@SHA256@" \
    IPCLAB_BIN=/usr/local/bin
RUN sh /get-ipclab.sh

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates gcc gdb git libc6-dev make man-db manpages-dev python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --shell /bin/bash student
COPY --from=tool /usr/local/bin/ipclab /usr/local/bin/ipclab
# Editors look the name up in the image.
# hadolint ignore=DL3066
USER student
