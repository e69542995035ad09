#!/bin/sh
# Prints the Python that Hookline is set up with: $PYTHON, else the first that fits.
# With --bare it need not be able to make virtual environments.
set -u

fits() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

makes_environments() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

without_venv=""
for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
    fits "$candidate" || continue
    if [ "${1:-}" = "--bare" ] || makes_environments "$candidate"; then
        command -v "$candidate"
        exit 0
    fi
    without_venv=${without_venv:-$candidate}
done

if [ -n "$without_venv" ]; then
    echo "$without_venv cannot make virtual environments: the modules venv and ensurepip are missing." >&2
    echo "On Debian and Ubuntu: sudo apt install python3-venv (or $without_venv-venv), then try again." >&2
elif [ -n "${PYTHON:-}" ]; then
    echo "PYTHON=$PYTHON is not a Python 3.11 or newer." >&2
else
    echo "Hookline needs Python 3.11 or newer, and found none in PATH." >&2
    echo "On Debian 12: sudo apt install python3 python3-venv. On macOS: brew install python@3.11." >&2
    echo "A Python elsewhere is taken with: make PYTHON=/path/to/python3.11 ..." >&2
fi
exit 1
