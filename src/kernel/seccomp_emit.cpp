// Room: kernel. Filters as cleat writes them. Runs in the host process, before the clone.
//
// All system call numbers of one AUDIT_ARCH are cut into ranges with one outcome each; a binary
// search over the ranges ends in a return, or in the conditions of the rules for that number. The
// program is written from its end to its beginning: a jump only goes forward, so its target is
// there already and the distance is known.
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>

#include "seccomp_filter.hpp"
#include "seccomp_ranges.hpp"

namespace cleat::kernel {
namespace {

constexpr std::uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS;
constexpr std::uint16_t kAnd = BPF_ALU | BPF_AND | BPF_K;
constexpr std::uint16_t kReturn = BPF_RET | BPF_K;
constexpr std::uint16_t kGo = BPF_JMP | BPF_JA;
constexpr std::uint16_t kIfEqual = BPF_JMP | BPF_JEQ | BPF_K;
constexpr std::uint16_t kIfGreater = BPF_JMP | BPF_JGT | BPF_K;
constexpr std::uint16_t kIfNotLess = BPF_JMP | BPF_JGE | BPF_K;

constexpr std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
constexpr std::uint32_t high(std::uint64_t value) {
    return static_cast<std::uint32_t>(value >> 32U);
}

/// A place in the program: how many instructions come from there to the end.
struct Label {
    std::size_t from_end;
};

struct Branch {
    Label yes;
    Label no;
};

class Writer {
 public:
    /// The instruction that was written last, and so runs first.
    [[nodiscard]] Label here() const noexcept { return {reversed_.size()}; }

    void statement(std::uint16_t code, std::uint32_t operand) {
        reversed_.push_back({.code = code, .jt = 0, .jf = 0, .k = operand});
    }

    /// Both targets are within the 255 instructions that a condition reaches.
    void branch(std::uint16_t code, std::uint32_t operand, Branch targets) {
        reversed_.push_back({.code = code,
                             .jt = static_cast<std::uint8_t>(distance(targets.yes)),
                             .jf = static_cast<std::uint8_t>(distance(targets.no)),
                             .k = operand});
    }

    /// Goes to one of two targets of which one is right here and the other may be far.
    void far_branch(std::uint16_t code, std::uint32_t operand, Branch targets) {
        constexpr std::size_t kReach = 255;
        if (distance(targets.yes) > kReach)
            targets.yes = trampoline(targets.yes);
        else if (distance(targets.no) > kReach)
            targets.no = trampoline(targets.no);
        branch(code, operand, targets);
    }

    [[nodiscard]] std::vector<::sock_filter> program() && {
        std::ranges::reverse(reversed_);
        return std::move(reversed_);
    }

 private:
    [[nodiscard]] std::size_t distance(Label target) const noexcept {
        return reversed_.size() - target.from_end;
    }
    Label trampoline(Label target) {
        statement(kGo, static_cast<std::uint32_t>(distance(target)));
        return here();
    }

    std::vector<::sock_filter> reversed_;
};

enum class Width { Bits32, Bits64 };

/// Where the halves of an argument lie in what the filter sees.
std::uint32_t argument_offset(std::uint32_t index) {
    static_assert(std::endian::native == std::endian::little ||
                  std::endian::native == std::endian::big);
    constexpr std::uint32_t kLowHalf = std::endian::native == std::endian::little ? 0 : 4;
    return static_cast<std::uint32_t>(offsetof(::seccomp_data, args)) + 8 * index + kLowHalf;
}

/// The three tests from which all operators are made, for the low half.
std::uint16_t test_of(spec::SeccompOperator op) {
    switch (op) {
        case spec::SeccompOperator::Greater:
        case spec::SeccompOperator::LessEqual:
            return kIfGreater;
        case spec::SeccompOperator::GreaterEqual:
        case spec::SeccompOperator::Less:
            return kIfNotLess;
        case spec::SeccompOperator::Equal:
        case spec::SeccompOperator::NotEqual:
        case spec::SeccompOperator::MaskedEqual:
            break;
    }
    return kIfEqual;
}

bool is_negated(spec::SeccompOperator op) {
    return op == spec::SeccompOperator::NotEqual || op == spec::SeccompOperator::Less ||
           op == spec::SeccompOperator::LessEqual;
}

/// One condition on one argument; on 32-bit architectures only its low half is looked at.
void write_condition(Writer& writer, const spec::SeccompArg& arg, Width width, Branch targets) {
    const bool masked = arg.op == spec::SeccompOperator::MaskedEqual;
    const std::uint64_t wanted = masked ? arg.value_two & arg.value : arg.value;
    const std::uint32_t low_offset = argument_offset(arg.index);
    const std::uint16_t test = test_of(arg.op);
    if (is_negated(arg.op)) std::swap(targets.yes, targets.no);

    writer.branch(test, low(wanted), targets);
    if (masked) writer.statement(kAnd, low(arg.value));
    writer.statement(kLoad, low_offset);
    if (width == Width::Bits32) return;

    writer.branch(kIfEqual, high(wanted), {.yes = writer.here(), .no = targets.no});
    if (test != kIfEqual)
        writer.branch(kIfGreater, high(wanted), {.yes = targets.yes, .no = writer.here()});
    if (masked) writer.statement(kAnd, high(arg.value));
    writer.statement(kLoad, low_offset ^ 4U);
}

/// One rule: if all its conditions hold its return, else on to `otherwise`.
void write_rule(Writer& writer, const ConditionalRule& rule, Width width, Label otherwise) {
    writer.statement(kReturn, rule.return_value);
    for (auto arg = rule.conditions.rbegin(); arg != rule.conditions.rend(); ++arg)
        write_condition(writer, *arg, width, {.yes = writer.here(), .no = otherwise});
}

void write_outcome(Writer& writer, const Outcome& outcome) {
    writer.statement(kReturn, outcome.return_value);
    const Width width = outcome.is_32_bit ? Width::Bits32 : Width::Bits64;
    for (auto rule = outcome.rules.rbegin(); rule != outcome.rules.rend(); ++rule)
        write_rule(writer, *rule, width, writer.here());
}

/// A binary search over some ranges; its first instruction is the writer's last.
void write_search(Writer& writer, std::span<const Range> ranges) {
    if (ranges.size() == 1) return write_outcome(writer, ranges.front().outcome);
    const std::size_t middle = ranges.size() / 2;
    write_search(writer, ranges.subspan(middle));
    const Label upper = writer.here();
    write_search(writer, ranges.first(middle));
    writer.far_branch(kIfNotLess, ranges[middle].first, {.yes = upper, .no = writer.here()});
}

}  // namespace

std::vector<::sock_filter> emit_tables(std::span<const NumberTable> tables) {
    Writer writer;
    writer.statement(kReturn, SECCOMP_RET_KILL_THREAD);  // an architecture that is not listed
    for (auto table = tables.rbegin(); table != tables.rend(); ++table) {
        const Label other = writer.here();
        write_search(writer, table->ranges);
        writer.statement(kLoad, offsetof(::seccomp_data, nr));
        writer.far_branch(kIfEqual, table->audit_architecture, {.yes = writer.here(), .no = other});
    }
    writer.statement(kLoad, offsetof(::seccomp_data, arch));
    return std::move(writer).program();
}

std::vector<::sock_filter> emit_seccomp(const spec::Seccomp& seccomp,
                                        std::span<const Architecture> architectures) {
    return emit_tables(seccomp_tables(seccomp, architectures));
}

}  // namespace cleat::kernel
