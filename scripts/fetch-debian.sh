#!/bin/bash
# Fetches Debian packages for the guests into the downloads cache, without touching the host's apt.
#
# Usage: fetch-debian.sh PACKAGE...      prints nothing on standard output but `PACKAGE FILE` lines
#
# The packages come from the GUEST_SUITE (bookworm on every host, so that all hosts run the same
# guests) for arm64, through an apt configuration of its own: the host needs no foreign
# architecture and keeps its own lists. Signatures are checked against Debian's keyring. A package
# that is in the cache is not looked up again; remove .cache/debian to get newer ones. Beside each
# NAME.deb lies NAME.record (package, version, SHA-256), from which build/guests/MANIFEST is made.
#
# A name that ends in `!` stands for the package that this metapackage depends on, for example
# `linux-image-cloud-arm64!`. A name that ends in `/source` stands for the upstream tar file of a
# source package; sources come from SOURCE_SUITE (trixie), whose firmware knows today's QEMU.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
suite=${GUEST_SUITE:-bookworm}
source_suite=${SOURCE_SUITE:-trixie}
# The mirror that this machine itself uses; DEBIAN_MIRROR (up to /debian) names another.
# shellcheck disable=SC2016 # apt expands it
mirror_of() { apt-get indextargets --format '$(REPO_URI)' | sed -n "s|/$1/*\$||p" | sort -u | sed -n 1p; }
mirror=${DEBIAN_MIRROR:-$(mirror_of debian)}
security=$(mirror_of debian-security)
cache=$root/.cache/debian/$suite
apt=$cache/apt

say() { printf '%s\n' "$*" >&2; }
die() { say "fetch-debian: $*"; exit 1; }

keyring() {
    local file
    for file in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
        [ -e "$file" ] && { echo "$file"; return; }
    done
    die "Debian's archive keyring is missing: install the package debian-archive-keyring"
}

apt_configure() {
    local key suites
    key=$(keyring)
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/empty.d"
    suites=("$mirror/debian $suite" "$mirror/debian $suite-updates"
            "${security:-$mirror}/debian-security $suite-security")
    printf "deb [arch=arm64 signed-by=$key] %s main\n" "${suites[@]}" >"$apt/sources.list"
    [ -z "${sources:-}" ] ||
        echo "deb-src [signed-by=$key] $mirror/debian $source_suite main" >>"$apt/sources.list"
    cat >"$apt/apt.conf" <<CONF
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "$apt/empty.d";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$apt/empty.d";
Dir::State::Lists "$apt/lists";
Dir::State::status "/dev/null";
Dir::Cache "$apt/cache";
CONF
    export APT_CONFIG=$apt/apt.conf
}

# The lists are read once per run, and only when something is missing from the cache.
apt_update_once() {
    [ -z "${updated:-}" ] || return 0
    say "  LISTS   Debian $suite arm64"
    apt-get -qq update >&2 || die "cannot read the package lists of $mirror ($suite)"
    updated=yes
}

# The real package behind a metapackage: its first dependency of the same family.
meta_target() {
    local target
    target=$(apt-cache depends --no-recommends --no-suggests "$1" |
             awk '$1 == "Depends:" { print $2; exit }')
    [ -n "$target" ] || die "the metapackage $1 depends on nothing"
    echo "$target"
}

fetch() {
    local name=${1%!} real version
    local deb=$cache/$name.deb
    if [ ! -s "$deb" ] || [ ! -s "$cache/$name.record" ]; then
        apt_update_once
        real=$name
        [ "$name" = "$1" ] || real=$(meta_target "$name")
        version=$(apt-cache policy "$real" | awk '$1 == "Candidate:" { print $2 }')
        [ -n "$version" ] || die "no package $real in Debian $suite for arm64"
        say "  FETCH   $real $version"
        rm -rf "$cache/incoming" && mkdir -p "$cache/incoming"
        (cd "$cache/incoming" && apt-get -qq download "$real=$version" >&2) ||
            die "cannot download $real $version from $mirror"
        mv "$cache/incoming"/*.deb "$deb"
        printf '%s %s %s\n' "$real" "$version" "$(sha256sum "$deb" | cut -d' ' -f1)" \
            >"$cache/$name.record"
    fi
    printf '%s %s\n' "$name" "$deb"
}

# The upstream tar file; apt checks it against the signed index.
fetch_source() {
    local name=${1%/source} version tar
    tar=$cache/$name.orig.tar.xz
    if [ ! -s "$tar" ] || [ ! -s "$cache/$name.record" ]; then
        apt_update_once
        say "  FETCH   $name (source, $source_suite)"
        rm -rf "$cache/incoming" && mkdir -p "$cache/incoming"
        (cd "$cache/incoming" && apt-get -qq source --download-only --tar-only "$name" >&2) ||
            die "cannot download the source of $name from $mirror ($source_suite)"
        version=$(basename "$cache"/incoming/*.orig.tar.xz .orig.tar.xz)
        mv "$cache"/incoming/*.orig.tar.xz "$tar"
        printf '%s %s %s\n' "$name" "${version#*_}" "$(sha256sum "$tar" | cut -d' ' -f1)" \
            >"$cache/$name.record"
    fi
    printf '%s %s\n' "$name" "$tar"
}

[ $# -gt 0 ] || die "which package?"
[ -n "$mirror" ] || die "apt knows no Debian mirror here: set DEBIAN_MIRROR, the address up to /debian"
for package in "$@"; do
    [ "$package" = "${package%/source}" ] || sources=yes
done
mkdir -p "$cache"
exec 9>"$cache/lock" && flock 9
apt_configure
for package in "$@"; do
    if [ "$package" = "${package%/source}" ]; then
        fetch "$package"
    else
        fetch_source "$package"
    fi
done
