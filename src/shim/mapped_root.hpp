// Room: shim. A mount whose files belong to the ids of a user namespace: what containerd 2 asks for
// with the options uidmap= and gidmap=.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/plan/steps.hpp"

namespace cleat::shim {

/// The maps behind `uidmap=` and `gidmap=`: CONTAINER:HOST:SIZE, several with commas between them.
[[nodiscard]] Result<plan::MakeIdMapping> parse_id_maps(std::string_view uids,
                                                        std::string_view gids);

struct MappedMount {
    const plan::MakeIdMapping& mapping;
    std::vector<std::string> layers;  ///< of an overlay: they are mapped, and it is not
    const std::string& target;
};
/// Lets `mount` mount at the target in a mount namespace where it harms nobody, and attaches here
/// what it has made. Errors: the kernel's; then nothing is attached.
[[nodiscard]] Result<void> mount_mapped(const MappedMount& wanted,
                                        const std::function<Result<void>()>& mount);

}  // namespace cleat::shim
