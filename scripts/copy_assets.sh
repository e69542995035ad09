#!/bin/sh
# Copies htmx out of the hash-checked wheel that carries it.
set -eu

vendor=src/hookline/console/vendor
rm -rf .assets
.venv/bin/pip install --quiet --no-input --no-deps --require-hashes --only-binary :all: \
    --target .assets -r assets.txt
mkdir -p "$vendor"
cp .assets/django_htmx/static/django_htmx/htmx-2.min.js "$vendor/htmx.min.js"
