#!/bin/sh
# Brings a fresh Debian machine with Python 3.11 or newer to where a make target works.
#
#   tools/setup.sh run     the virtual environment with the package in it (demo, run)
#   tools/setup.sh lint    and the checkers
#   tools/setup.sh test    and the programs that the tests call
#   tools/setup.sh build   and a compiler
#   tools/setup.sh bench   and what Trunkline is measured against
#
# Works as root and not: system packages are installed as root, or by sudo where that asks for no password;
# otherwise they are named. Repeated runs cost a few milliseconds: a stamp remembers what was done.
set -eu
cd "$(dirname "$0")/.."
level=${1:-run}
venv=.venv

say() { printf '%s\n' "$*" >&2; }

# --- what the system must have: "file or command|Debian packages|what for" ---------------------------------

needs_of() {
    case $1 in
        test) cat <<'NEEDS'
sipp|sip-tester|call scenarios
sipsak|sipsak|interop with sipsak
baresip|baresip-core|interop with baresip
linphone-daemon|linphone-cli|interop with Linphone
kamailio|kamailio|interop with Kamailio
/usr/lib/postgresql/*/bin/postgres|postgresql|the store on PostgreSQL
openssl|openssl|TLS certificates
chromium|chromium|the dashboard in a browser
NEEDS
            needs_of build ;;
        build) printf '%s\n' 'cc|gcc libc6-dev|compiled modules' "$python_header|python3-dev|compiled modules" ;;
        bench) cat <<'NEEDS'
kamailio|kamailio|the benchmark beside Kamailio
/usr/lib/*/kamailio/modules/db_sqlite.so|kamailio-sqlite-modules|Kamailio's start with stored bindings
rtpengine|rtpengine-daemon|Kamailio's calls with media
sipp|sip-tester|cross-check of the load
taskset|util-linux|a core for the servers and one for the load
NEEDS
            needs_of build ;;
    esac
}

present() {
    case $1 in
        /*) for file in $1; do [ -e "$file" ] && return 0; done; return 1 ;;
        *) command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] ;;
    esac
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

# Debian starts a service as soon as its package is there; a policy of ours says no while we install.
install_packages() {
    as_root sh -s -- "$@" <<'ROOT'
set -eu
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "$@" >/dev/null
ROOT
}

# Installs what is missing where that is possible; returns 1 and names it otherwise.
system_parts() {
    missing=
    reasons=
    while IFS='|' read -r part packages purpose; do
        [ -n "$part" ] || continue
        present "$part" && continue
        case " $missing " in *" $packages "*) ;; *) missing="$missing $packages" ;; esac
        reasons="$reasons
  missing: $part ($purpose)"
    done <<PARTS
$(needs_of "$1")
PARTS
    [ -n "$missing" ] || return 0
    if may_install; then
        say "Installing system packages:$missing"
        # shellcheck disable=SC2086 - a list of package names
        install_packages $missing && return 0
    fi
    say "Some system parts are missing:$reasons"
    say "Install them with:  sudo apt-get install$missing"
    return 1
}

# --- Python -------------------------------------------------------------------------------------------------

find_python() {
    for name in "${PYTHON:-python3}" python3.11 python3.12 python3.13 python3; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return 0
        fi
    done
    say "Trunkline needs Python 3.11 or newer. Install it with:  sudo apt-get install python3 python3-venv"
    return 1
}

make_venv() {
    if [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then return 0; fi
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        if may_install; then
            say "Installing system packages: python3-venv"
            install_packages python3-venv
        else
            say "Python's venv module is missing. Install it with:  sudo apt-get install python3-venv"
            return 1
        fi
    fi
    say "Making $venv with $("$python" --version)"
    rm -rf "$venv"
    "$python" -m venv "$venv"
}

# The stamp of a level holds the checksum of the files that decide what is installed.
stamp_of() { printf '%s/.stamp-%s' "$venv" "$1"; }
fingerprint() { cat pyproject.toml setup.py tools/setup.sh | cksum; }
is_done() { [ -x "$venv/bin/python" ] && [ "$(cat "$(stamp_of "$1")" 2>/dev/null)" = "$(fingerprint)" ]; }
mark_done() { fingerprint > "$(stamp_of "$1")"; }

install_python_parts() {
    is_done "$1" && return 0
    make_venv
    case $1 in
        run) say "Installing Trunkline into $venv"; "$venv/bin/python" -m pip install -qq --editable . ;;
        dev) say "Installing Trunkline and its development tools into $venv"
             "$venv/bin/python" -m pip install -qq --editable '.[dev]'
             mark_done run ;;
    esac
    mark_done "$1"
}

# Sippy B2BUA has a virtual environment of its own: it is measured, not used.
install_sippy() {
    sippy=.cache/bench/sippy-venv
    "$sippy/bin/python" -c 'import sippy, rtp.io' 2>/dev/null && return 0
    say "Installing Sippy B2BUA into $sippy"
    "$venv/bin/python" -m venv "$sippy" && "$sippy/bin/python" -m pip install -qq sippy==2.5.0 rtp_io==1.1.1 ||
        say "Going on without Sippy B2BUA."
}

case $level in
    run) install_python_parts run ;;
    lint) install_python_parts dev ;;
    test | build | bench)
        install_python_parts dev
        python_header=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("include") + "/Python.h")')
        if ! system_parts "$level"; then
            [ "$level" != build ] && [ "${CI:-}" != true ] || exit 1
            say "Going on without them: what needs them is skipped and named."
        fi
        [ "$level" != bench ] || install_sippy ;;
    *) say "usage: tools/setup.sh run|lint|test|build|bench"; exit 2 ;;
esac
