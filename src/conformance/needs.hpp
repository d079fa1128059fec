// Room: conformance. What a case needs of the host and of the runtime.
#pragma once

#include <string>

#include "cgroups.hpp"
#include "value.hpp"

namespace cleat::conformance {

/// What is known before a case is run. `features` is null if the runtime tells none; `spec` is the
/// version of the specification that the runtime names.
struct Circumstances {
    Value host;  ///< facts() of this process
    Cgroups cgroups;
    Value features;
    std::string spec;
};

/// Why a case cannot be run here, or "". The words of `needs`:
///   root, userns, apparmor, noapparmor, noselinux, cpus:N, kernel:X.Y
///   v1, v2, cgroup:CONTROLLER, file:PATH, cap:CAP_…, ns:NAME, fs:TYPE
///   since:X.Y       the version of the specification that has the property
///   feature:a/b     what features must say (true, or a name in an array)
///   features        that the runtime tells its features at all
[[nodiscard]] std::string unmet(std::string_view needs, const Circumstances& known);

/// Asks a runtime for its features, and for the version that `--version` names.
void ask(const std::string& runtime, Circumstances& out);

}  // namespace cleat::conformance
