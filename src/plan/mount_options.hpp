// Room: plan. The options of a mount (config.md#mounts; mount(8)) sorted by who they are for.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/plan/steps.hpp"

namespace cleat::plan {

enum class Depth { None, Top, Recursive };

struct MountOptions {
    Depth bind = Depth::None;
    Depth idmap = Depth::None;
    bool remount = false;
    bool copy_up = false;
    bool copy_symlink = false;
    bool source_no_follow = false;
    bool destination_no_follow = false;
    MountFlags flags;
    std::vector<std::pair<std::string, std::string>> superblock;  ///< of the VFS, any file system
    std::vector<std::pair<std::string, std::string>> data;        ///< of this file system
    std::vector<std::size_t> data_indices;                        ///< where in `options` they are
};

/// Never fails: what the table does not know is for the file system to judge. The later of two
/// options that contradict each other wins, as in mount(8).
[[nodiscard]] MountOptions parse_mount_options(const std::vector<std::string>& options);

/// MS_* of "shared", "rslave"…, MS_REC with the r; 0 for anything else.
[[nodiscard]] std::uint64_t propagation_of(std::string_view name) noexcept;
/// "rslave".
[[nodiscard]] std::string propagation_name(std::uint64_t propagation);
/// "nosuid, nodev" for the MOUNT_ATTR_* in `attributes`.
[[nodiscard]] std::vector<std::string> attribute_names(std::uint64_t attributes);

/// Every option that parse_mount_options() understands, as `features` lists them.
[[nodiscard]] std::vector<std::string> known_mount_options();

}  // namespace cleat::plan
