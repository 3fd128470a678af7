#!/usr/bin/env bash
# install.sh run|test|full|bench [openmpi|mpich]: installs what is missing to build and run parmap,
#   to test it, to test it fully, to measure it; without an MPI named: run = the one there is, the
#   others = both.
# install.sh mpi: prints which MPI `make` takes.
#
# What is missing is found by trying, not by asking a package list, so that modules and programs of
# one's own count too.  Only apt-get is called, and only with the rights to; elsewhere the missing
# things are named and the status is 1.
set -euo pipefail

has() { command -v "$1" > /dev/null 2>&1; }
compiles() { "$@" -x c -o /dev/null - > /dev/null 2>&1 <<< 'int main(void) { return 0; }'; }
has_package() { pkg-config --exists "$1" > /dev/null 2>&1; }

has_cmake() { # has_cmake <minor>: CMake 3.<minor> or later
    local version
    version=$(cmake --version 2> /dev/null | sed -n '1s/[^0-9]*\([0-9.]*\).*/\1/p')
    [ "$(printf '%s\n' "3.$1" "${version:-0}" | sort -V | head -n 1)" = "3.$1" ]
}
has_hdf5() { has_package hdf5-serial || has_package hdf5 || has h5cc || has h5pcc; }
has_python() {
    local python
    for python in /usr/bin/python3 python3; do
        "$python" -c 'import h5py, numpy' > /dev/null 2>&1 && return
    done
    return 1
}
# Debian has both as mpicc.openmpi and mpicc.mpich; elsewhere a module gives one mpicc.
has_mpi() {
    has "mpicc.$1" && return
    local macro=MPICH_VERSION
    [ "$1" = openmpi ] && macro=OMPI_MAJOR_VERSION
    mpicc -x c -E -dM - 2> /dev/null <<< '#include <mpi.h>' | grep -q "define $macro "
}
chosen_mpi() {
    if has_mpi openmpi || ! has_mpi mpich; then echo openmpi; else echo mpich; fi
}

# need <Debian packages> <Fedora packages> <name> <check>...
need() {
    local debian=$1 fedora=$2 name=$3
    shift 3
    "$@" && return
    missing_debian+=" $debian" missing_fedora+=" $fedora" missing+="${missing:+, }$name"
}
look() {
    local mpi
    missing='' missing_debian='' missing_fedora=''
    need 'gcc libc6-dev' gcc 'a C compiler' compiles "${CC:-cc}"
    need make make make has make
    if [ "$what" = run ]; then
        need cmake cmake 'CMake 3.20' has_cmake 20
    else
        need cmake cmake 'CMake 3.21 (for ctest --output-junit)' has_cmake 21
    fi
    need pkg-config pkgconf-pkg-config pkg-config has pkg-config
    for mpi in $mpis; do
        if [ "$mpi" = mpich ]; then
            need 'mpich libmpich-dev' mpich-devel MPICH has_mpi mpich
        else
            need 'openmpi-bin libopenmpi-dev' openmpi-devel 'Open MPI' has_mpi openmpi
        fi
    done
    need libhdf5-dev hdf5-devel HDF5 has_hdf5
    need hdf5-tools hdf5 h5dump has h5dump
    need libxxhash-dev xxhash-devel xxHash has_package libxxhash
    need libinih-dev inih-devel inih has_package inih
    need libdeflate-dev libdeflate-devel libdeflate has_package libdeflate
    [ "$what" != run ] || return 0
    need 'python3 python3-numpy python3-h5py' 'python3 python3-numpy python3-h5py' \
        'Python with numpy and h5py' has_python
    need g++ gcc-c++ 'a C++ compiler' has c++
    [ "$what" = full ] || return 0
    need 'clang libomp-dev' 'clang libomp-devel' 'Clang with OpenMP' compiles clang -fopenmp
    need 'gcc libc6-dev' 'libasan libubsan' 'the sanitizers' \
        compiles "${CC:-cc}" -fsanitize=address,undefined
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
may_install() { has apt-get && { [ "$(id -u)" = 0 ] || sudo -n true 2> /dev/null; }; }
apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" \
        < /dev/null >&2
}
install() { apt install -y --no-install-recommends "$@"; }

what=${1:-run}
case $what in
    mpi) chosen_mpi; exit ;;
    run) mpis=${2:-$(chosen_mpi)} ;;
    test | full | bench) mpis=${2:-openmpi mpich} ;;
    *) echo "install.sh: error: \"$what\" is none of run, test, full, bench, mpi" >&2; exit 64 ;;
esac

look
if [ -n "$missing" ] && may_install; then
    echo "parmap: installing$missing_debian" >&2
    apt update || echo "parmap: warning: the package lists could not be renewed" >&2
    # shellcheck disable=SC2086
    install $missing_debian || echo "parmap: warning: apt-get failed, see above" >&2
    hash -r
    look
fi
if [ -n "$missing" ]; then
    {
        echo "parmap: error: missing: $missing"
        echo "  Debian, Ubuntu:  apt-get install$missing_debian"
        echo "  Fedora, RHEL:    dnf install$missing_fedora"
        echo "  a cluster:       load the modules of these (module avail)"
    } >&2
    exit 1
fi

# The tests start a Slurm of their own, which only root can.
has_slurm() {
    local PATH=$PATH:/usr/sbin:/sbin tool
    [ "$(id -u)" = 0 ] || return 0
    for tool in slurmctld slurmd sbatch munged ip; do has "$tool" || return 1; done
}
# Packages with daemons start them, unless this file forbids it.
forbid_daemons() {
    policy=/usr/sbin/policy-rc.d
    [ ! -e $policy ] || return 0
    trap 'rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' > $policy && chmod 755 $policy
}

# What is done without where it does not exist: the job that downloads, the check of the layout, the
# tests on Slurm, the reference programs on parallel HDF5 and mpi4py.
extras=()
has_package libcurl || extras=(libcurl4-openssl-dev)
case $what in
    test | full)
        has clang-format-14 || extras+=(clang-format-14)
        has_slurm || extras+=(munge slurm-client slurmctld slurmd iproute2)
        ;;
    bench)
        for mpi in $mpis; do has "h5pcc.$mpi" || extras+=("libhdf5-$mpi-dev"); done
        python3 -c 'import mpi4py' > /dev/null 2>&1 || extras+=(python3-mpi4py)
        ;;
esac
if [ ${#extras[@]} != 0 ] && may_install; then
    [[ ${extras[*]} != *slurmd* ]] || forbid_daemons
    for package in "${extras[@]}"; do
        [ -z "$(apt-cache show "$package" 2> /dev/null)" ] || install "$package" || true
    done
fi
