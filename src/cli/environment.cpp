// Room: cli. What a run inherits: variables and descriptors.
#include "environment.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"

namespace cleat::cli {
namespace {

std::string_view variable(const char* name) {
    const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
    return value == nullptr ? std::string_view() : std::string_view(value);
}

/// The initial user namespace maps everything to itself (user_namespaces(7)).
bool in_initial_user_namespace() {
    const auto map = sys::read_text_at(sys::kHere, "/proc/self/uid_map");
    return !map || map->find("4294967295") != std::string::npos;
}

/// Root's containers belong to the machine, also where a login has set XDG_RUNTIME_DIR.
std::string default_root() {
    const auto runtime = variable("XDG_RUNTIME_DIR");
    if (runtime.empty() || (::geteuid() == 0 && in_initial_user_namespace())) return "/run/cleat";
    return concat(runtime, "/cleat");
}

Result<std::string> absolute(const std::string& path) {
    if (path.starts_with('/')) return normal_path(path);
    const std::string here = TRY(sys::real_path("."));
    return normal_path(concat(here, "/", path));
}

plan::CgroupDriver driver_of(const Globals& globals) {
    if (globals.cgroup_manager == "disabled") return plan::CgroupDriver::Disabled;
    if (globals.cgroup_manager == "cgroupfs") return plan::CgroupDriver::Filesystem;
    const bool systemd = globals.systemd_cgroup || globals.cgroup_manager == "systemd";
    return systemd ? plan::CgroupDriver::Systemd : plan::CgroupDriver::Filesystem;
}

}  // namespace

Result<lifecycle::Settings> settings_of(const Globals& globals) {
    std::string root = globals.root.empty() ? default_root() : TRY(absolute(globals.root));
    if (root == "/") return fail(ErrorKind::InvalidArgument, "--root cannot be /");
    lifecycle::Settings settings{.root = std::move(root),
                                 .root_origin = globals.root.empty()
                                                    ? lifecycle::Settings::RootOrigin::Default
                                                    : lifecycle::Settings::RootOrigin::Named,
                                 .cgroup_driver = driver_of(globals)};
    if (!globals.trace.empty()) settings.trace = TRY(sys::Trace::open(globals.trace));
    return settings;
}

std::uint32_t listen_fds() {
    if (parse_number<pid_t>(variable("LISTEN_PID")) != ::getpid()) return 0;
    return parse_number<std::uint32_t>(variable("LISTEN_FDS")).value_or(0);
}

std::string notify_socket() { return std::string(variable("NOTIFY_SOCKET")); }

Result<void> check_inherited(std::uint64_t count) {
    constexpr std::uint64_t kFirst = 3;
    constexpr std::uint64_t kMost = 1U << 20U;  // more than any kernel's default nr_open
    if (count > kMost)
        return fail(ErrorKind::InvalidArgument, concat("cannot preserve ", count, " descriptors"));
    for (std::uint64_t fd = kFirst; fd < kFirst + count; ++fd) {
        if (::fcntl(static_cast<int>(fd), F_GETFD) < 0)
            return fail(ErrorKind::InvalidArgument,
                        concat("descriptor ", fd, " is to be preserved but not open"));
    }
    return {};
}

}  // namespace cleat::cli
