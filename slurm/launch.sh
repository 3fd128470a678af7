# shellcheck shell=bash
# launch.sh - what the batch scripts of this folder share.  They source it; by itself it does nothing.
#
#   run PROGRAM ARGUMENT...          starts the program on the job's ranks, and leaves with its exit code; when
#                                    it was stopped, with MAX_RESTARTS above 0, Slurm starts the job again
##   join_parts PROGRAM ARGUMENT...   one file of the $PARTS files that runs with --part K/$PARTS have written
#
# Variables that a user may set (VARIABLE=value sbatch ...):
#   LAUNCHER       pmix, pmi2 (srun --mpi=...) or mpirun; else what fits the program's MPI and this Slurm
#   MAX_RESTARTS   how often one job is started again at most; 0 = never

say() { echo "slurm: $*" >&2; }

# The job as scontrol and squeue take it.  The last task of an array has the number of the whole array.
job=$SLURM_JOB_ID
[ -z "${SLURM_ARRAY_TASK_ID:-}" ] || job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID

# ---- the launcher ---------------------------------------------------------------------------------

# With the wrong one every process would think that it is alone; parmap then says so and stops.
launcher_for() { # launcher_for <program>
    local mpi known
    mpi=$("$1" --version 2>&1)
    known=$(srun --mpi=list 2>&1)
    case $mpi/$known in
        *'Open MPI'*/*pmix*) echo pmix ;;
        *MPICH*/*pmi2*) echo pmi2 ;;
        *) echo mpirun ;;
    esac
}

# Debian has one mpirun for each MPI; elsewhere a module gives one.
mpirun_for() { # mpirun_for <program>
    local own=mpirun.openmpi
    [[ $("$1" --version 2>&1) != *MPICH* ]] || own=mpirun.mpich
    if command -v "$own" > /dev/null; then echo "$own"; else echo mpirun; fi
}

# Starts the ranks in the background, and leaves their launcher's process number in $ranks.
start() {
    local launcher=${LAUNCHER:-$(launcher_for "$1")} cpus=${SLURM_CPUS_PER_TASK:-1}
    # a 1 in somebody's profile would leave the other CPUs idle
    export OMP_NUM_THREADS=$cpus
    say "job $job, restart ${SLURM_RESTART_COUNT:-0}: nodes $SLURM_JOB_NUM_NODES, ranks ${SLURM_NTASKS:-1}," \
        "threads of each $cpus, started by $launcher"
    if [ "$launcher" = mpirun ]; then
        # bound to one core, as Open MPI does by itself, all threads of a rank would share it
        "$(mpirun_for "$1")" --bind-to none -np "${SLURM_NTASKS:-1}" "$@" &
    else
        # srun does not take the CPUs over from sbatch; without --kill-on-bad-exit the other ranks
        # would wait for ever for one that died
        srun --mpi="$launcher" --cpus-per-task="$cpus" --kill-on-bad-exit=1 "$@" &
    fi
    ranks=$!
}

# The program ends in time by itself when it knows the job's end.  Slurm says it since 23.02.
tell_end() {
    local end
    [ -z "${SLURM_JOB_END_TIME:-}" ] || return 0
    end=$(squeue -h -j "$job" -o %e 2> /dev/null)
    case $end in
        [0-9]*) SLURM_JOB_END_TIME=$(date -d "$end" +%s) && export SLURM_JOB_END_TIME ;;
    esac
}

# Slurm sends USR1 to this shell some time before the job's end: it is passed on, and the ranks stop in
# order.  At TERM (scancel, the end itself) they get one from Slurm, and this shell stays to see
# them end.
launch() {
    local before code
    signals=0 stopped=''
    tell_end
    trap 'signals=$((signals + 1)) stopped=yes; [ -z "$ranks" ] || kill -USR1 "$ranks" 2> /dev/null' USR1
    trap 'signals=$((signals + 1))' TERM
    ranks=''
    start "$@"
    while :; do
        before=$signals
        wait "$ranks"
        code=$?
        [ "$signals" != "$before" ] || break # else a signal cut the wait short
    done
    trap - USR1 TERM
    return "$code"
}

# ---- what became of it ----------------------------------------------------------------------------

# The parmap of the program's build: beside the program, or in the PATH.
parmap_for() { # parmap_for <program>
    local program
    program=$(command -v "$1")
    for program in "$program" "$(readlink -f "$program")"; do
        [ ! -x "${program%/*}/parmap" ] || { echo "${program%/*}/parmap"; return; }
    done
    echo parmap
}

planned() { # planned <name> <program> <argument>...: a line of --print-plan
    "${@:2}" --print-plan | sed -n "s/^$1 = //p"
}

# complete, incomplete, running, missing ...; nothing when the program writes no file
state_of() { # state_of <program> <argument>...
    local output
    output=$(planned output "$@" 2> /dev/null)
    [ "${output:-none}" = none ] || "$(parmap_for "$1")" info --state "$output" 2> /dev/null
}

# Launchers change exit codes, most of all after signals.  The file knows: a run that left it
# unfinished did not end with 0.
true_code() { # true_code <code> <state>
    case $1/$2 in
        0/incomplete | 0/running) echo 75 ;;
        *) echo "$1" ;;
    esac
}

requeue() {
    local restarts=${SLURM_RESTART_COUNT:-0}
    if [ "$restarts" -ge "$MAX_RESTARTS" ]; then
        say "not started again: $restarts restarts are behind it; submit it again to go on"
        return 0
    fi
    say "to be started again (restart $((restarts + 1)) of at most $MAX_RESTARTS)"
    # Slurm ends this shell then
    if scontrol requeue "$job"; then sleep 600; fi
    say "Slurm did not requeue the job; submit it again to go on"
}

check_program() {
    command -v "$1" > /dev/null && return
    say "error: no program $1 in $PWD; submit from the folder that holds it"
    exit 66
}

# The arguments of a job that was started again, in $arguments: --force would throw away what is done.
without_force() {
    local word
    arguments=()
    for word in "$@"; do
        case $word in --force | --force=*) ;; *) arguments+=("$word") ;; esac
    done
    unset PARMAP_FORCE
}

run() {
    local code state arguments
    if [ "${SLURM_RESTART_COUNT:-0}" != 0 ]; then
        without_force "$@"
        set -- "${arguments[@]}"
    fi
    check_program "$1"
    launch "$@"
    code=$?
    state=$(state_of "$@")
    code=$(true_code "$code" "$state")
    [ -z "$stopped" ] || [ "$state" = complete ] || code=75
    [ "$code" != 75 ] || [ "${MAX_RESTARTS:-0}" = 0 ] || requeue
    exit "$code"
}

# ---- the parts of an array ------------------------------------------------------------------------

join_parts() {
    local whole first before after number path parts=() missing='' force=()
    check_program "$1"
    if ! [[ ${PARTS:-} =~ ^[1-9][0-9]*$ ]]; then
        say "error: how many parts? PARTS=8 sbatch ..., or sbatch --export=ALL,PARTS=8 ..."
        exit 64
    fi
    whole=$(planned output "$@") first=$(planned output "$@" --part "1/$PARTS")
    [ -n "$whole" ] && [ -n "$first" ] || exit 64 # the program has said why
    before=${first%."1-of-$PARTS"*} after=${first##*."1-of-$PARTS"}
    for ((number = 1; number <= PARTS; number++)); do
        path=$before.$number-of-$PARTS$after
        parts+=("$path")
        [ -e "$path" ] || missing+=${missing:+,}$number
    done
    if [ -n "$missing" ]; then
        say "error: no files of the parts $missing; for these: PARTS=$PARTS sbatch --array=$missing slurm/array.sbatch $*"
        exit 66
    fi
    [[ " $* " != *" --force "* ]] || force=(--force)
    "$(parmap_for "$1")" merge "${force[@]}" "$whole" "${parts[@]}"
}
