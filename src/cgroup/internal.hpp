// Room: cgroup. What its files share: reaching a cgroup's files, waiting, walking a subtree.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/cgroup/cgroup.hpp"

namespace cleat::cgroup {

/// The unified directory, or null.
[[nodiscard]] const plan::CgroupDirectory* find_unified(const Directories& directories);
[[nodiscard]] bool has_v1_controller(const plan::CgroupDirectory& directory,
                                     std::string_view controller);
/// The v1 directory of a controller, or null.
[[nodiscard]] const plan::CgroupDirectory* find_v1(const Directories& directories,
                                                   std::string_view controller);

/// A file with one value or one line.
[[nodiscard]] Result<std::string> read_value(const std::string& directory, std::string_view file);
[[nodiscard]] Result<std::string> read_file(const std::string& directory, std::string_view file);
[[nodiscard]] Result<void> write_file(const std::string& directory, std::string_view file,
                                      std::string_view value);

/// What is between blanks and line ends.
[[nodiscard]] std::vector<std::string_view> words(std::string_view text);
template <std::same_as<std::string> Temporary>
void words(Temporary&& text) = delete;  // they would outlive their text
/// The value of `key` in a flat keyed file such as memory.events ("oom_kill 0"), or "".
[[nodiscard]] std::string_view value_of(std::string_view text, std::string_view key);

/// What a uid of this user namespace is outside, by the lines of its uid_map (user_namespaces(7)).
[[nodiscard]] std::uint32_t outside_uid(std::string_view map, std::uint32_t uid);

/// The root of a hierarchy holds the whole machine: it is never killed, frozen or removed,
/// whatever a damaged state says.
[[nodiscard]] Result<void> refuse_root(const plan::CgroupDirectory& directory);

/// Whether a failure only says that the cgroup is not there (any more).
[[nodiscard]] bool is_absent(const Error& error) noexcept;

/// A moment to stop at, and sleeps that grow up to it.
class Patience {
 public:
    explicit Patience(std::chrono::milliseconds limit)
        : end_(std::chrono::steady_clock::now() + limit) {}
    /// Sleeps, longer each time; false (at once) when the time is up.
    [[nodiscard]] bool wait();
    [[nodiscard]] std::chrono::milliseconds left() const;

 private:
    std::chrono::steady_clock::time_point end_;
    std::chrono::microseconds next_{200};
};

/// A walk through a cgroup and all below. One descriptor is open at a time and no path is ever
/// put together: a container may nest its cgroups deeper than PATH_MAX or RLIMIT_NOFILE.
struct Walk {
    std::function<Result<void>(int directory)> enter = {};  ///< before what is below
    std::function<Result<void>(int parent, const char* name)> leave =
        {};  ///< after it, not for top
};
[[nodiscard]] Result<void> walk(const std::string& top, const Walk& visitor);

}  // namespace cleat::cgroup
