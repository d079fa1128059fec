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

bool has_counted(std::string_view events, std::string_view name) {
    return parse_number<std::uint64_t>(value_of(events, name)).value_or(0) > 0;
}

/// No limit is "max" on v2; on v1 it is the biggest number of whole pages.
std::optional<std::uint64_t> number_of(const std::string& path, std::string_view file) {
    constexpr std::uint64_t kBiggestPage = std::uint64_t{1} << 20U;
    constexpr std::uint64_t kNoLimit = std::numeric_limits<std::int64_t>::max() - kBiggestPage;
    const auto text = read_file(path, file);
    if (!text) return std::nullopt;
    const auto limit =
        parse_number<std::uint64_t>(std::string_view(*text).substr(0, text->find('\n')));
    return limit && *limit < kNoLimit ? limit : std::nullopt;
}

/// v1 counts no failure where swap has a limit, too, but knows how much there was at most. What the
/// kernel wants at once may be some pages.
bool has_reached_v1(const std::string& path, std::optional<std::uint64_t> limit) {
    constexpr std::uint64_t kAtOnce = std::uint64_t{32} << 10U;
    const auto most = number_of(path, "memory.max_usage_in_bytes");
    return limit && most && *most + kAtOnce >= *limit;
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
    const auto limit = number_of(path, files.limit);
    return {.oom_killed = has_counted(events, "oom_kill"),
            .ran_out = v1 != nullptr ? has_reached_v1(path, limit) : has_counted(events, "max"),
            .limit = limit};
}

}  // namespace cleat::cgroup
