#!/bin/bash
# Installs what the build and the tests need: Debian 12 or 13, on amd64 or arm64.
#
# Says what it does before it does it, and installs only what is missing. On Debian 12, QEMU comes
# from bookworm-backports, whose source is added to /etc/apt/sources.list.d when no source of the
# machine offers it. Uses sudo when not run by root. A stamp in build/ makes the second time
# instant; it depends on this script and on the list of packages.
set -euo pipefail
cd "$(dirname "$0")/.."

list=scripts/packages.txt
qemu_minimum=10
backports_file=/etc/apt/sources.list.d/bulkhead-backports.list
stamp=build/.installed
log=build/install.log
key=$(cat "$0" "$list" | sha256sum)

say() { printf '  INSTALL %s\n' "$*"; }
die() {
    printf 'install: %s\n' "$*" >&2
    exit 1
}

if [ "$(cat "$stamp" 2>/dev/null)" = "$key" ]; then
    exit 0
fi

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "not root and no sudo; run as root: $*"
    fi
}

# What apt says is only worth reading when it fails; then all of it is shown.
apt_get() {
    mkdir -p build
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        die "apt-get $1 failed; its output is above and in $log"
    }
}

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

candidate() { apt-cache policy "$1" | awk '$1 == "Candidate:" { print $2 }'; }

qemu_is_new_enough() {
    local version
    command -v qemu-system-aarch64 >/dev/null || return 1
    version=$(qemu-system-aarch64 --version | sed -n '1s/.*version \([0-9]*\).*/\1/p')
    [ "${version:-0}" -ge "$qemu_minimum" ]
}

update_once() {
    [ -z "${updated:-}" ] || return 0
    say "reading package lists"
    apt_get update
    updated=yes
}

# The newest QEMU that the machine's sources offer, backports included.
qemu_offered() {
    apt-cache madison qemu-system-arm |
        awk -F'|' '{ gsub(/ /, "", $2); sub(/^[0-9]+:/, "", $2); split($2, v, "."); print v[1] }' |
        sort -n | tail -1
}

backports_add() {
    local codename mirror
    # shellcheck disable=SC1091
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    [ "$codename" = bookworm ] ||
        die "no QEMU $qemu_minimum in the package sources of this release (${codename:-unknown}); \
supported: Debian 12 (bookworm) with backports, Debian 13 (trixie)"
    say "adding bookworm-backports for QEMU $qemu_minimum: $backports_file"
    # shellcheck disable=SC2016 # apt expands it
    mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' |
        sed -n 's|/debian/*$||p' | sort -u | sed -n 1p)}
    [ -n "$mirror" ] || die "apt knows no Debian mirror here: set DEBIAN_MIRROR, the address up to /debian"
    echo "deb $mirror/debian bookworm-backports main" |
        as_root tee "$backports_file" >/dev/null
    updated=
    update_once
}

qemu_install() {
    local suite=()
    update_once
    if [ "$(qemu_offered)" -lt "$qemu_minimum" ] 2>/dev/null || [ -z "$(qemu_offered)" ]; then
        backports_add
    fi
    # shellcheck disable=SC1091
    if [ "$(. /etc/os-release && echo "$VERSION_CODENAME")" = bookworm ]; then
        suite=(-t bookworm-backports)
    fi
    say "QEMU (qemu-system-arm)"
    apt_get install -y --no-install-recommends "${suite[@]}" qemu-system-arm
    qemu_is_new_enough || die "QEMU is still older than $qemu_minimum: $(command -v \
qemu-system-aarch64) is not the packaged one?"
}

command -v apt-get >/dev/null || die "this is not a Debian system: install by hand what $list names, \
and QEMU $qemu_minimum or newer"

missing=()
while read -r package _; do
    case $(dpkg --print-architecture)/$package in
    */ | */'#'*) continue ;;
    arm64/*-aarch64-linux-gnu) continue ;; # there, gcc and binutils are these
    esac
    installed "$package" || missing+=("$package")
done <"$list"

if [ ${#missing[@]} -gt 0 ]; then
    update_once
    for package in "${missing[@]}"; do
        [ -n "$(candidate "$package")" ] || die "the package sources do not offer $package"
    done
    say "${missing[*]}"
    apt_get install -y --no-install-recommends "${missing[@]}"
fi
qemu_is_new_enough || qemu_install

mkdir -p build
printf '%s\n' "$key" >"$stamp"
