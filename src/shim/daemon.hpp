// Room: shim. The process that stays: the parent of a pod's containers.
#pragma once

#include <string>

#include "cleat/base/error.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::shim {

struct Service {
    sys::Fd listener;
    sys::Fd log;
    std::string socket;         ///< the listener's path, removed at the end
    std::string ttrpc_address;  ///< of containerd, for events
    std::string name_space;
};
/// Serves until it is told to end and has nothing left to do.
[[nodiscard]] Result<void> serve(Service service);

}  // namespace cleat::shim
