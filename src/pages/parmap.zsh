#compdef parmap cubemap squares
# zsh completion for parmap and for programs with kernels.  For a program of your own:
#   compdef _parmap PROGRAM
_parmap() {
    local -a commands options _parmap_program_options _parmap_map_options
    _parmap_program_options=(
@zsh-options@
    )
    _parmap_map_options=(
@zsh-map-options@
    )
    if [[ $service != parmap ]]; then
        _arguments $_parmap_program_options
        return
    fi
    commands=(
@zsh-commands@
    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    case $words[2] in
@zsh-command-options@
    esac
    shift words
    (( CURRENT-- ))
    _arguments $options '*:file:_files'
}

_parmap "$@"
