// Room: host. The answers to `features --host`.
#include "cleat/host/abilities.hpp"

#include <unistd.h>

#include <cstdlib>

#include "cleat/base/text.hpp"
#include "cleat/host/probe.hpp"
#include "cleat/sys/files.hpp"

namespace cleat::host {
namespace {

plan::Ability there(const std::string& path) {
    return sys::exists_at(sys::kHere, path.c_str()) ? plan::Ability::Present
                                                    : plan::Ability::Missing;
}

}  // namespace

Result<Abilities> probe_abilities() {
    Abilities abilities{.facts = TRY(probe())};
    for (const char* name : {"pid", "net", "mnt", "ipc", "uts", "user", "cgroup", "time"})
        if (sys::exists_at(sys::kHere, concat("/proc/self/ns/", name).c_str()))
            abilities.namespaces.emplace_back(name);
    if (const auto text = sys::read_text_at(sys::kHere, "/proc/sys/kernel/seccomp/actions_avail"))
        for (const auto action : split(std::string_view(*text).substr(0, text->find('\n')), ' '))
            if (!action.empty()) abilities.seccomp_actions.emplace_back(action);
    abilities.systemd = there("/run/systemd/system");  // sd_booted(3)
    if (const char* own = std::getenv("XDG_RUNTIME_DIR"))
        abilities.user_systemd = there(concat(own, "/systemd/private"));
    return abilities;
}

}  // namespace cleat::host
