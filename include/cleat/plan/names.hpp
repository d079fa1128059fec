// Room: plan (layer 1, pure). The names that its tables know, for `features`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cleat::plan {

/// Every option of a mount that is not left to the file system, sorted.
[[nodiscard]] std::vector<std::string> known_mount_options();

/// All capabilities up to that number, and their names ("CAP_CHOWN CAP_KILL").
[[nodiscard]] std::uint64_t all_capabilities(int last) noexcept;
[[nodiscard]] std::string capability_names(std::uint64_t set);

}  // namespace cleat::plan
