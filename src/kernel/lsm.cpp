// Room: kernel. Security modules: the label that the container's process gets at exec. Runs in
// init, through the host's verified procfs, which stays reachable when the root has changed: the
// procfs of the container may be anything (CVE-2019-16884, CVE-2025-52881).
#include <fcntl.h>
#include <unistd.h>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/root_fs.hpp"
#include "failed.hpp"

namespace cleat::kernel {
namespace {

/// proc_pid_attr(5): files that only the process itself may write, in one write(2).
Result<void> write_attribute(int proc, const char* path, std::string_view text) {
    const sys::Fd file = TRY(sys::open_proc_file(proc, path, O_WRONLY));
    if (::write(file.get(), text.data(), text.size()) < 0) return failed("write ", path);
    return {};
}

}  // namespace

Result<void> apply(const plan::SetAppArmor& step, Context& context) {
    if (step.profile.empty()) return {};
    // Not attr/exec, which may be another module's: every kernel that cleat runs on and that has
    // AppArmor has its own directory.
    const auto written = write_attribute(context.proc.get(), "self/attr/apparmor/exec",
                                         concat("exec ", step.profile));
    if (written) return {};
    const int error = written.error().errno_value;
    const bool enabled =
        ::faccessat(context.proc.get(), "self/attr/apparmor/exec", F_OK, 0) == 0 && error != EINVAL;
    if (enabled)
        return fail_errno(concat("AppArmor profile ", quoted(step.profile),
                                 error == ENOENT ? " is not loaded" : " cannot be set"),
                          error);
    if (step.profile == "unconfined") return {};
    return fail(ErrorKind::Unsupported, concat("AppArmor profile ", quoted(step.profile),
                                               ": AppArmor is not enabled on this host"));
}

Result<void> apply(const plan::SetSelinuxLabel& step, Context& context) {
    if (step.label.empty()) return {};
    const auto written = write_attribute(context.proc.get(), "self/attr/exec", step.label);
    if (written) return {};
    const int error = written.error().errno_value;
    // Without SELinux the file is missing or nobody takes the write.
    if (error == ENOENT || error == EINVAL || error == EOPNOTSUPP)
        return fail(ErrorKind::Unsupported,
                    concat("SELinux label ", quoted(step.label),
                           ": SELinux is not enabled on this host, or does not know the label"));
    return fail_errno(concat("SELinux label ", quoted(step.label)), error);
}

}  // namespace cleat::kernel
