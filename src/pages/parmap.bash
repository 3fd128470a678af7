# bash completion for parmap and for programs with kernels.  For a program of your own, after this
# file was loaded:
#   complete -F _parmap_program PROGRAM
_parmap_program_options='
@bash-options@
'
_parmap_map_options='
@bash-map-options@
'

# What follows the option $1: sets words, file and bare.
_parmap_value() {
    words='' file='' bare=yes
    case $1 in
@bash-values@
    esac
}

# What the command $1 takes: sets options, operands and maps.
_parmap_command() {
    options='' operands='' maps=''
    case $1 in
@bash-commands@
    esac
}

_parmap_files() {
    compopt -o filenames 2> /dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# _parmap_complete OPTIONS FILES: the word under the cursor is one of OPTIONS, the value of one, or,
# if FILES is not empty, a file.
_parmap_complete() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local words file bare equals=''
    if [ "$current" = = ]; then
        current='' equals=yes
    elif [ "$before" = = ] && [ "$COMP_CWORD" -gt 1 ]; then
        before=${COMP_WORDS[COMP_CWORD - 2]} equals=yes
    fi
    _parmap_value "$before"
    if [ -n "$equals" ] || [ -z "$bare" ]; then
        if [ -n "$file" ]; then
            _parmap_files "$current"
        else
            mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
        fi
    elif [ "${current:0:1}" = - ] || [ -z "$2" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
    else
        _parmap_files "$current"
    fi
}

_parmap_program() {
    COMPREPLY=()
    _parmap_complete "$_parmap_program_options" ''
}

_parmap() {
    local options operands maps commands='
@commands@
    '
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "${COMP_WORDS[1]}")
        return
    fi
    _parmap_command "${COMP_WORDS[1]}"
    if [ -n "$maps" ]; then
        options="$options $_parmap_map_options $_parmap_program_options"
    fi
    _parmap_complete "$options" "$operands"
}

complete -F _parmap parmap
complete -F _parmap_program cubemap squares
