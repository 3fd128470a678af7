#!/usr/bin/env bash
# run.sh build|run|test|test-full|fuzz|bench|install: what the Makefile does, from the top folder.
# MPI=openmpi or MPI=mpich chooses one; without it build and run take the one there is, Open MPI
# first, and the tests take both.
set -euo pipefail
cd "$(dirname "$0")/.."

unset MAKEFLAGS MFLAGS MAKELEVEL # the builds below are no part of the make that called
jobs=$(nproc 2> /dev/null || echo 2)
say() { echo "parmap: $*" >&2; }

# Runs one command as somebody would type it, after showing it.
show() {
    echo "+ $*"
    "$@"
}

# What mpirun needs here; for this script's commands only, and what the user set stays.
launch_environment() {
    local name value
    while IFS='=' read -r name value; do
        case $name in '' | \#*) continue ;; esac
        [ -n "${!name+set}" ] || export "$name=$value"
    done < tests/launch.env
}

# A first build, for use: no tests, and warnings that another compiler may know are no errors.
build() {
    if ! [ -f "build/$1/Makefile" ]; then
        cmake --preset "$1" -DPARMAP_TESTS=OFF -DPARMAP_WERROR=OFF
    fi
    cmake --build "build/$1" --parallel "$jobs"
}
build_with_tests() {
    cmake --preset "$1" && cmake --build "build/$1" --parallel "$jobs"
}

links() {
    local name
    for name in $(basename -s .c jobs/*.c) parmap; do
        [ ! -e "build/$1/bin/$name" ] || ln -sfn "build/$1/bin/$name" "$name"
    done
}

# The mpirun of an MPI: the plain name if it is of this one.
launcher_of() {
    local pattern='Open MPI|OpenRTE|PRRTE'
    [ "$1" = openmpi ] || pattern='HYDRA|MPICH|Intel|mvapich|MVAPICH'
    if mpirun --version 2>&1 | grep -Eq "$pattern"; then
        echo mpirun
    elif command -v "mpirun.$1" > /dev/null; then
        echo "mpirun.$1"
    else
        sed -n 's/^MPIEXEC_EXECUTABLE:[^=]*=//p' "build/$1/CMakeCache.txt"
    fi
}

run() {
    tests/install.sh run ${MPI:+"$MPI"}
    local mpi=${MPI:-$(tests/install.sh mpi)}
    build "$mpi"
    links "$mpi"
    launch_environment
    echo
    show "$(launcher_of "$mpi")" -np 8 ./cubemap
    show ./parmap info cubemap.h5
    show h5dump -A 0 -d /cubes -c 5 cubemap.h5
    show h5dump -A 0 -d /cubes -s 999995 -c 5 cubemap.h5
}

# The counts of one JUnit file are added to passed, failed and skipped.  A test that could not be
# started is a failed one; skipped are those that say so and those that are switched off.
count() {
    local counts
    read -ra counts < <(awk '
        /<testcase / { status = $0; sub(/.* status="/, "", status); sub(/".*/, "", status) }
        /<testcase / && status == "run" { passed++ }
        /<testcase / && status == "fail" { failed++ }
        /<testcase / && status == "disabled" { skipped++ }
        /<skipped / && status == "notrun" { if (/SKIP_/) skipped++; else failed++ }
        END { print passed + 0, failed + 0, skipped + 0 }' "$1")
    passed=$((passed + counts[0])) failed=$((failed + counts[1])) skipped=$((skipped + counts[2]))
}

# run_tests <preset> <test preset>
run_tests() {
    local junit=$PWD/build/junit/$1.xml status=0
    say "testing $2"
    rm -f "$junit"
    if ! build_with_tests "$1"; then
        say "error: the build of $1 failed"
        failed=$((failed + 1))
        return
    fi
    local before=$failed
    ctest --preset "$2" -j $((2 * jobs)) --output-junit "$junit" || status=$?
    [ ! -f "$junit" ] || count "$junit"
    if [ "$status" != 0 ] && [ "$failed" = "$before" ]; then
        say "error: ctest of $2 ended with status $status"
        failed=$((failed + 1))
    fi
}

# The last line of the output is the sum of all.
run_all_tests() {
    local passed=0 failed=0 skipped=0 mpi preset
    tests/install.sh "$1" ${MPI:+"$MPI"}
    mkdir -p build/junit
    for mpi in ${MPI:-openmpi mpich}; do
        if [ "$1" = test ]; then
            run_tests "$mpi" "$mpi"
        else
            run_tests "$mpi" "$mpi-full"
        fi
    done
    if [ "$1" = full ]; then
        [ "$MPI" = mpich ] || for preset in asan clang; do run_tests "$preset" "$preset"; done
        [ "$MPI" = openmpi ] || run_tests asan-mpich asan-mpich
    fi
    if [ "$skipped" = 0 ]; then
        echo "$passed passed, $failed failed"
    else
        echo "$passed passed, $failed failed, $skipped skipped"
    fi
    [ "$failed" = 0 ] && [ "$passed" != 0 ]
}

# With sanitizers, and with libFuzzer where Clang has it.  As many at once as there are cores.
fuzz() {
    tests/install.sh test "${MPI:-openmpi}"
    local preset=asan
    local nothing='int LLVMFuzzerTestOneInput(void) { return 0; }'
    if [ "$MPI" = mpich ]; then
        preset=asan-mpich
    elif clang -fsanitize=fuzzer -x c - -o /dev/null <<< "$nothing" 2> /dev/null; then
        preset=fuzz
    fi
    say "fuzzing with the preset $preset"
    cmake --preset "$preset"
    cmake --build "build/$preset" --parallel "$jobs" --target fuzz
}

# Both MPIs where both are there.
bench() {
    tests/install.sh bench ${MPI:+"$MPI"}
    local mpi
    for mpi in ${MPI:-openmpi mpich}; do build "$mpi"; done
    launch_environment
    tests/bench/run.py ${MPI:+--mpi "$MPI"} "$@"
}

MPI=${MPI:-}
case $MPI in '' | openmpi | mpich) ;; *)
    say "error: MPI is \"$MPI\"; it can be openmpi or mpich"
    exit 64
    ;;
esac

command=${1:-}
[ $# = 0 ] || shift
case $command in
    build)
        mpi=${MPI:-$(tests/install.sh mpi)}
        build "$mpi"
        links "$mpi"
        ;;
    run) run ;;
    test) run_all_tests test ;;
    test-full) run_all_tests full ;;
    fuzz) fuzz ;;
    bench) bench "$@" ;;
    install)
        mpi=${MPI:-$(tests/install.sh mpi)}
        build "$mpi"
        cmake --install "build/$mpi" --prefix "${PREFIX:-/usr/local}"
        ;;
    *)
        say "error: \"$command\" is none of build, run, test, test-full, fuzz, bench, install"
        exit 64
        ;;
esac
