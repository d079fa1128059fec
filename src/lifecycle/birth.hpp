// Room: lifecycle. What create and run share: everything up to an init that is there.
#pragma once

#include <string>

#include "cleat/base/error.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/lifecycle/lifecycle.hpp"
#include "config.hpp"
#include "container.hpp"
#include "notify.hpp"

namespace cleat::lifecycle {

/// Whether the caller stays with the process (and its terminal) or leaves it to itself.
enum class Company { Attached, Detached };

struct Birth {
    Config config;
    Container container;
    launch::Launched launched;
    Readiness readiness;  ///< of a process that was started at once
};

/// Compiles the bundle and launches it. If it fails, nothing is left but what poststop hooks leave.
[[nodiscard]] Result<Birth> give_birth(const Settings& settings, const CreateOptions& options,
                                       plan::Options::Begin begin, Company company);

/// A bundle, compiled.
struct Prepared {
    std::string bundle;  ///< absolute
    plan::Options::Begin begin = plan::Options::Begin::OnStart;
    launch::Afterwards afterwards = launch::Afterwards::Attended;
    bool clear_onlcr = false;  ///< launch::Request::clear_onlcr
    sys::Trace trace;
    Config config;
    plan::Plan plan;
};
[[nodiscard]] Result<Prepared> prepare(const Settings& settings, const CreateOptions& options,
                                       plan::Options::Begin begin);

}  // namespace cleat::lifecycle
