#!/bin/sh
# Serves from ./data. A first webhook receiver usually runs beside Hookline, so loopback is opened
# here, and only here; the program itself refuses private targets until an operator lists them.
set -eu

if [ -z "${HOOKLINE_ALLOW_TARGETS+set}" ] && ! grep -qs '^ *allow_targets *=' hookline.toml; then
    HOOKLINE_ALLOW_TARGETS="127.0.0.0/8,::1/128"
    export HOOKLINE_ALLOW_TARGETS
    echo "Webhooks may reach this machine: HOOKLINE_ALLOW_TARGETS=$HOOKLINE_ALLOW_TARGETS (set by make run)."
fi
exec .venv/bin/hookline up "$@"
