#!/bin/bash
# Run once by Gradescope, as root, while it builds the image: what submissions are built with, and the tool itself.
set -eu
export DEBIAN_FRONTEND=noninteractive
if ! command -v cc >/dev/null || ! command -v make >/dev/null; then
    apt-get update
    apt-get install -y --no-install-recommends gcc libc6-dev make
fi
chmod +x /autograder/source/ipclab
/autograder/source/ipclab --version
# For the build log: how well programs can be kept apart here. Any level grades.
/autograder/source/ipclab doctor || true
