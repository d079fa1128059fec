# Completion of cleat for fish. Commands and flags are asked of cleat itself, so they are never old.

function __cleat_command
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- $word --root --log --trace --log-format --log-level --cgroup-manager --rootless
            set skip 1
        else if not string match -q -- '-*' $word
            echo $word
            return 0
        end
    end
    return 1
end

function __cleat_flags
    for line in (cleat (__cleat_command) --help 2>/dev/null | string match -r '^  -.*')
        set -l parts (string match -r '^  (\S+)(?: VALUE)?\s+(.*)' -- $line)
        for name in (string split , -- $parts[2])
            printf '%s\t%s\n' $name $parts[3]
        end
    end
end

function __cleat_commands
    cleat --help 2>/dev/null | string replace -rf '^  ([a-z]+)\s+(.*)' '$1\t$2'
end

complete -c cleat -f
complete -c cleat -n 'not __cleat_command >/dev/null' -a '(__cleat_commands)'
complete -c cleat -n 'string match -q -- "-*" (commandline -ct)' -a '(__cleat_flags)'
complete -c cleat -n 'contains -- "$(__cleat_command)" validate audit' -F
complete -c cleat -n '__cleat_command >/dev/null; and not contains -- "$(__cleat_command)" validate audit' -a '(cleat list -q 2>/dev/null)'
complete -c cleat -n 'string match -qr -- "^(-b|--bundle|-p|--process|-r|--resources|--pid-file|--runtime|--out)\$" (commandline -opc)[-1]' -F
