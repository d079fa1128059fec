# Completion of cleat for bash. Commands and flags are asked of cleat itself, so they are never old.

_cleat_flags() {
    "$@" --help 2>/dev/null | sed -n 's/^  \(-[^ ]*\).*/\1/p' | tr , '\n'
}

_cleat() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local program=${COMP_WORDS[0]} command= root=() i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --root) root=(--root "${COMP_WORDS[i + 1]}"); i=$((i + 1)) ;;
            --log | --trace | --log-format | --log-level | --cgroup-manager | --rootless) i=$((i + 1)) ;;
            -*) ;;
            *) command=${COMP_WORDS[i]}; break ;;
        esac
    done
    case $previous in
        --root | --bundle | -b | --log | --trace | --pid-file | --process | -p | --resources | -r | --config | --runtime | --out)
            COMPREPLY=($(compgen -f -- "$current")); return ;;
        --log-format) COMPREPLY=($(compgen -W 'text json' -- "$current")); return ;;
        --log-level)
            COMPREPLY=($(compgen -W 'error warning info debug' -- "$current")); return ;;
        --cgroup-manager)
            COMPREPLY=($(compgen -W 'cgroupfs systemd disabled' -- "$current")); return ;;
        --format)
            case $command in
                validate | audit) COMPREPLY=($(compgen -W 'text json sarif github' -- "$current")) ;;
                stats) COMPREPLY=($(compgen -W 'table json prometheus' -- "$current")) ;;
                conformance) COMPREPLY=($(compgen -W 'tap junit html' -- "$current")) ;;
                *) COMPREPLY=($(compgen -W 'table json' -- "$current")) ;;
            esac
            return ;;
        --fail-on)
            COMPREPLY=($(compgen -W 'low medium high critical never' -- "$current")); return ;;
        --accept)
            COMPREPLY=($(compgen -W "$("$program" audit --list 2>/dev/null | cut -d ' ' -f 1)" \
                -- "$current")); return ;;
        --type) COMPREPLY=($(compgen -W 'config state features' -- "$current")); return ;;
    esac
    if [[ -z $command && $current != -* ]]; then
        COMPREPLY=($(compgen -W "$("$program" --help 2>/dev/null |
            sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')" -- "$current"))
    elif [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$(_cleat_flags "$program" $command)" -- "$current"))
    else
        case $command in
            create | run | features | gc | list | spec | plan | conformance) ;;
            validate | audit) COMPREPLY=($(compgen -f -- "$current")) ;;
            *) COMPREPLY=($(compgen -W "$("$program" "${root[@]}" list -q 2>/dev/null)" \
                -- "$current")) ;;
        esac
    fi
}

complete -o filenames -F _cleat cleat
