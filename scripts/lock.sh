#!/bin/sh
# Writes the lock files anew for every supported Python on Linux and macOS; needs uv. No index address is recorded.
set -eu
cd "$(dirname "$0")/.."
compile="${UV:-uv} pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --upgrade pyproject.toml"
$compile --output-file requirements.lock
$compile --group dev --constraint requirements.lock --output-file requirements-dev.lock
