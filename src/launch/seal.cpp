// Room: launch. The runtime runs from a copy of its executable that a container cannot write to
// (CVE-2019-5736): create, run and exec have a process that is seen inside the container, and whose
// /proc/PID/exe would otherwise lead to the file on the host.
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "cleat/base/text.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/tree.hpp"
#include "reseat.hpp"

namespace cleat::launch {
namespace {

constexpr const char* kSelf = "/proc/self/exe";
constexpr int kAllSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

/// On a read-only mount or in a sealed memfd: nobody gets a writable descriptor through /proc.
Result<bool> is_sealed(int executable) {
    struct ::statvfs status{};
    if (::fstatvfs(executable, &status) < 0) return fail_errno("statvfs own executable", errno);
    if ((status.f_flag & ST_RDONLY) != 0) return true;
    const int seals = ::fcntl(executable, F_GET_SEALS);
    return seals >= 0 && (seals & F_SEAL_WRITE) != 0;
}

/// A read-only overlay of the executable's directory, attached nowhere: its inode is not the
/// host's. Without an upper layer overlay wants two that do not overlap; the second one is never
/// looked at, as the executable is in the first.
Result<sys::Fd> overlay_copy(const std::string& path) {
    const auto slash = path.rfind('/');
    const std::string directory = slash == 0 ? "/" : path.substr(0, slash);
    if (directory.find_first_of(":\\,") != std::string::npos)
        return fail(ErrorKind::Unsupported, "overlay cannot name this directory");
    const std::vector<std::pair<std::string, std::string>> options = {
        {"lowerdir", concat(directory, ":/dev")}};
    const auto overlay = TRY(
        sys::Tree::make({.type = "overlay",
                         .source = "cleat",
                         .options = &options,
                         .attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID}));
    return sys::open_at(overlay.fd(), path.substr(slash + 1).c_str(), O_RDONLY | O_NOFOLLOW);
}

/// A copy in memory that nobody can change any more. Where vm.memfd_noexec is set it must be said
/// that it is for executing; a kernel that has no such thing (before Linux 6.3) refuses the word.
Result<sys::Fd> memory_copy(int executable) {
    constexpr unsigned kExecutable = 0x10;  // MFD_EXEC, memfd_create(2)
    constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    sys::Fd copy(::memfd_create("cleat", kFlags | kExecutable));
    if (!copy && errno == EINVAL) copy = sys::Fd(::memfd_create("cleat", kFlags));
    if (!copy) return fail_errno("make memory for own executable", errno);
    const auto status = TRY(sys::stat_fd(executable));
    for (off_t done = 0; done < status.st_size;) {
        const auto sent = ::sendfile(copy.get(), executable, nullptr,
                                     static_cast<std::size_t>(status.st_size - done));
        if (sent <= 0) return fail_errno("copy own executable", errno);
        done += sent;
    }
    if (::fcntl(copy.get(), F_ADD_SEALS, kAllSeals) < 0)
        return fail_errno("seal own executable", errno);
    return copy;
}

/// None if this process runs from one already.
Result<sys::Fd> sealed_copy() {
    auto executable = TRY(sys::open_at(sys::kHere, kSelf, O_RDONLY));
    if (TRY(is_sealed(executable.get()))) return sys::Fd();
    auto copy = overlay_copy(TRY(sys::read_link_at(sys::kHere, kSelf)));
    return copy ? std::move(copy) : memory_copy(executable.get());
}

Result<void> execute(const sys::Fd& copy, char** argv) {
    ::syscall(SYS_execveat, copy.get(), "", argv, environ, AT_EMPTY_PATH);
    return fail_errno("execute own sealed copy", errno);
}

/// As ps(1) shows it; what was executed by descriptor has its number for a name.
Result<void> take_name() {
    ::prctl(PR_SET_NAME, "cleat");
    return {};
}

}  // namespace

Result<void> seal_own_executable(char** argv) {
    const auto copy = TRY(sealed_copy());
    return !copy || reseat_on(copy.get()) ? take_name() : execute(copy, argv);
}

}  // namespace cleat::launch
