"""The floor's programs for the kernel: a runtime makes its own of what the configuration says."""
import struct

# What filter_of (bundles.py) says in JSON: so many values of personality's argument are refused.
ARCHITECTURE, PERSONALITY, X32 = 0xC000003E, 135, 0x40000000
LOAD, EQUAL, AT_LEAST, ANSWER = 0x20, 0x15, 0x35, 0x06  # linux/bpf_common.h: LD, JEQ, JGE, RET
ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050001

# (major, minor or None for all) of bundle.py's device rules, and of devpts's terminals.
DEVICES = ((1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2), (136, None))


def seccomp(values):
    """struct sock_filter: allow all but personality(value), as two comparisons for each value."""
    code = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, ARCHITECTURE), (ANSWER, 0, 0, KILL), (LOAD, 0, 0, 0),
            (AT_LEAST, 0, 1, X32), (ANSWER, 0, 0, KILL),
            (EQUAL, 1, 0, PERSONALITY), (ANSWER, 0, 0, ALLOW),
            (LOAD, 0, 0, 20), (EQUAL, 1, 0, 0), (ANSWER, 0, 0, ALLOW), (LOAD, 0, 0, 16)]
    for value in values:
        code += [(EQUAL, 0, 1, value), (ANSWER, 0, 0, ERROR)]
    code.append((ANSWER, 0, 0, ALLOW))
    return b"".join(struct.pack("=HBBI", *each) for each in code)


def devices():
    """struct bpf_insn: a character device's numbers compared with each of the rules."""
    def one(code, to=0, source=0, offset=0, value=0):
        return struct.pack("=BBhi", code, source << 4 | to, offset, value)
    answer = lambda value: one(0xB7, 0, value=value) + one(0x95)  # r0 = value; exit
    word = lambda to, offset: one(0x61, to, 1, offset)  # rN = context[offset]
    made = word(2, 4) + word(3, 8) + word(4, 0) + one(0x57, 4, value=0xFFFF)
    made += one(0x15, 4, offset=2, value=2) + answer(0)  # BPF_DEVCG_DEV_CHAR
    for major, minor in DEVICES:
        made += one(0x55, 2, offset=2 if minor is None else 3, value=major)
        made += b"" if minor is None else one(0x55, 3, offset=2, value=minor)
        made += answer(1)
    return made + answer(0)
