// Room: lifecycle. `state`. Runs in the host process.
#include <utility>

#include "container.hpp"

namespace cleat::lifecycle {

Result<View> state(const Settings& settings, const ContainerId& id) {
    auto container = TRY(open_container(settings, id));
    const auto status = TRY(status_of(container));
    return View{.state = std::move(container.state), .status = status};
}

}  // namespace cleat::lifecycle
