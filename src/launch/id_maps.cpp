// Room: launch. The maps of a new user namespace, written by the host.
#include "id_maps.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "cleat/base/text.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/process.hpp"
#include "clone.hpp"

namespace cleat::launch {
namespace {

using Mappings = std::vector<spec::IdMapping>;

std::string map_text(const Mappings& mappings) {
    std::string text;
    for (const auto& map : mappings)
        text += concat(map.container_id, " ", map.host_id, " ", map.size, "\n");
    return text;
}

Result<void> write_directly(pid_t pid, const char* file, const Mappings& mappings) {
    const std::string text = map_text(mappings);
    const auto limit = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    if (text.size() >= limit)
        return fail(ErrorKind::InvalidConfig,
                    concat(mappings.size(), " mappings make ", text.size(),
                           " bytes, the kernel takes less than ", limit));
    return sys::write_text_at(sys::kHere, concat("/proc/", pid, "/", file).c_str(), text);
}

/// Waits to be ended by the process that made it.
[[noreturn]] void hold_namespace() noexcept {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
}

Result<sys::Fd> mapped_namespace(const plan::MakeIdMapping& step, pid_t holder) {
    TRY(write_id_maps({.uid_mappings = step.uid_mappings, .gid_mappings = step.gid_mappings},
                      holder));
    return sys::open_at(sys::kHere, concat("/proc/", holder, "/ns/user").c_str(), O_RDONLY);
}

[[noreturn]] void execute(const std::vector<std::string>& args) noexcept {
    std::vector<char*> pointers;
    for (const auto& arg : args)
        pointers.push_back(const_cast<char*>(arg.c_str()));  // execve(2) changes nothing
    pointers.push_back(nullptr);
    ::execv(concat("/usr/bin/", args[0]).c_str(), pointers.data());
    ::_exit(127);
}

/// Asks the setuid helper of shadow-utils, which knows /etc/subuid and /etc/subgid.
Result<void> ask_helper(const char* helper, pid_t pid, const Mappings& mappings) {
    std::vector<std::string> args{helper, concat(pid)};
    for (const auto& map : mappings)
        for (const auto number : {map.container_id, map.host_id, map.size})
            args.push_back(concat(number));
    const auto process = TRY(clone_process({}));
    if (process.pid == 0) execute(args);
    const int status = TRY(sys::wait_child(process.pid));
    if (status == 0) return {};
    return fail(ErrorKind::System,
                concat(helper, " ended with status ", status,
                       status == 127 ? " (is the package uidmap installed?)"
                                     : " (does /etc/subuid or /etc/subgid hold these ids?)"));
}

/// One id, the caller's own: the kernel lets anybody map that.
bool maps_only(const Mappings& mappings, std::uint32_t own) {
    return mappings.size() == 1 && mappings[0].size == 1 && mappings[0].host_id == own;
}

Result<void> write_unprivileged(const plan::WriteIdMaps& step, pid_t pid) {
    const auto uids = maps_only(step.uid_mappings, ::geteuid())
                          ? write_directly(pid, "uid_map", step.uid_mappings)
                          : ask_helper("newuidmap", pid, step.uid_mappings);
    if (!uids) return uids;
    if (!maps_only(step.gid_mappings, ::getegid()))
        return ask_helper("newgidmap", pid, step.gid_mappings);
    TRY(sys::write_text_at(sys::kHere, concat("/proc/", pid, "/setgroups").c_str(), "deny"));
    return write_directly(pid, "gid_map", step.gid_mappings);
}

}  // namespace

Result<void> write_id_maps(const plan::WriteIdMaps& step, pid_t pid) {
    if (!step.privileged) return write_unprivileged(step, pid);
    TRY(write_directly(pid, "uid_map", step.uid_mappings));
    return write_directly(pid, "gid_map", step.gid_mappings);
}

Result<sys::Fd> make_id_mapping(const plan::MakeIdMapping& step) {
    const auto holder = TRY(clone_process({.flags = CLONE_NEWUSER}));
    if (holder.pid == 0) hold_namespace();
    auto made = mapped_namespace(step, holder.pid);
    TRY(sys::send_signal(holder.pidfd.get(), Signal{SIGKILL}));
    TRY(sys::wait_child(holder.pid));
    return made;
}

}  // namespace cleat::launch
