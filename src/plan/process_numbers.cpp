// Room: plan. Numbers of resource limits and personalities.
#include "process_numbers.hpp"

#include <algorithm>
#include <array>

#include "cleat/base/text.hpp"

namespace cleat::plan {
namespace {

// <asm-generic/resource.h>; the index is the number.
constexpr std::array kRlimits = std::to_array<std::string_view>({
    "RLIMIT_CPU",
    "RLIMIT_FSIZE",
    "RLIMIT_DATA",
    "RLIMIT_STACK",
    "RLIMIT_CORE",
    "RLIMIT_RSS",
    "RLIMIT_NPROC",
    "RLIMIT_NOFILE",
    "RLIMIT_MEMLOCK",
    "RLIMIT_AS",
    "RLIMIT_LOCKS",
    "RLIMIT_SIGPENDING",
    "RLIMIT_MSGQUEUE",
    "RLIMIT_NICE",
    "RLIMIT_RTPRIO",
    "RLIMIT_RTTIME",
});

struct Persona {
    std::string_view name;
    std::uint64_t bits;
};
// <linux/personality.h>
constexpr std::array kDomains = std::to_array<Persona>({{"LINUX", 0x0000}, {"LINUX32", 0x0008}});
constexpr std::array kFlags = std::to_array<Persona>({
    {"UNAME26", 0x0020000},
    {"ADDR_NO_RANDOMIZE", 0x0040000},
    {"FDPIC_FUNCPTRS", 0x0080000},
    {"MMAP_PAGE_ZERO", 0x0100000},
    {"ADDR_COMPAT_LAYOUT", 0x0200000},
    {"READ_IMPLIES_EXEC", 0x0400000},
    {"ADDR_LIMIT_32BIT", 0x0800000},
    {"SHORT_INODE", 0x1000000},
    {"WHOLE_SECONDS", 0x2000000},
    {"STICKY_TIMEOUTS", 0x4000000},
    {"ADDR_LIMIT_3GB", 0x8000000},
});

template <class Table>
Result<std::uint64_t> find_bits(const Table& table, const std::string& name, std::string pointer) {
    const auto found = std::ranges::find(table, name, &Persona::name);
    if (found != table.end()) return found->bits;
    return std::unexpected(Error{.kind = ErrorKind::InvalidConfig,
                                 .what = concat("unknown personality ", quoted(name)),
                                 .pointer = std::move(pointer)});
}

}  // namespace

std::optional<int> rlimit_number(std::string_view name) noexcept {
    const auto found = std::ranges::find(kRlimits, name);
    if (found == kRlimits.end()) return std::nullopt;
    return static_cast<int>(found - kRlimits.begin());
}

std::string rlimit_name(int resource) {
    const auto index = static_cast<std::size_t>(resource);
    return index < kRlimits.size() ? std::string(kRlimits[index]) : concat("limit ", resource);
}

Result<std::uint64_t> persona(const spec::Personality& personality) {
    auto bits = TRY(find_bits(kDomains, personality.domain, "/linux/personality/domain"));
    for (std::size_t i = 0; i < personality.flags.size(); ++i)
        bits |= TRY(
            find_bits(kFlags, personality.flags[i], pointer_push("/linux/personality/flags", i)));
    return bits;
}

}  // namespace cleat::plan
