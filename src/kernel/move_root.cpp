// Room: kernel. --no-pivot. Runs in init, in the container's mount namespace.
#include "move_root.hpp"

#include <fcntl.h>
#include <linux/mount.h>

#include <string_view>
#include <vector>

#include "cleat/sys/files.hpp"
#include "cleat/sys/tree.hpp"
#include "failed.hpp"

namespace cleat::kernel {
namespace {

bool is_below(std::string_view path, std::string_view directory) {
    if (directory == "/") return true;
    return path.starts_with(directory) &&
           (path.size() == directory.size() || path[directory.size()] == '/');
}

/// proc_pid_mountinfo(5) writes blanks and backslashes as octal numbers.
std::string unescaped(std::string_view text) {
    constexpr std::size_t kDigits = 3;
    constexpr int kOctal = 8;
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto code = text[i] == '\\'
                              ? parse_number<std::uint8_t>(text.substr(i + 1, kDigits), kOctal)
                              : std::nullopt;
        plain += code ? static_cast<char>(*code) : text[i];
        if (code) i += kDigits;
    }
    return plain;
}

/// Where a line of mountinfo has a procfs or sysfs outside the root; or empty.
std::string revealing_mount(std::string_view line, std::string_view root_path) {
    constexpr std::size_t kMountPoint = 4;
    const auto separator = line.find(" - ");
    const auto fields = split(line.substr(0, separator), ' ');
    if (separator == std::string_view::npos || fields.size() <= kMountPoint) return {};
    const auto type = split(line.substr(separator + 3), ' ')[0];
    std::string path = unescaped(fields[kMountPoint]);
    if ((type != "proc" && type != "sysfs") || is_below(path, root_path)) return {};
    return path;
}

/// Takes it off, or, where it is locked (user namespace), covers it.
Result<void> hide(const std::string& path) {
    const auto mount = sys::open_at(sys::kHere, path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (!mount && mount.error().errno_value == ENOENT) return {};  // was below one taken off
    if (!mount) return std::unexpected(mount.error());
    TRY(sys::set_mount_attributes(mount->get(), "", {.propagation = MS_SLAVE},
                                  sys::Depth::Recursive));
    const auto taken_off = sys::detach_mount(path.c_str());
    if (taken_off) return {};
    const auto error = taken_off.error().errno_value;
    if (error != EINVAL && error != EPERM) return taken_off;
    const auto cover = TRY(sys::Tree::make({.type = "tmpfs", .attributes = MOUNT_ATTR_RDONLY}));
    return cover.attach_to(mount->get());
}

}  // namespace

Result<void> move_root(Context& context) {
    const sys::Fd file = TRY(sys::open_proc_file(context.proc.get(), "self/mountinfo", O_RDONLY));
    const std::string text = TRY(sys::read_all(file.get()));
    for (const auto line : split(text, '\n')) {
        const std::string path = revealing_mount(line, context.root_path);
        if (!path.empty()) TRY(hide(path));
    }
    return sys::move_mount(context.root.fd(), sys::kHere, "/");
}

}  // namespace cleat::kernel
