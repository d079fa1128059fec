// Room: lifecycle. `wait`: for the end of a container that somebody else is the parent of. Runs in
// the host process.
#include <cerrno>
#include <utility>

#include "cleat/sys/process.hpp"
#include "container.hpp"

namespace cleat::lifecycle {

Result<int> wait(const Settings& settings, const ContainerId& id) {
    const auto container = TRY(open_container(settings, id));
    auto status = sys::wait_stranger(container.state.init);
    if (status || status.error().errno_value != ESRCH) return status;
    return fail(ErrorKind::State,
                "container has stopped, and its exit status is known to its parent alone");
}

}  // namespace cleat::lifecycle
