// Room: shim. Mounts of a root file system. Runs in an errand, or in `delete`.
#include "rootfs.hpp"

#include <fcntl.h>
#include <linux/loop.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/loop_device.hpp"
#include "cleat/sys/tree.hpp"
#include "fuse_root.hpp"
#include "mapped_root.hpp"

namespace cleat::shim {
namespace {

struct Word {
    std::string_view name;
    unsigned long set = 0;
    unsigned long cleared = 0;
};

constexpr std::array kWords = {Word{"async", 0, MS_SYNCHRONOUS},
                               Word{"atime", 0, MS_NOATIME},
                               Word{"bind", MS_BIND},
                               Word{"defaults"},
                               Word{"dev", 0, MS_NODEV},
                               Word{"diratime", 0, MS_NODIRATIME},
                               Word{"dirsync", MS_DIRSYNC},
                               Word{"exec", 0, MS_NOEXEC},
                               Word{"mand", MS_MANDLOCK},
                               Word{"noatime", MS_NOATIME},
                               Word{"nodev", MS_NODEV},
                               Word{"nodiratime", MS_NODIRATIME},
                               Word{"noexec", MS_NOEXEC},
                               Word{"nomand", 0, MS_MANDLOCK},
                               Word{"norelatime", 0, MS_RELATIME},
                               Word{"nostrictatime", 0, MS_STRICTATIME},
                               Word{"nosuid", MS_NOSUID},
                               Word{"rbind", MS_BIND | MS_REC},
                               Word{"relatime", MS_RELATIME},
                               Word{"remount", MS_REMOUNT},
                               Word{"ro", MS_RDONLY},
                               Word{"rw", 0, MS_RDONLY},
                               Word{"strictatime", MS_STRICTATIME},
                               Word{"suid", 0, MS_NOSUID},
                               Word{"sync", MS_SYNCHRONOUS}};

constexpr std::array kPropagation = {
    Word{"private", MS_PRIVATE},       Word{"rprivate", MS_PRIVATE | MS_REC},
    Word{"shared", MS_SHARED},         Word{"rshared", MS_SHARED | MS_REC},
    Word{"slave", MS_SLAVE},           Word{"rslave", MS_SLAVE | MS_REC},
    Word{"unbindable", MS_UNBINDABLE}, Word{"runbindable", MS_UNBINDABLE | MS_REC}};

/// Where in an overlay's options the value of `lowerdir` is, layers with colons between them.
struct Lower {
    std::size_t from = 0;
    std::size_t size = 0;
};
std::optional<Lower> find_lower(std::string_view data) {
    constexpr std::string_view kLower = "lowerdir=";
    const auto begin = data.find(kLower);
    if (begin == std::string_view::npos) return {};
    const auto from = begin + kLower.size();
    return Lower{from, std::min(data.find(',', from), data.size()) - from};
}

/// mount(2) takes a page of options, which many layers do not fit in. Layers have most of their
/// paths in common: from that directory they are short.
Result<void> shorten(std::string& data) {
    constexpr std::size_t kFits = 4000;
    if (data.size() < kFits) return {};
    const auto lower = find_lower(data);
    if (!lower) return {};
    const auto layers = split(std::string_view(data).substr(lower->from, lower->size), ':');
    std::string_view common = layers[0];
    for (const auto layer : layers) {
        const auto [end, _] = std::ranges::mismatch(common, layer);
        common = common.substr(0, static_cast<std::size_t>(end - common.begin()));
    }
    common = common.substr(0, common.rfind('/') + 1);
    if (common.size() < 2) return {};
    std::string shorter;
    for (const auto layer : layers)
        shorter += concat(shorter.empty() ? "" : ":", layer.substr(common.size()));
    const std::string directory(common);
    data.replace(lower->from, lower->size, shorter);
    if (::chdir(directory.c_str()) < 0) return fail_errno(concat("change into ", directory), errno);
    return {};
}

std::uint32_t loop_flags(const MountWords& words) {
    std::uint32_t flags = 0;
    if ((words.flags & MS_RDONLY) != 0) flags |= LO_FLAGS_READ_ONLY;
    if (words.direct) flags |= LO_FLAGS_DIRECT_IO;
    return flags;
}

Result<void> mount_plainly(const RootMount& mount, const MountWords& words,
                           const std::string& target) {
    std::string data = words.data;
    TRY(shorten(data));
    sys::LoopDevice device{.fd = {}, .path = mount.source};
    if (words.loop) device = TRY(sys::attach_loop_device(mount.source, loop_flags(words)));
    const sys::PlainMount first{.source = device.path.c_str(),
                                .target = target.c_str(),
                                .type = mount.type.c_str(),
                                .flags = words.flags,
                                .data = data.c_str()};
    auto mounted = sys::mount_plain(first);
    if (::chdir("/") < 0) return fail_errno("change into /", errno);
    TRY(std::move(mounted));
    // A bind mount takes no flags but by a second call (mount(2)).
    constexpr unsigned long kOwn = MS_BIND | MS_REC;
    if ((words.flags & MS_BIND) == 0 || (words.flags & ~kOwn) == 0) return {};
    auto again = first;
    again.flags |= MS_REMOUNT;
    return sys::mount_plain(again);
}

std::vector<std::string> layers_of(const std::string& data) {
    const auto lower = find_lower(data);
    if (!lower) return {};
    const auto layers = split(std::string_view(data).substr(lower->from, lower->size), ':');
    return {layers.begin(), layers.end()};
}

Result<void> mount_one(const RootMount& mount, const std::string& target) {
    if (is_fuse(mount.type)) return mount_fuse(mount, target);
    const auto words = mount_words(mount.options);
    if (words.uid_map.empty() && words.gid_map.empty()) {
        TRY(mount_plainly(mount, words, target));
    } else {
        const auto mapping = TRY(parse_id_maps(words.uid_map, words.gid_map));
        TRY(mount_mapped(
            {.mapping = mapping,
             .layers = mount.type == "overlay" ? layers_of(words.data) : std::vector<std::string>{},
             .target = target},
            [&] { return mount_plainly(mount, words, target); }));
    }
    for (const auto flags : words.propagation)
        TRY(sys::mount_plain({.source = "", .target = target.c_str(), .type = "", .flags = flags}));
    return {};
}

/// A place in what was mounted before is the image's: its links lead nowhere but into it.
Result<std::string> place_of(const RootMount& mount, const std::string& rootfs) {
    if (mount.target.empty()) return rootfs;
    const auto root = TRY(sys::open_at(sys::kHere, rootfs.c_str(), O_PATH | O_DIRECTORY));
    const auto place = TRY(sys::open_resolved(root.get(), mount.target.c_str(), O_PATH,
                                              RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
    return sys::read_link_at(sys::kHere, concat("/proc/self/fd/", place.get()).c_str());
}

}  // namespace

MountWords mount_words(const std::vector<std::string>& options) {
    constexpr std::string_view kUidMap = "uidmap=";
    constexpr std::string_view kGidMap = "gidmap=";
    MountWords words;
    for (const auto& option : options) {
        const auto flag = std::ranges::find(kWords, option, &Word::name);
        const auto propagation = std::ranges::find(kPropagation, option, &Word::name);
        if (flag != kWords.end())
            words.flags = (words.flags | flag->set) & ~flag->cleared;
        else if (propagation != kPropagation.end())
            words.propagation.push_back(propagation->set);
        else if (option == "loop")
            words.loop = true;
        else if (option == "direct-io")
            words.direct = true;
        else if (option.starts_with(kUidMap))
            words.uid_map = option.substr(kUidMap.size());
        else if (option.starts_with(kGidMap))
            words.gid_map = option.substr(kGidMap.size());
        else if (!option.starts_with("X-containerd."))  // notes of containerd to itself
            words.data += concat(words.data.empty() ? "" : ",", option);
    }
    return words;
}

Result<void> mount_root(const std::vector<RootMount>& mounts, const std::string& rootfs) {
    constexpr mode_t kMode = 0711;
    if (mounts.empty()) return {};
    TRY(sys::make_directories(rootfs, kMode));
    for (const auto& mount : mounts) {
        const auto target = place_of(mount, rootfs);
        auto mounted =
            target ? mount_one(mount, *target) : Result<void>(std::unexpected(target.error()));
        if (!mounted)
            return std::unexpected(with_context(
                std::move(mounted).error(), concat("failed to mount rootfs component: ", mount.type,
                                                   " from ", quoted(mount.source))));
    }
    return {};
}

Result<void> unmount_root(const std::string& rootfs) {
    for (;;) {
        auto done = sys::detach_mount(rootfs.c_str());
        if (done) continue;
        const int error = done.error().errno_value;
        if (error == EINVAL || error == ENOENT) return {};
        return done;
    }
}

}  // namespace cleat::shim
