// Room: kernel. A seccomp profile as a table per architecture: which outcome which numbers have.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cleat/spec/config.hpp"
#include "seccomp_filter.hpp"

namespace cleat::kernel {

/// A rule that holds if all its conditions do.
struct ConditionalRule {
    std::uint32_t return_value = 0;
    std::vector<spec::SeccompArg> conditions;
};

/// The first rule that holds decides; without one it is `return_value`.
struct Outcome {
    std::uint32_t return_value = 0;
    bool is_32_bit = false;  ///< conditions see only the low half of an argument
    std::vector<ConditionalRule> rules = {};
};

/// From `first` up to the next range.
struct Range {
    std::uint32_t first = 0;
    Outcome outcome;
};

/// All numbers of one AUDIT_ARCH_*, the first range beginning at 0. x32 lies in that of x86_64.
struct NumberTable {
    std::uint32_t audit_architecture = 0;
    std::vector<Range> ranges;
};

/// Of several rules for one call the first that holds decides. Rules that do what the default does
/// are left out, as libseccomp demands it; unknown names are, too.
[[nodiscard]] std::vector<NumberTable> seccomp_tables(const spec::Seccomp& seccomp,
                                                      std::span<const Architecture> architectures);

/// Processes of other architectures are killed. Of any length.
[[nodiscard]] std::vector<::sock_filter> emit_tables(std::span<const NumberTable> tables);

/// The same for a profile that is too long for one filter: several, of which each decides about
/// some numbers and allows the others. The kernel obeys the strictest of their answers, so they say
/// together what the one would (seccomp(2)). What notifies is in the last, which has the listener;
/// what decides about seccomp(2) is, too, as it would be in the way of the next. Nothing if the
/// rules for one number are too many, or all filters together for one process.
[[nodiscard]] std::vector<std::vector<::sock_filter>> emit_parts(
    std::span<const NumberTable> tables);

}  // namespace cleat::kernel
