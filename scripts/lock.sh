#!/bin/sh
# Resolves pyproject.toml into the two hashed locks, for every supported Python and platform.
# Versions that still fit are kept; --upgrade takes the newest.
set -eu

UV_VERSION=0.13.9
if [ "$(.tools/uv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" != "$UV_VERSION" ]; then
    "$(scripts/find_python.sh)" -m venv --clear .tools/uv
    .tools/uv/bin/pip install --quiet --no-input "uv==$UV_VERSION"
fi

export UV_CUSTOM_COMPILE_COMMAND="make lock"
compile() {
    .tools/uv/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate "$@"
}
compile --group build --output-file requirements.lock "$@"
compile --group build --extra dev --constraints requirements.lock \
    --output-file requirements-dev.lock "$@"
