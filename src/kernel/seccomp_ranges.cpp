// Room: kernel. A seccomp profile as tables of number ranges. Runs in the host process, before the
// clone.
#include "seccomp_ranges.hpp"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <optional>
#include <utility>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"

namespace cleat::kernel {
namespace {

constexpr std::uint32_t kX32Bit = 0x40000000;    // __X32_SYSCALL_BIT
constexpr std::uint32_t kNoCall = 0xffffffffU;   // what a tracer sets to skip a call
constexpr std::uint32_t kArmPrivate = 0x0f0000;  // __ARM_NR_BASE: cacheflush(2) and its like
constexpr std::uint64_t kEnd = std::uint64_t{1} << 32U;

/// One rule of the profile for one number.
struct Entry {
    std::uint32_t number = 0;
    std::uint32_t return_value = 0;
    bool is_32_bit = false;
    bool is_multiplexed = false;  ///< `call` of socketcall(2) or ipc(2)
    std::uint32_t call = 0;
    const spec::SeccompSyscall* rule = nullptr;
};

/// A stretch of numbers that the profile does not name.
struct Stretch {
    std::uint64_t first = 0;
    std::uint32_t return_value = 0;
};

/// What the 32-bit x86 has as a call of its own besides socketcall(2) and ipc(2), by libseccomp's
/// pseudo number, which is -100 or -200 less the multiplexer's own (asm/unistd_32.h).
struct X86Direct {
    int pseudo;
    std::uint32_t number;
};
constexpr X86Direct kX86Direct[] = {
    {-101, 359}, {-102, 361}, {-103, 362}, {-104, 363}, {-106, 367}, {-107, 368}, {-108, 360},
    {-111, 369}, {-112, 371}, {-113, 373}, {-114, 366}, {-115, 365}, {-116, 370}, {-117, 372},
    {-118, 364}, {-119, 337}, {-120, 345}, {-202, 393}, {-203, 394}, {-211, 400}, {-212, 401},
    {-213, 399}, {-214, 402}, {-221, 397}, {-222, 398}, {-223, 395}, {-224, 396},
};

/// The numbers of all names of a profile on x86_64, in its order.
using Known = std::vector<std::optional<int>>;

struct TableBuilder {
    const Known& known;
    std::uint32_t default_return = 0;
    std::vector<Entry> entries = {};
    std::vector<std::uint32_t> named = {};  ///< also by rules that say what the default says
    std::vector<Stretch> stretches = {};
    NumberTable table = {};
};

bool is_32_bit(Architecture architecture) {
    return architecture.token == SCMP_ARCH_X86 || architecture.token == SCMP_ARCH_ARM ||
           architecture.token == SCMP_ARCH_X32;
}

std::uint32_t audit_architecture(Architecture architecture) {
    return architecture.token == SCMP_ARCH_X32 ? std::uint32_t{AUDIT_ARCH_X86_64}
                                               : architecture.token;
}

/// As the kernel ranks the actions of several filters: the smaller one, with its sign, wins.
bool is_stricter(std::uint32_t return_value, std::uint32_t other) {
    return static_cast<std::int32_t>(return_value & SECCOMP_RET_ACTION_FULL) <
           static_cast<std::int32_t>(other & SECCOMP_RET_ACTION_FULL);
}

/// A call that the 32-bit x86 has through a multiplexer, too. The call's own arguments are in
/// memory, where no filter sees them: conditions on them are taken to hold if the rule is stricter
/// than the default, and not to hold if it allows more.
void add_multiplexed(TableBuilder& builder, Entry entry, int pseudo) {
    constexpr std::uint32_t kSocketCall = 102;
    constexpr std::uint32_t kIpc = 117;
    const auto direct = std::ranges::find(kX86Direct, pseudo, &X86Direct::pseudo);
    if (direct != std::end(kX86Direct)) {
        entry.number = direct->number;
        builder.entries.push_back(entry);
    }
    if (!entry.rule->args.empty() && !is_stricter(entry.return_value, builder.default_return))
        return;
    entry.number = pseudo > -200 ? kSocketCall : kIpc;
    entry.call = static_cast<std::uint32_t>(-pseudo % 100);
    entry.is_multiplexed = true;
    builder.entries.push_back(entry);
}

void add_number(TableBuilder& builder, Architecture architecture, const Entry& rule, int number) {
    constexpr int kFirstOtherPseudo = -10000;  // calls that the architecture does not have
    const bool differs = rule.return_value != builder.default_return;
    if (number < 0) {
        if (differs && architecture.token == SCMP_ARCH_X86 && number > kFirstOtherPseudo)
            add_multiplexed(builder, rule, number);
        return;
    }
    Entry entry = rule;
    entry.number = static_cast<std::uint32_t>(number);
    builder.named.push_back(entry.number);
    if (differs) builder.entries.push_back(entry);
}

std::optional<int> number_of(Architecture architecture, const std::string& name,
                             std::optional<int> on_x86_64) {
    if (architecture.token == SCMP_ARCH_X86_64) return on_x86_64;
    const auto number = syscall_number_beside(architecture, on_x86_64.value_or(-1));
    return number ? number : syscall_number(architecture, name);
}

Known known_numbers(const spec::Seccomp& seccomp) {
    Known known;
    for (const auto& rule : seccomp.syscalls)
        for (const auto& name : rule.names)
            known.push_back(syscall_number({SCMP_ARCH_X86_64}, name));
    return known;
}

void add_rules(TableBuilder& builder, const spec::Seccomp& seccomp, Architecture architecture) {
    auto known = builder.known.begin();
    for (const auto& rule : seccomp.syscalls) {
        const Entry entry{.return_value = seccomp_return(rule.action, rule.errno_ret),
                          .is_32_bit = is_32_bit(architecture),
                          .rule = &rule};
        for (const auto& name : rule.names) {
            if (const auto number = number_of(architecture, name, *known++))
                add_number(builder, architecture, entry, *number);
            else
                log({LogLevel::Debug, concat("seccomp: unknown system call ", name)});
        }
    }
}

/// The newest number, counted from `base`, that the profile's author is taken to have known of.
std::uint32_t newest_of(const std::vector<std::uint32_t>& named, std::uint32_t base) {
    std::uint32_t newest = kNewestAssumed;
    for (const auto number : named)
        if (number >= base && number - base < kArmPrivate) newest = std::max(newest, number - base);
    return base + newest;
}

/// What happens to numbers that no rule names, where `base` is that of the architecture's calls.
void add_stretches(TableBuilder& builder, const spec::Seccomp& seccomp, std::uint32_t base) {
    builder.stretches.push_back({base, builder.default_return});
    if (!wants_enosys(seccomp)) return;
    builder.stretches.push_back(
        {std::uint64_t{newest_of(builder.named, base)} + 1, SECCOMP_RET_ERRNO | ENOSYS});
}

void push_plain(NumberTable& table, std::uint64_t first, std::uint32_t return_value) {
    if (!table.ranges.empty()) {
        const auto& last = table.ranges.back().outcome;
        if (last.rules.empty() && last.return_value == return_value) return;
    }
    table.ranges.push_back({static_cast<std::uint32_t>(first), {.return_value = return_value}});
}

void push(NumberTable& table, std::uint32_t first, Outcome outcome) {
    if (outcome.rules.empty()) return push_plain(table, first, outcome.return_value);
    table.ranges.push_back({first, std::move(outcome)});
}

/// The stretches between two numbers.
void push_unnamed(TableBuilder& builder, std::uint64_t from, std::uint64_t to) {
    if (from == to) return;
    const auto& stretches = builder.stretches;
    for (std::size_t i = 0; i < stretches.size(); ++i) {
        const auto end = i + 1 < stretches.size() ? stretches[i + 1].first : kEnd;
        const auto first = std::max(from, stretches[i].first);
        if (first < std::min(to, end)) push_plain(builder.table, first, stretches[i].return_value);
    }
}

void append_conditional(Outcome& outcome, const Entry& entry) {
    const auto& args = entry.rule->args;
    if (entry.is_multiplexed) {
        outcome.rules.push_back({entry.return_value, {{.index = 0, .value = entry.call}}});
    } else if (has_repeated_argument(*entry.rule)) {
        for (const auto& arg : args) outcome.rules.push_back({entry.return_value, {arg}});
    } else {
        outcome.rules.push_back({entry.return_value, args});
    }
}

/// Whether it holds whatever the arguments are, and so what comes behind it does not matter.
bool is_plain(const Entry& entry) { return entry.rule->args.empty() && !entry.is_multiplexed; }

/// What all the rules for one number come to, in the order of the profile.
Outcome outcome_of(std::span<const Entry* const> entries, std::uint32_t default_return) {
    Outcome outcome{.return_value = default_return, .is_32_bit = entries.front()->is_32_bit};
    for (const auto* entry : entries) {
        if (is_plain(*entry)) {
            outcome.return_value = entry->return_value;
            break;
        }
        append_conditional(outcome, *entry);
    }
    while (!outcome.rules.empty() && outcome.rules.back().return_value == outcome.return_value)
        outcome.rules.pop_back();
    return outcome;
}

/// By number; those of one number stay in the order of the profile. Byte by byte from the last,
/// without a comparison: hundreds of numbers in the order of names are slow to sort otherwise.
std::vector<const Entry*> in_order(const std::vector<Entry>& entries) {
    std::vector<const Entry*> order(entries.size());
    std::vector<const Entry*> next(entries.size());
    std::ranges::transform(entries, order.begin(), [](const Entry& entry) { return &entry; });
    for (unsigned shift = 0; shift < 32 && !order.empty(); shift += 8) {
        std::uint32_t places[257] = {};
        for (const auto* entry : order) ++places[(entry->number >> shift & 0xffU) + 1];
        const std::uint32_t of_first = places[(order.front()->number >> shift & 0xffU) + 1];
        if (of_first == order.size()) continue;
        std::partial_sum(std::begin(places), std::end(places), std::begin(places));
        for (const auto* entry : order)
            next.data()[places[entry->number >> shift & 0xffU]++] = entry;
        order.swap(next);
    }
    return order;
}

NumberTable finish(TableBuilder& builder) {
    const auto entries = in_order(builder.entries);
    std::uint64_t done = 0;
    for (auto begin = entries.begin(); begin != entries.end();) {
        const std::uint32_t number = (*begin)->number;
        const auto end = std::find_if(
            begin, entries.end(), [number](const Entry* entry) { return entry->number != number; });
        push_unnamed(builder, done, number);
        if (is_plain(**begin))
            push_plain(builder.table, number, (*begin)->return_value);
        else
            push(builder.table, number, outcome_of({begin, end}, builder.default_return));
        done = std::uint64_t{number} + 1;
        begin = end;
    }
    push_unnamed(builder, done, kEnd);
    return std::move(builder.table);
}

bool contains(std::span<const Architecture> architectures, std::uint32_t token) {
    return std::ranges::find(architectures, Architecture{token}) != architectures.end();
}

/// x86_64 and x32 are one AUDIT_ARCH, told apart by a bit of the number.
void add_x32(TableBuilder& builder, const spec::Seccomp& seccomp,
             std::span<const Architecture> architectures) {
    if (contains(architectures, SCMP_ARCH_X32)) {
        add_rules(builder, seccomp, {SCMP_ARCH_X32});
        return add_stretches(builder, seccomp, kX32Bit);
    }
    builder.stretches.push_back({kX32Bit, SECCOMP_RET_KILL_THREAD});
}

}  // namespace

std::vector<NumberTable> seccomp_tables(const spec::Seccomp& seccomp,
                                        std::span<const Architecture> architectures) {
    std::vector<NumberTable> tables;
    const Known known = known_numbers(seccomp);
    for (const auto architecture : architectures) {
        const bool is_x32 = architecture.token == SCMP_ARCH_X32;
        if (is_x32 && contains(architectures, SCMP_ARCH_X86_64)) continue;
        TableBuilder builder{.known = known};
        builder.default_return = seccomp_return(seccomp.default_action, seccomp.default_errno_ret);
        builder.table.audit_architecture = audit_architecture(architecture);
        if (is_x32) {
            builder.stretches.push_back({0, SECCOMP_RET_KILL_THREAD});
        } else {
            add_rules(builder, seccomp, architecture);
            add_stretches(builder, seccomp, 0);
        }
        if (builder.table.audit_architecture == AUDIT_ARCH_X86_64)
            add_x32(builder, seccomp, architectures);
        builder.stretches.push_back({kNoCall, builder.default_return});
        tables.push_back(finish(builder));
    }
    return tables;
}

}  // namespace cleat::kernel
