#!/bin/sh
# Sets up everything the project needs: system packages, ./.venv, Python packages.
# Called by make; safe to run again. PYTHON names the interpreter to build .venv from.
set -eu
PYTHON=${PYTHON:-python3}
SYSTEM_PACKAGES="bubblewrap libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 poppler-utils"

say() { printf '%s\n' "setup: $*" >&2; }

# apt_install WHY PACKAGE...: installs as root, else prints the one command to type and returns 1.
apt_install() {
    why=$1
    shift
    if [ "$(id -u)" = 0 ]; then
        say "installing $* ($why)"
        apt-get update -qq || true
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null && return
        say "apt-get could not install $*"
    else
        say "$why. Please type:  sudo apt-get install -y $*"
    fi
    return 1
}

# bubblewrap is the sandbox, Pango draws the PDF, poppler lets the tests look into it. The grader
# works without them, less safely and without a PDF, so a failure here does not stop the rest.
system_packages() {
    if ! command -v dpkg-query >/dev/null; then
        for program in bwrap pdfinfo pango-view; do
            command -v "$program" >/dev/null || say "not found: $program (packages bubblewrap, poppler, pango)"
        done
        return 0
    fi
    missing=
    for package in $SYSTEM_PACKAGES; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    # shellcheck disable=SC2086  # a list of words on purpose
    [ -z "$missing" ] || apt_install "needed for the sandbox and the PDF" $missing || say "going on without"
}

environment() {
    if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        say "Python 3.11 or newer is needed; '$PYTHON' is not one. Name one: make PYTHON=python3.12 ..."
        exit 1
    fi
    .venv/bin/python -c '' 2>/dev/null && return
    if ! "$PYTHON" -c 'import ensurepip' 2>/dev/null; then
        version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        apt_install "'$PYTHON' cannot make virtual environments yet" "python$version-venv" || exit 1
    fi
    say "making .venv"
    "$PYTHON" -m venv --clear .venv
}

# uv keeps one copy of each file in its cache and links it, so that a second environment costs
# seconds and no second 5 GB of torch.
python_packages() {
    say "installing Python packages (torch with CUDA is about 5 GB the first time)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check uv
    UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-300} .venv/bin/uv pip install --quiet --python .venv/bin/python -e '.[dev]'
    # Nothing in the sandbox writes bytecode, and importing torch without it takes twice as long; the same goes for us.
    # Some packages carry files in other dialects of Python; that these do not compile is no fault.
    .venv/bin/python -m compileall -q -q -j 0 .venv/lib grader reports >/dev/null || true
}

system_packages
environment
python_packages
say "done"
