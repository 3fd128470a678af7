# shellcheck shell=bash
# launch.sh - what the batch scripts of this folder share.  They source it; alone it does nothing.
#
#   run PROGRAM ARGUMENT...         starts the program on the job's ranks, and leaves with its exit
#                                   code; a run that was stopped goes on in the same job, started
#                                   again by Slurm, where MAX_RESTARTS allows it
#   join_parts PROGRAM ARGUMENT...  one file of those that runs with --part K/$PARTS have written
#
# Variables that a user may set (VARIABLE=value sbatch ...):
#   LAUNCHER       pmix or pmi2 (srun --mpi=...) or mpirun; else what fits the program and Slurm
#   MAX_RESTARTS   how often one job is started again at most; 0 = never

say() { echo "slurm: $*" >&2; }

# The job as scontrol and squeue take it.  The last task of an array has the array's own number.
job=$SLURM_JOB_ID
[ -z "${SLURM_ARRAY_TASK_ID:-}" ] || job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID

# Slurm sends USR1 to this shell some time before the job's end: it is passed on, and the ranks stop
# in order.  At TERM (scancel, the end itself) they get one from Slurm, and this shell stays to see
# them end.
signals=0 stopped='' ended='' ranks=''
trap 'signals=$((signals + 1)) stopped=yes; [ -z "$ranks" ] || kill -USR1 "$ranks"' USR1
trap 'signals=$((signals + 1)) ended=yes' TERM
say "job $job, restart ${SLURM_RESTART_COUNT:-0}, on $SLURM_JOB_NODELIST"

# ---- the launcher --------------------------------------------------------------------------------

mpi_of() { # mpi_of <program>
    case $(ldd "$(command -v "$1")" 2>&1; "$1" --version 2>&1) in
        *libmpich.* | *MPICH*) echo mpich ;;
        *) echo openmpi ;;
    esac
}

# With the wrong one every process would think that it is alone; parmap then says so and stops.
launcher_for() { # launcher_for <program>
    case $(mpi_of "$1")/$(srun --mpi=list 2>&1) in
        openmpi/*pmix*) echo pmix ;;
        mpich/*pmi2*) echo pmi2 ;;
        *) echo mpirun ;;
    esac
}

# Debian has one mpirun for each MPI; elsewhere a module gives one.
mpirun_for() { # mpirun_for <program>
    local own
    own=mpirun.$(mpi_of "$1")
    if command -v "$own" > /dev/null; then echo "$own"; else echo mpirun; fi
}

# Starts the ranks in the background, and leaves their launcher's process number in $ranks.
start() {
    local launcher=${LAUNCHER:-$(launcher_for "$1")} cpus=${SLURM_CPUS_PER_TASK:-1}
    # a 1 in somebody's profile would leave the other CPUs idle
    export OMP_NUM_THREADS=$cpus
    say "ranks ${SLURM_NTASKS:-1}, threads of each $cpus, started by $launcher"
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

launch() { # launch <program> <argument>...: returns when the ranks have ended, with their code
    local before code
    tell_end
    start "$@"
    [ -z "$stopped" ] || kill -USR1 "$ranks" # it came before there was anybody to pass it on to
    while :; do
        before=$signals
        wait "$ranks"
        code=$?
        [ "$signals" != "$before" ] || break # else a signal cut the wait short
    done
    ranks=''
    return "$code"
}

# ---- what became of it ---------------------------------------------------------------------------

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

# complete, incomplete, running, missing ...
state_of() { # state_of <program> <file>
    "$(parmap_for "$1")" info --state "$2" 2> /dev/null
}
number_of() { # number_of <name> <program> <file>: the number in a line of parmap info, or 0
    local number
    number=$("$(parmap_for "$2")" info "$3" 2> /dev/null | sed -n "s/^$1: \([0-9]*\).*/\1/p")
    echo "${number:-0}"
}

# Launchers change exit codes, most of all after signals.  The file knows: a run that finished it in
# this attempt is complete, but for items that failed; one that left it unfinished did not end with
# 0, and ended with 75 if it was told to stop.
true_code() { # true_code <code> <state before> <state> <failed items>
    case ${stopped:-$1}/$2/$3 in
        */complete/complete) echo "$1" ;;
        */complete) echo $(($4 > 0)) ;;
        yes/* | 0/*/incomplete | 0/*/running) echo 75 ;;
        *) echo "$1" ;;
    esac
}

# Whether the job is to be started again.  One that Slurm ends before its time is not: it was
# cancelled.  A run that broke off (a rank or a node died, and not the program's own verdict) is, as
# long as every attempt gets further.
is_to_go_on() { # is_to_go_on <code> <state> <blocks before> <blocks now>
    [ "${MAX_RESTARTS:-0}" != 0 ] || return
    [ -z "$ended" ] || [ "$(date +%s)" -ge "${SLURM_JOB_END_TIME:-$((1 << 62))}" ] || return
    case $1 in
        75) return 0 ;;
        0 | 1 | 64 | 65 | 66 | 70 | 73 | 74) return 1 ;;
        *) [ "$2" = incomplete ] && [ "$4" -gt "$3" ] ;;
    esac
}

requeue() {
    local restarts=${SLURM_RESTART_COUNT:-0}
    if [ "$restarts" -ge "$MAX_RESTARTS" ]; then
        say "not started again after $restarts restarts; submit it again to go on"
        return
    fi
    say "unfinished; it goes on in restart $((restarts + 1)) of at most $MAX_RESTARTS"
    trap - TERM # Slurm ends this shell then
    if scontrol requeue "$job"; then sleep 600; fi
    say "Slurm did not start the job again; submit it again to go on"
}

# ---- what the batch scripts call -----------------------------------------------------------------

check_program() { # check_program <program>
    command -v "$1" > /dev/null && return
    say "error: no program $1 in $PWD; submit from the folder that holds it"
    exit 66
}

# The arguments of a job that was started again, in $arguments: --force would throw away what is
# done.
without_force() {
    local word
    arguments=()
    for word in "$@"; do
        case $word in --force | --force=*) ;; *) arguments+=("$word") ;; esac
    done
    unset PARMAP_FORCE
}

run() {
    local output code was before state arguments
    check_program "$1"
    if [ "${SLURM_RESTART_COUNT:-0}" != 0 ]; then
        without_force "$@"
        set -- "${arguments[@]}"
    fi
    output=$(planned output "$@" 2> /dev/null)
    [ "${output:-none}" != none ] || MAX_RESTARTS=0 # there is nothing to go on with
    was=$(state_of "$1" "$output")
    before=$(number_of "done" "$1" "$output")
    launch "$@"
    code=$?
    state=$(state_of "$1" "$output")
    code=$(true_code "$code" "$was" "$state" "$(number_of failed "$1" "$output")")
    ! is_to_go_on "$code" "$state" "$before" "$(number_of "done" "$1" "$output")" || requeue
    exit "$code"
}

join_parts() {
    local whole first before after number path parts=() missing='' force=()
    check_program "$1"
    if ! [[ ${PARTS:-} =~ ^[1-9][0-9]*$ ]]; then
        say "error: how many parts? write PARTS=8 sbatch ..."
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
        say "error: no files of the parts $missing; for these:" \
            "PARTS=$PARTS sbatch --array=$missing slurm/array.sbatch $*"
        exit 66
    fi
    [[ " $* " != *" --force "* ]] || force=(--force)
    "$(parmap_for "$1")" merge "${force[@]}" "$whole" "${parts[@]}"
}
