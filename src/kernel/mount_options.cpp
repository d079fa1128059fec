// Room: kernel. Options of new file systems. Runs in init; touches nothing.
#include "mount_options.hpp"

#include <linux/mount.h>

#include <algorithm>
#include <string_view>

#include "cleat/base/text.hpp"

namespace cleat::kernel {
namespace {

constexpr std::size_t kLongestText = 255;
constexpr mode_t kModeBits = 07777;

bool has(const FilesystemOptions& options, std::string_view key) noexcept {
    return std::ranges::any_of(options, [key](const auto& option) { return option.first == key; });
}

/// Data-only layers ("::") and escaped colons keep the form that they have.
bool is_plain_list(std::string_view layers) noexcept {
    return layers.find("::") == std::string_view::npos &&
           layers.find('\\') == std::string_view::npos;
}

bool is_long_layers(const plan::MountFilesystem& step,
                    const FilesystemOptions::value_type& option) noexcept {
    return step.type == "overlay" && option.first == "lowerdir" &&
           option.second.size() > kLongestText && is_plain_list(option.second);
}

/// "lowerdir+" is one more layer below the last (Documentation/filesystems/overlayfs.rst).
FilesystemOptions layer_by_layer(const plan::MountFilesystem& step) {
    FilesystemOptions options;
    for (const auto& option : step.data) {
        if (!is_long_layers(step, option)) {
            options.push_back(option);
            continue;
        }
        for (const auto layer : split(option.second, ':')) options.emplace_back("lowerdir+", layer);
    }
    return options;
}

}  // namespace

bool gives_owner(const FilesystemOptions& options) noexcept {
    return has(options, "uid") || has(options, "gid");
}

std::optional<FilesystemOptions> mount_options(const plan::MountFilesystem& step,
                                               const Target& target) {
    const bool mode = step.type == "tmpfs" && target.existed && !has(step.data, "mode") &&
                      (step.copy_up || !target.is_bare);
    const bool readonly_device = step.source.starts_with('/') &&
                                 (step.flags.set & MOUNT_ATTR_RDONLY) != 0 && !has(step.data, "ro");
    const bool long_layers = std::ranges::any_of(
        step.data, [&step](const auto& option) { return is_long_layers(step, option); });
    if (!mode && !readonly_device && !long_layers) return std::nullopt;
    FilesystemOptions options = long_layers ? layer_by_layer(step) : step.data;
    if (mode) options.emplace_back("mode", octal(target.mode & kModeBits));
    if (readonly_device) options.emplace_back("ro", "");
    return options;
}

}  // namespace cleat::kernel
