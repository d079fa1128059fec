// Room: cgroup. What the memory controller knows about a container's end; host process. Never
// fails: it only makes other errors clearer.
#include <limits>

#include "cleat/base/text.hpp"
#include "internal.hpp"

namespace cleat::cgroup {
namespace {

struct MemoryFiles {
    std::string_view events;
    std::string_view limit;
};

/// That of `oom` counts what failed at the limit; v1 has a file for it.
bool has_counted(std::string_view events, std::string_view name) {
    return parse_number<std::uint64_t>(value_of(events, name)).value_or(0) > 0;
}

std::uint64_t failures_v1(const std::string& path, std::string_view file) {
    const auto text = read_file(path, file).value_or("");
    return parse_number<std::uint64_t>(std::string_view(text).substr(0, text.find('\n')))
        .value_or(0);
}

/// Memory is counted first with swap, where that has a limit, too.
bool has_failed_v1(const std::string& path) {
    return failures_v1(path, "memory.memsw.failcnt") > 0 || failures_v1(path, "memory.failcnt") > 0;
}

/// No limit is "max" on v2; on v1 it is the biggest number of whole pages.
std::optional<std::uint64_t> limit_of(const std::string& path, std::string_view file) {
    constexpr std::uint64_t kBiggestPage = std::uint64_t{1} << 20U;
    constexpr std::uint64_t kNoLimit = std::numeric_limits<std::int64_t>::max() - kBiggestPage;
    const auto text = read_file(path, file);
    if (!text) return std::nullopt;
    const auto limit =
        parse_number<std::uint64_t>(std::string_view(*text).substr(0, text->find('\n')));
    return limit && *limit < kNoLimit ? limit : std::nullopt;
}

}  // namespace

MemoryVerdict memory_verdict(const Directories& directories) {
    constexpr MemoryFiles kV1{"memory.oom_control", "memory.limit_in_bytes"};
    constexpr MemoryFiles kV2{"memory.events", "memory.max"};
    const auto* v1 = find_v1(directories, "memory");
    const auto* directory = v1 != nullptr ? v1 : find_unified(directories);
    if (directory == nullptr) return {};
    const MemoryFiles& files = v1 != nullptr ? kV1 : kV2;
    const std::string path = full_path(*directory);
    const auto events = read_file(path, files.events).value_or("");
    return {.oom_killed = has_counted(events, "oom_kill"),
            .ran_out = v1 != nullptr ? has_failed_v1(path) : has_counted(events, "oom"),
            .limit = limit_of(path, files.limit)};
}

}  // namespace cleat::cgroup
