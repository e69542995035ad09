#!/bin/sh
# Copies the front-end assets out of the hash-checked wheel. htmx.min.js is last: make takes its
# presence for "all are there".
set -eu

vendor=src/hookline/console/vendor
rm -rf .assets
.venv/bin/pip install --quiet --no-input --no-deps --require-hashes --only-binary :all: \
    --target .assets -r assets.txt
mkdir -p "$vendor"
carried=.assets/django_htmx/static/django_htmx
cp "$carried/ext/hx-sse-2.min.js" "$vendor/htmx-ext-sse.js"
cp "$carried/htmx-2.min.js" "$vendor/htmx.min.js"
