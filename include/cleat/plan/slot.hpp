// Room: plan (layer 1, pure). What steps of two processes share: descriptors and moments.
#pragma once

#include <cstdint>

namespace cleat::plan {

/// A descriptor that one process opens and a later step uses; an index into Plan::slots.
struct Slot {
    std::uint16_t index = 0;
    bool operator==(const Slot&) const = default;
};

/// A moment at which one process tells the other how far it is. Every Report has its Await.
enum class Gate {
    IdMapsWritten,  ///< host to init: the maps of the new user namespace are there
    Confined,       ///< host to init: the cgroups v1 that it has to join are there, limits and all
    MountsMade,     ///< init to host: namespaces and mounts are there, the root not yet changed
    RuntimeHooksDone,  ///< host to init
    Ready,             ///< init to host: nothing is left but to start the process
    Committed,         ///< host to init: the state is written, live on without the host
};

}  // namespace cleat::plan
