// Room: cgroup. The v1 device controller, and the choice between it and the program; host process.
#include <fcntl.h>

#include <cerrno>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "devices.hpp"
#include "internal.hpp"

namespace cleat::cgroup {
namespace {

/// EINVAL has one cause here: the default of a cgroup with cgroups below it is fixed (devices.rst).
Result<void> reset_list(const std::string& path, Verdict otherwise) {
    const bool deny = otherwise == Verdict::Deny;
    const auto written = write_file(path, deny ? "devices.deny" : "devices.allow", "a");
    if (written) return {};
    const int error = written.error().errno_value;
    return fail_errno(concat(deny ? "deny" : "allow", " all devices in ", path,
                             error == EINVAL ? " which has cgroups below it" : ""),
                      error);
}

}  // namespace

Result<void> write_device_list(const std::string& path, const DeviceList& list,
                               plan::OnFailure on_failure) {
    const bool ignore = on_failure == plan::OnFailure::Ignore;
    const auto reset = reset_list(path, list.otherwise);
    if (!reset) return ignore ? Result<void>{} : reset;
    if (list.exceptions.empty()) return {};
    const bool allow = list.otherwise == Verdict::Deny;
    const std::string file = concat(path, allow ? "/devices.allow" : "/devices.deny");
    const sys::Fd fd = TRY(sys::open_at(sys::kHere, file.c_str(), O_WRONLY));
    for (const DeviceSet& devices : list.exceptions) {
        const std::string line = device_line(devices);
        const auto written = sys::write_all(fd.get(), line);
        if (!written && !ignore)
            return fail_errno(concat(allow ? "allow" : "deny", " device ", line, " in ", path),
                              written.error().errno_value);
    }
    return {};
}

Result<void> apply(const plan::SetCgroupDevices& step, const Directories& directories) {
    if (step.cgroup >= directories.size())
        return fail(ErrorKind::Internal, concat("no cgroup ", step.cgroup, " for devices"));
    const DevicePolicy policy = TRY(device_policy(step.rules));
    const auto& directory = directories[step.cgroup];
    const std::string path = full_path(directory);
    if (!directory.unified)
        return write_device_list(path, TRY(device_list(policy)), step.on_failure);
    auto attached = attach_device_program(path, policy);
    if (!attached && step.on_failure == plan::OnFailure::Ignore) return {};
    return attached;
}

}  // namespace cleat::cgroup
