// Room: kernel. The process itself: session, umask, directory, descriptors, keyring. Runs in init,
// after the clone; ChangeDirectory and CloseFds also carry the defence against CVE-2024-21626.
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <csignal>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "failed.hpp"

namespace cleat::kernel {
namespace {

/// The directory in the root, made with mode 0755 whatever the umask is by now.
Result<sys::Fd> open_or_make(const plan::ChangeDirectory& step, const sys::RootFs& root) {
    const auto& path = step.cwd;
    auto there = root.open(path.c_str(), O_PATH | O_DIRECTORY);
    if (there || !step.make || there.error().errno_value != ENOENT) return there;
    const mode_t umask_before = ::umask(0);
    there = root.ensure_directory(path.c_str());
    ::umask(umask_before);
    return there;
}

Result<sys::Fd> open_directory(const plan::ChangeDirectory& step, const Context& context) {
    if (context.root) return open_or_make(step, context.root);
    const sys::RootFs root(TRY(sys::open_at(sys::kHere, "/", O_PATH | O_DIRECTORY)));
    return open_or_make(step, root);
}

/// The kernel prefixes "(unreachable)" to a directory that is not below the root; the C library
/// would hide that behind its own walk, hence the raw call.
Result<void> check_inside(const std::string& path) {
    char buffer[PATH_MAX];
    if (::syscall(SYS_getcwd, buffer, sizeof buffer) < 0)
        return failed("working directory ", quoted(path));
    if (buffer[0] == '/') return {};
    return fail(ErrorKind::InvalidConfig,
                concat("working directory ", quoted(path), " is outside the container's root"));
}

}  // namespace

Result<void> apply(const plan::ProtectInit&, Context&) {
    // Nobody who shares a namespace with init from here on may ptrace it or use its descriptors
    // (CVE-2016-9962).
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return failed("make init not dumpable");
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) return failed("tie init to its creator");
    return {};
}

Result<void> apply(const plan::NewSession&, Context&) {
    if (::setsid() >= 0) return {};
    const int error = errno;
    if (error == EPERM && ::getsid(0) == ::getpid()) return {};
    return fail_errno("new session", error);
}

Result<void> apply(const plan::SetUmask& step, Context&) {
    ::umask(step.umask);
    return {};
}

Result<void> apply(const plan::ChangeDirectory& step, Context& context) {
    const auto directory = open_directory(step, context);
    if (!directory)
        return std::unexpected(
            with_context(directory.error(), concat("working directory ", quoted(step.cwd))));
    if (::fchdir(directory->get()) < 0) return failed("working directory ", quoted(step.cwd));
    return check_inside(step.cwd);
}

Result<void> apply(const plan::CloseFds& step, Context&) {
    constexpr unsigned kFirst = 3;
    if (::syscall(SYS_close_range, kFirst + step.preserve, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        return failed("close descriptors from ", kFirst + step.preserve, " on");
    return {};
}

Result<void> apply(const plan::JoinSessionKeyring& step, Context&) {
    // As the kernel makes it (possessor: all; user: view, read, link), and the user may search it:
    // the container's process is another user than the one that makes the keyring.
    constexpr unsigned long kPermissions = 0x3f1b0000;
    const auto keyring = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, step.name.c_str());
    if (keyring < 0) {
        // No quota left, or a kernel without keyrings: the container lives without its own.
        if (errno == EDQUOT || errno == ENOSYS) return {};
        return failed("join session keyring ", quoted(step.name));
    }
    // Refused for a keyring of the same name that belongs to another user; it is joined anyway.
    static_cast<void>(::syscall(SYS_keyctl, KEYCTL_SETPERM, keyring, kPermissions));
    return {};
}

}  // namespace cleat::kernel
