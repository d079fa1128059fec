// Room: conformance. The host's cgroup hierarchies as they are mounted here: v1, v2, or both.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "value.hpp"

namespace cleat::conformance {

/// One mounted hierarchy.
struct Hierarchy {
    std::string point;
    std::vector<std::string> controllers;
    enum class Version { V1, V2 } version = Version::V1;
};

class Cgroups {
 public:
    /// As /proc/self/mountinfo tells.
    [[nodiscard]] static Cgroups look();

    [[nodiscard]] const std::vector<Hierarchy>& hierarchies() const noexcept {
        return hierarchies_;
    }
    /// "v1", "v2", "hybrid" (v1 controllers and a v2 hierarchy beside them) or "none".
    [[nodiscard]] std::string layout() const;
    /// The hierarchy that has a controller; null if none has.
    [[nodiscard]] const Hierarchy* with(std::string_view controller) const;
    /// What a container's cgroup says, in words of config.json: {"exists":…, "pids.limit": "7", …};
    /// "files" has what is written as it is there.
    [[nodiscard]] Value values(const std::string& path) const;
    /// Whether the cgroup is anywhere.
    [[nodiscard]] bool exists(const std::string& path) const;
    /// Kills what is in the cgroups whose names begin with `path`, and removes them.
    void sweep(const std::string& path) const;
    /// Removes the cgroup, wherever it is empty.
    void remove(const std::string& path) const;

 private:
    std::vector<Hierarchy> hierarchies_;
};

}  // namespace cleat::conformance
