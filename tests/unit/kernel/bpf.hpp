// Tests of room kernel: a classic BPF machine, as much of it as filters of system calls use, so
// that a filter can be asked what it says of a call without being loaded; and what a profile means.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "cleat/spec/config.hpp"

namespace cleat::test {

/// What a condition means, written down without any bit tricks.
inline bool holds(const spec::SeccompArg& arg, std::uint64_t value) {
    switch (arg.op) {
        case spec::SeccompOperator::NotEqual:
            return value != arg.value;
        case spec::SeccompOperator::Less:
            return value < arg.value;
        case spec::SeccompOperator::LessEqual:
            return value <= arg.value;
        case spec::SeccompOperator::Equal:
            return value == arg.value;
        case spec::SeccompOperator::GreaterEqual:
            return value >= arg.value;
        case spec::SeccompOperator::Greater:
            return value > arg.value;
        case spec::SeccompOperator::MaskedEqual:
            return (value & arg.value) == (arg.value_two & arg.value);
    }
    return false;
}

/// What the program returns for the call; throws if it does what no valid filter does.
inline std::uint32_t run_filter(const std::vector<::sock_filter>& program,
                                const ::seccomp_data& call) {
    std::uint32_t accumulator = 0;
    for (std::size_t at = 0; at < program.size();) {
        const ::sock_filter& now = program[at++];
        const auto jump = [&](bool holds) { at += holds ? now.jt : now.jf; };
        switch (now.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                if (now.k + sizeof accumulator > sizeof call) throw std::out_of_range("load");
                std::memcpy(&accumulator, reinterpret_cast<const char*>(&call) + now.k,
                            sizeof accumulator);
                break;
            case BPF_ALU | BPF_AND | BPF_K:
                accumulator &= now.k;
                break;
            case BPF_JMP | BPF_JA:
                at += now.k;
                break;
            case BPF_JMP | BPF_JEQ | BPF_K:
                jump(accumulator == now.k);
                break;
            case BPF_JMP | BPF_JGT | BPF_K:
                jump(accumulator > now.k);
                break;
            case BPF_JMP | BPF_JGE | BPF_K:
                jump(accumulator >= now.k);
                break;
            case BPF_RET | BPF_K:
                return now.k;
            default:
                throw std::runtime_error("an instruction that filters do not have");
        }
    }
    throw std::out_of_range("the end of the filter");
}

}  // namespace cleat::test
