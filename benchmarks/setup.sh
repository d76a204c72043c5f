#!/bin/sh
# Makes .venv-bench with the packages of requirements-bench.txt: leefraster and every peer that Python knows.
# .venv stays free of them; does nothing when that is already so. `make setup` must have run.
set -eu
cd "$(dirname "$0")/.."

venv=.venv-bench
stamp=$venv/.set-up

fingerprint() {
    { cat requirements-bench.txt pyproject.toml; pwd; } | cksum
}

current=$(fingerprint)
if [ -f $stamp ] && [ "$(cat $stamp)" = "$current" ] && $venv/bin/python -c '' 2>/dev/null; then exit 0; fi
rm -f $stamp
echo "Installing the packages of requirements-bench.txt into $venv (a minute or more)" >&2
if ! $venv/bin/python -c '' 2>/dev/null; then
    base=$(.venv/bin/python -c 'import sys; print(getattr(sys, "_base_executable", "") or sys.executable)')
    if uv --version >/dev/null 2>&1; then
        uv venv --quiet --clear --no-python-downloads --python "$base" $venv
    else
        "$base" -m venv --clear $venv
    fi
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
$venv/bin/python -m pip --version >/dev/null 2>&1 || $venv/bin/python -m ensurepip >/dev/null
$venv/bin/python -m pip install -qq --no-input --only-binary :all: --require-hashes -r requirements-bench.txt
$venv/bin/python -m pip install -qq --no-input --no-deps --no-build-isolation -e .
printf '%s\n' "$current" >$stamp
