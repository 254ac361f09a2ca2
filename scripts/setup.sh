# Brings a bare Debian 12 to where this project runs; sourced by the other scripts.
#
# Every step looks before it does anything, so that a second call costs a few milliseconds.
# Needs $root, the checkout's folder. Package mirrors are those that apt and pip are set up for.

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$(basename "$0"): $*"
    exit 1
}

# The six that Qt loads even off screen, and the libraries behind pyusb and pyudev.
window_packages=(libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libglib2.0-0
    libusb-1.0-0 libudev1 ca-certificates python3 python3-venv)
# What the xcb platform plugin loads to open a window on a display.
display_packages=(libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxkbcommon-x11-0
    libxcb-shape0)
# Recorded devices, the validators of what the desktop is told, and who answers on D-Bus.
test_packages=(umockdev udev desktop-file-utils appstream dbus polkitd pkexec python3-dbusmock)
# Peers of further benchmarks.
bench_packages=(runit bubblewrap)
# A real kernel with USB, and a machine with systemd on it.
kernel_packages=(qemu-system-x86 busybox-static udev kmod systemd)
# PyInstaller's tools.
frozen_packages=(binutils)

# need_packages NAME...: install the system packages among these that are missing.
need_packages() {
    command -v dpkg-query >/dev/null || return 0 # no Debian: its own packages have to be there
    local name missing=()
    local installed
    installed=" $(dpkg-query -W -f '${Package}=${db:Status-Status} ' "$@" 2>/dev/null || true) "
    for name in "$@"; do
        [[ $installed == *" $name=installed "* ]] || missing+=("$name")
    done
    ((${#missing[@]})) || return 0
    local as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            die "expected root or sudo to install system packages, found neither;" \
                "missing: ${missing[*]}"
        as_root=(sudo)
    fi
    say "installing system packages: ${missing[*]}"
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq
        -o DPkg::Lock::Timeout=300)
    if [[ -z ${packages_updated:-} ]]; then
        "${apt[@]}" update || die "apt-get update failed; its reason is above"
        packages_updated=yes
    fi
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null ||
        die "apt-get could not install ${missing[*]}; its reason is above"
}

# find_python: print a Python 3.11 or later that can make virtual environments.
find_python() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        if "$candidate" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' \
            2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    die "expected Python 3.11 or later with its venv module, found $(python3 -V 2>&1)"
}

# need_venv [EXTRA]: have .venv hold the project and this extra of pyproject.toml.
# The stamp is the checkout's path and pyproject.toml as they were when it was installed.
need_venv() {
    local extra=${1:-} venv=$root/.venv
    local stamp=$venv/installed-${extra:-base}
    is_current "$stamp" && return
    [[ -z $extra ]] && is_current "$venv/installed-dev" && return
    exec 9>"$root/.venv.lock"
    flock 9
    if ! "$venv/bin/python" -c '' 2>/dev/null; then
        local python
        python=$(find_python)
        say "creating .venv with $("$python" -V)"
        rm -rf "$venv"
        "$python" -m venv "$venv"
    fi
    if ! is_current "$stamp"; then
        say "installing the project${extra:+ and what \"$extra\" needs} into .venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
            --editable "$root${extra:+[$extra]}" || die "pip failed; its reason is above"
        { printf '%s\n' "$root"; cat "$root/pyproject.toml"; } >"$stamp"
    fi
    exec 9>&-
}

is_current() {
    { printf '%s\n' "$root"; cat "$root/pyproject.toml"; } | cmp -s - "$1" &&
        "$root/.venv/bin/python" -c '' 2>/dev/null
}
