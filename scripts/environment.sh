#!/bin/sh
# Prepares .venv with the pinned packages of a lock file: environment.sh LOCK
# Runs again in no time and without a network when nothing changed. PYTHON=… chooses the interpreter.
# requirements-dev.lock holds all of requirements.lock, so having the first means having the second.
set -eu
cd "$(dirname "$0")/.."

usable() {  # runs, and is new enough
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

prepared() {  # a whole environment (an interrupted run leaves one without pip), made by the Python that is asked for
    usable .venv/bin/python && .venv/bin/python -c 'import pip' >/dev/null 2>&1 &&
        { [ -z "${PYTHON:-}" ] || [ "$(cat "$origin" 2>/dev/null)" = "$PYTHON" ]; }
}

lock=$1
stamp=.venv/.installed-locks
origin=.venv/.made-by
wanted=$(cksum "$lock")
if prepared && grep -qxF "$wanted" "$stamp" 2>/dev/null; then
    exit 0
fi

python=${PYTHON:-}
if [ -z "$python" ]; then
    for candidate in python3 python3.13 python3.12 python3.11 python3.14 python; do
        if usable "$candidate"; then python=$candidate; break; fi
    done
fi
if [ -z "$python" ] || ! usable "$python"; then
    found=$("${python:-python3}" --version 2>/dev/null || true)
    {
        echo "Pressroom needs Python 3.11 or newer; found: ${found:-none}${python:+ at $python}."
        echo "Install one and run make again:"
        echo "  Debian, Ubuntu:  sudo apt-get install python3 python3-venv"
        echo "  macOS:           brew install python@3.13"
        echo "  older releases:  the packages of deadsnakes (Ubuntu), or https://docs.astral.sh/uv (uv python install)"
        echo "or name one that is already there:  make ${MAKECMDGOALS:-demo} PYTHON=/path/to/python3.11"
    } >&2
    exit 1
fi

if ! prepared; then
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        {
            echo "This Python ($python, $version) cannot make virtual environments."
            echo "Install the missing part and run make again:"
            echo "  sudo apt-get install python$version-venv"
        } >&2
        exit 1
    fi
    echo "Making the virtual environment .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
    echo "${PYTHON:-}" > "$origin"
fi

echo "Installing the pinned packages of $lock (once)"
rm -f "$stamp"
PIP_ROOT_USER_ACTION=ignore .venv/bin/python -m pip install \
    --quiet --quiet --disable-pip-version-check --require-hashes --requirement "$lock" || {
    echo "The packages could not be installed. Check the connection to the package registry and run make again." >&2
    exit 1
}
case $lock in
    *-dev.lock) cksum "$lock" requirements.lock > "$stamp" ;;
    *) cksum "$lock" > "$stamp" ;;
esac
