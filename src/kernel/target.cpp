// Room: kernel. Mount targets. Runs in init, before the root is changed.
#include "target.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "cleat/sys/files.hpp"
#include "failed.hpp"
#include "mount_flags.hpp"

namespace cleat::kernel {
namespace {

constexpr std::string_view kProc = "/proc";

constexpr std::array<std::string_view, 11> kSafeBelowProc{"/proc/cpuinfo",
                                                          "/proc/diskstats",
                                                          "/proc/loadavg",
                                                          "/proc/meminfo",
                                                          "/proc/net/dev",
                                                          "/proc/slabinfo",
                                                          "/proc/stat",
                                                          "/proc/swaps",
                                                          "/proc/uptime",
                                                          "/proc/sys/crypto/fips_enabled",
                                                          "/proc/sys/kernel/ns_last_pid"};

/// The runtime and the container's programs trust what these two names lead to.
bool must_be_real(const std::string& destination) {
    const std::string path = normal_path(destination);
    return path == kProc || path == "/sys";
}

/// Where a symlink is the kernel's word: who reads /proc/self must not read another's.
Result<bool> is_of_kernel(int fd) {
    const auto magic = TRY(sys::filesystem_magic(fd));
    return magic == PROC_SUPER_MAGIC || magic == SYSFS_MAGIC || magic == DEVPTS_SUPER_MAGIC;
}

Result<sys::Fd> ensure(const Context& context, const std::string& destination, Shape shape) {
    if (shape == Shape::Directory) return context.root.make_directory(destination.c_str());
    return context.root.ensure_file(destination.c_str());
}

/// The kernel's path of a descriptor below the root, cut down to the container's view.
Result<std::string> path_in_container(const Context& context, int fd) {
    const std::string path = TRY(sys::path_of(context.proc.get(), fd));
    const std::string_view root =
        context.root_path == "/" ? "" : std::string_view(context.root_path);
    if (!path.starts_with(root)) return path;
    const std::string inside = path.substr(root.size());
    return inside.empty() ? "/" : inside;
}

}  // namespace

Shape shape_of(mode_t mode) noexcept { return S_ISDIR(mode) ? Shape::Directory : Shape::File; }

Result<Target> open_target(const Context& context, const std::string& destination, Shape shape,
                           sys::LastLink link) {
    const bool real = must_be_real(destination);
    auto there = real || link == sys::LastLink::Kept
                     ? context.root.open_no_follow(destination.c_str(), O_PATH)
                     : context.root.open(destination.c_str(), O_PATH);
    Target target;
    if (!there && there.error().errno_value == ENOENT) {
        target.existed = false;
        there = ensure(context, destination, shape);
    }
    target.fd = TRY(std::move(there));
    target.mode = TRY(sys::stat_fd(target.fd.get())).st_mode;
    if (S_ISLNK(target.mode) && (real || TRY(is_of_kernel(target.fd.get()))))
        return fail(ErrorKind::InvalidConfig, concat(destination, " must not be a symlink"));
    if (shape == Shape::Directory && !S_ISDIR(target.mode))
        return fail_errno(concat("the destination ", destination,
                                 S_ISLNK(target.mode) ? " is a symlink" : " is a file"),
                          ENOTDIR);
    if (shape == Shape::File && S_ISDIR(target.mode))
        return fail_errno(
            concat("the source is a file, the destination ", destination, " is a directory"),
            EISDIR);
    target.path = TRY(path_in_container(context, target.fd.get()));
    return target;
}

Result<void> check_proc_rules(const Target& target, Content content) {
    const std::string_view path = target.path;
    if (!path.starts_with(kProc)) return {};
    const bool over = path.size() == kProc.size();
    const bool below = !over && path[kProc.size()] == '/';
    if (over && content != Content::ProcRoot)
        return fail(ErrorKind::InvalidConfig, "only a procfs can be mounted on /proc");
    if (below && content != Content::SameProcFile && !std::ranges::count(kSafeBelowProc, path))
        return fail(ErrorKind::InvalidConfig,
                    concat(path, " cannot be mounted because it is inside /proc"));
    return {};
}

Result<void> attach(Context& context, const sys::Tree& tree, const Target& target,
                    const plan::MountFlags& flags) {
    context.device_place = {};  // it may be covered
    TRY(tree.attach_to(target.fd.get()));
    if (context.attached != nullptr) {
        sys::Fd kept(::fcntl(tree.fd(), F_DUPFD_CLOEXEC, 0));
        if (!kept) return failed("keep the mount");
        context.attached->push_back(std::move(kept));
    }
    if (target.path == "/") {
        context.root = sys::RootFs(TRY(sys::open_at(tree.fd(), ".", O_PATH | O_DIRECTORY)));
        if (::fchdir(context.root.fd()) < 0) return failed("change into the new root");
    }
    return set_mount_propagation(tree.fd(), flags);
}

}  // namespace cleat::kernel
