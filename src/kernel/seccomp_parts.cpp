// Room: kernel. A profile that is too long for one filter, as several. Runs in the host process,
// before the clone.
#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstddef>

#include "seccomp_ranges.hpp"

namespace cleat::kernel {
namespace {

using Program = std::vector<::sock_filter>;

constexpr std::size_t kMost = BPF_MAXINSNS;
constexpr std::size_t kOfTable = 8;  ///< its test, its load, the first stretch of other parts

/// What all filters of a process may have together, each with a fee of 4, counted as the kernel
/// translates them (MAX_INSNS_PER_PATH of kernel/seccomp.c).
constexpr std::size_t kMostOfAll = 32768;
constexpr std::size_t kFee = 4;

/// The instructions that a range takes at most: its outcome, and the search for it and for the
/// stretch behind it, which other parts decide about.
std::size_t cost(const Outcome& outcome) {
    constexpr std::size_t kSearch = 6;
    constexpr std::size_t kCondition = 7;
    std::size_t instructions = kSearch;
    for (const auto& rule : outcome.rules) instructions += 1 + kCondition * rule.conditions.size();
    return instructions;
}

bool allows(const Outcome& outcome) {
    return outcome.rules.empty() && outcome.return_value == SECCOMP_RET_ALLOW;
}

bool notifies(const Outcome& outcome) {
    return outcome.return_value == SECCOMP_RET_USER_NOTIF ||
           std::ranges::any_of(outcome.rules, [](const ConditionalRule& rule) {
               return rule.return_value == SECCOMP_RET_USER_NOTIF;
           });
}

/// Whether it must be in the filter that is loaded last.
bool is_last(const NumberTable& table, std::size_t index) {
    const auto& ranges = table.ranges;
    const bool own = table.audit_architecture == ::seccomp_arch_native();
    const bool loads = own && ranges[index].first <= SYS_seccomp &&
                       (index + 1 == ranges.size() || ranges[index + 1].first > SYS_seccomp);
    return loads || notifies(ranges[index].outcome);
}

/// Which ranges go into which part, the last one being number 0.
class Division {
 public:
    explicit Division(std::span<const NumberTable> tables) : tables_(tables), parts_(1) {
        for (const bool last : {true, false})
            for (const auto& table : tables)
                for (std::size_t i = 0; i < table.ranges.size(); ++i)
                    if (is_last(table, i) == last && !allows(table.ranges[i].outcome))
                        add(table.ranges[i], last);
    }

    /// Empty if a part is too long.
    [[nodiscard]] std::vector<Program> programs() const {
        std::vector<Program> programs;
        for (auto part = parts_.rbegin(); part != parts_.rend(); ++part)
            programs.push_back(emit_tables(tables_of(*part)));
        const auto too_long = [](const Program& program) { return program.size() > kMost; };
        if (std::ranges::any_of(programs, too_long)) programs.clear();
        return programs;
    }

 private:
    using Part = std::vector<const Range*>;

    void add(const Range& range, bool last) {
        const std::size_t more = cost(range.outcome);
        if (!last && used_ + more > kMost - kOfTable * tables_.size() && !parts_.back().empty()) {
            parts_.emplace_back();
            used_ = 0;
        }
        parts_.back().push_back(&range);
        used_ += more;
    }

    /// What is not of this part is allowed by it.
    [[nodiscard]] std::vector<NumberTable> tables_of(const Part& part) const {
        std::vector<NumberTable> tables;
        for (const auto& whole : tables_) {
            NumberTable table{.audit_architecture = whole.audit_architecture, .ranges = {}};
            for (const auto& range : whole.ranges) {
                const bool own = std::ranges::find(part, &range) != part.end();
                const bool was_own = table.ranges.empty() || !allows(table.ranges.back().outcome);
                if (own)
                    table.ranges.push_back(range);
                else if (was_own)
                    table.ranges.push_back({range.first, {.return_value = SECCOMP_RET_ALLOW}});
            }
            tables.push_back(std::move(table));
        }
        return tables;
    }

    std::span<const NumberTable> tables_;
    std::vector<Part> parts_;
    std::size_t used_ = 0;
};

/// At most what the kernel makes of it: three instructions before, two for a return or a condition.
std::size_t translated(const Program& program) {
    const auto is_two = [](const ::sock_filter& instruction) {
        return instruction.code == (BPF_RET | BPF_K) ||
               (BPF_CLASS(instruction.code) == BPF_JMP && BPF_OP(instruction.code) != BPF_JA);
    };
    return 3 + program.size() + static_cast<std::size_t>(std::ranges::count_if(program, is_two));
}

}  // namespace

std::vector<Program> emit_parts(std::span<const NumberTable> tables) {
    auto programs = Division(tables).programs();
    std::size_t all = 0;
    for (const auto& program : programs) all += translated(program) + kFee;
    if (all > kMostOfAll) programs.clear();
    return programs;
}

}  // namespace cleat::kernel
