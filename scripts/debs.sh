# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by scripts that need Debian packages of another architecture, which set: cache, a directory; release; keyring;
# say() and die().

# fetch_debs DIR ARCH PACKAGE...: download packages of a foreign architecture. apt runs on state of its own, so the
# machine's list of architectures and its package lists stay as they are; only its proxy settings are used.
fetch_debs() {
    local dir=$1 arch=$2
    shift 2
    fetch_by_apt "$dir" "$arch" 'apt-get -q download "$@"' "$@"
}

# fetch_debs_and_needed DIR ARCH PACKAGE...: the same with everything that these depend on.
fetch_debs_and_needed() {
    local dir=$1 arch=$2
    shift 2
    fetch_by_apt "$dir" "$arch" 'apt-get -qy --no-install-recommends --download-only install "$@" &&
        mv "$state"/cache/archives/*.deb .' "$@"
}

# fetch_by_apt DIR ARCH COMMAND PACKAGE...
fetch_by_apt() {
    local dir arch=$2 command=$3 state mirror
    dir=$(cd "$1" && pwd)
    shift 3
    [ "$arch" != all ] || arch=$(dpkg --print-architecture)
    [ -r "$keyring" ] || die "no $keyring: install debian-archive-keyring"
    mirror=${PQEMU_DEBIAN_MIRROR:-$(debian_mirror)}
    state=$(mktemp -d "$cache/tmp.apt.XXXXXX")
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/preferences.d"
    : >"$state/status"
    echo "deb [signed-by=$keyring] $mirror $release main" >"$state/sources.list"
    {
        apt-config dump | grep -E '^Acquire::(http|https|Retries)' || true
        cat <<END
APT::Architecture "$arch";
APT::Architectures "$arch";
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::State "$state";
Dir::State::lists "$state/lists";
Dir::State::status "$state/status";
Dir::Cache "$state/cache";
Dir::Etc::parts "/dev/null";
Dir::Etc::main "/dev/null";
Dir::Etc::sourcelist "$state/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$state/preferences.d";
END
    } >"$state/apt.conf"
    say "downloading from $mirror: $*"
    (
        cd "$dir"
        export APT_CONFIG=$state/apt.conf
        apt-get -q update && eval "$command"
    ) >"$state/log" 2>&1 || { tail -n 20 "$state/log" >&2; die "download failed"; }
    rm -rf "$state"
}

# The Debian mirror this machine is set up with, else the general one.
debian_mirror() {
    local found
    found=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -v '^ *#' |
        grep -oE 'https?://[^] ]+/debian/?( |$)' | head -n 1 | tr -d ' ') || true
    echo "${found:-http://deb.debian.org/debian}"
}
