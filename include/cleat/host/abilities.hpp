// Room: host (layer 2). What this host has of what the features document speaks of. Asked for
// people, not on the way to a container.
#pragma once

#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/plan/facts.hpp"

namespace cleat::host {

struct Abilities {
    plan::HostFacts facts;
    std::vector<std::string> namespaces = {};  ///< files of /proc/self/ns that are no duplicates
    std::vector<std::string> seccomp_actions = {};   ///< seccomp(2): "kill_process", …; empty: none
    plan::Ability systemd = plan::Ability::Missing;  ///< it is the system's manager
    plan::Ability user_systemd = plan::Ability::Missing;  ///< the caller's own manager listens
};

/// Errors: those of probe().
[[nodiscard]] Result<Abilities> probe_abilities();

}  // namespace cleat::host
