#!/bin/sh
# Makes .venv with the pinned packages and leefraster itself; does nothing when that is already so.
# PYTHON=/path/to/python chooses the interpreter; uv is used when it is there, else pip.
set -eu
cd "$(dirname "$0")/.."

venv=.venv
stamp=$venv/.set-up
needed_mb=2500

say() { printf '%s\n' "$*" >&2; }

fail() {
    say ""
    say "Set-up stopped: $1"
    shift
    for line in "$@"; do say "  $line"; done
    exit 1
}

# What the environment depends on: change one of these and it is made again.
fingerprint() {
    { cat requirements.txt pyproject.toml; pwd; } | cksum
}

# A candidate counts only when it runs: pyenv's shims exist for versions that are not chosen.
usable() {
    "$1" -c 'import sys; sys.exit(not ((3, 12) <= sys.version_info[:2] and sys.maxsize > 2**32))' \
        >/dev/null 2>&1
}

has_uv() {
    uv --version >/dev/null 2>&1
}

has_venv() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

candidates() {
    for name in python3.12 python3.13 python3.14 python3 python; do printf '%s\n' "$name"; done
    if has_uv; then
        uv python find --no-python-downloads '>=3.12' 2>/dev/null || true
    fi
    for version in 3.12 3.13 3.14; do
        for path in \
            "${PYENV_ROOT:-${HOME:-/}/.pyenv}/versions/$version".*/bin/python$version \
            "/opt/python/$version"*/bin/python$version \
            "/usr/local/bin/python$version" \
            "/opt/homebrew/bin/python$version"; do
            if [ -x "$path" ]; then printf '%s\n' "$path"; fi
        done
    done
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        usable "$PYTHON" || fail "PYTHON is '$PYTHON', which does not run as Python 3.12 or newer (64 bits)." \
            "Name another interpreter, or leave PYTHON empty and one is looked for."
        printf '%s\n' "$PYTHON"
        return
    fi
    without_venv=""
    while IFS= read -r candidate; do
        usable "$candidate" || continue
        if has_venv "$candidate" || has_uv; then
            printf '%s\n' "$candidate"
            return
        fi
        without_venv=$candidate
    done <<LIST
$(candidates)
LIST
    [ -z "$without_venv" ] || fail "$without_venv cannot make a virtual environment: its modules venv and ensurepip are missing." \
        "On Debian and Ubuntu: apt-get install python3-venv (or python3.12-venv)." \
        "Or install uv, which needs neither."
    fail "no Python 3.12 or newer was found." \
        "Looked for python3.12, python3.13, python3.14, python3 and python on PATH, and under pyenv's versions." \
        "Install one (python.org, your package manager, 'pyenv install 3.12' or 'uv python install 3.12')," \
        "or name it: PYTHON=/path/to/python3.12 make setup"
}

check_room() {
    free_kb=$(df -Pk . | awk 'NR == 2 { print $4 }')
    if [ "$free_kb" -lt $((needed_mb * 1024)) ]; then
        fail "$((free_kb / 1024)) MB are free on this disk; the packages need about $needed_mb MB." \
            "Free some space, or clone to another disk."
    fi
}

make_venv() {
    if [ -e $venv ] && [ ! -f $venv/pyvenv.cfg ]; then
        fail "$venv exists and is not a virtual environment." "Move it out of the way."
    fi
    found=$(find_python)
    python=$("$found" -c 'import sys; print(getattr(sys, "_base_executable", "") or sys.executable)')
    say "Making $venv with $("$python" --version 2>&1) ($python)"
    if has_uv; then
        uv venv --quiet --clear --no-python-downloads --python "$python" $venv
    else
        "$python" -m venv --clear $venv
    fi
}

install_with_uv() {
    say "Installing the packages of requirements.txt with uv"
    uv pip install --quiet --compile-bytecode --python $venv/bin/python --only-binary :all: \
        --require-hashes -r requirements.txt &&
        uv pip install --quiet --python $venv/bin/python --no-deps --no-build-isolation -e .
}

install_with_pip() {
    say "Installing the packages of requirements.txt with pip (a minute or more)"
    PIP_DISABLE_PIP_VERSION_CHECK=1
    PIP_ROOT_USER_ACTION=ignore
    export PIP_DISABLE_PIP_VERSION_CHECK PIP_ROOT_USER_ACTION
    { $venv/bin/python -m pip --version || $venv/bin/python -m ensurepip; } >/dev/null 2>&1
    # Twice quiet is errors only: about its indexes pip gives a warning a package and a place.
    $venv/bin/python -m pip install -qq --no-input --only-binary :all: \
        --require-hashes -r requirements.txt &&
        $venv/bin/python -m pip install -qq --no-input --no-deps --no-build-isolation -e .
}

# pip comes after uv as well: it may know a mirror from its own configuration.
install() {
    if has_uv; then
        install_with_uv && return
        say "uv could not install them; trying pip"
    fi
    install_with_pip
}

current=$(fingerprint)
if [ -f $stamp ] && [ "$(cat $stamp)" = "$current" ] && usable $venv/bin/python; then exit 0; fi
check_room
if ! usable $venv/bin/python; then make_venv; fi
rm -f $stamp
install || fail "the packages could not be installed; the lines above say which one and why." \
    "Most often the package registry cannot be reached: check the network, or set PIP_INDEX_URL" \
    "(UV_DEFAULT_INDEX for uv) to a mirror. A 'hash' error means a file differs from requirements.txt." \
    "Run the same command again afterwards; what was downloaded is kept."
$venv/bin/python -c 'import leefraster' || fail "leefraster was installed but cannot be imported; see above."
printf '%s\n' "$current" >$stamp
say "Ready: $venv/bin/leefraster --help"
