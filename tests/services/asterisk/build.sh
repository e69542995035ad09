#!/usr/bin/env bash
# Makes the root file system of the tests' Asterisk: build.sh FOLDER. About a minute and 450 MB; needs
# root and a Debian mirror in the apt sources. Nothing is installed on the host.
set -euo pipefail
dir=$(realpath -m "${1:?a folder}")
[[ -x $dir/usr/sbin/asterisk ]] && exit 0
mkdir -p "$(dirname "$dir")"
work=$(mktemp -d)
trap 'rm -rf "$work" "$dir.half"' EXIT
cd "$work"
apt-get -q update >/dev/null
apt-get -q download mmdebstrap >/dev/null
dpkg-deb -x mmdebstrap_*.deb tools
# Debian 12 and 13 carry no Asterisk; unstable has 22 (LTS). Its Release file may look expired: a mirror's clock.
mirror=$(grep -rhoE --include='*.list' --include='*.sources' 'https?://[^ ]+/debian/?( |$)' /etc/apt | head -n 1 | tr -d ' ' || true)
perl tools/usr/bin/mmdebstrap --quiet --mode=root --variant=minbase \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' \
    --include=asterisk,sip-tester \
    sid "$dir.half" "deb ${mirror:?no Debian mirror in the apt sources} sid main"
rm -rf "$dir"
mv "$dir.half" "$dir"
