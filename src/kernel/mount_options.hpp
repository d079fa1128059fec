// Room: kernel. Options of a new file system that config.json leaves out but the kernel wants.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cleat/plan/steps.hpp"
#include "target.hpp"

namespace cleat::kernel {

using FilesystemOptions = std::vector<std::pair<std::string, std::string>>;

/// Whether the options say who owns the root of the file system.
[[nodiscard]] bool gives_owner(const FilesystemOptions& options) noexcept;

/// The step's options with what has to be added or written in another way; none if they are fine
/// as they are: a tmpfs takes the mode of the directory that it covers, a read-only mount of a
/// device opens it read-only, and layers of an overlay are given one by one if they are long
/// (fsconfig(2) takes texts of up to 255 bytes).
[[nodiscard]] std::optional<FilesystemOptions> mount_options(const plan::MountFilesystem& step,
                                                             const Target& target);

}  // namespace cleat::kernel
