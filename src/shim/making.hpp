// Room: shim. Making a container or one more process of one: what is done in the errand, and what
// comes back from it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "cleat/base/ids.hpp"
#include "cleat/lifecycle/lifecycle.hpp"
#include "cleat/plan/plan.hpp"
#include "errands.hpp"
#include "messages.hpp"
#include "options.hpp"

namespace cleat::shim {

struct Making {
    const lifecycle::Settings& settings;
    const ContainerId& id;
    const Streams& streams;
    const std::string& name_space;
};

/// Mounts the root and creates the container; what was mounted is taken off again if that fails.
[[nodiscard]] Result<Yield> make_container(const Making& making, const TaskRequest& request,
                                           const RuntimeOptions& options);
/// The same for a container that is to be restored at its start: mounts the root alone.
[[nodiscard]] Result<Yield> await_restore(const Making& making, const TaskRequest& request);
/// Makes that container of its images.
struct Images {
    std::string bundle;
    std::string path;
    std::string work_path;
};
[[nodiscard]] Result<Yield> restore_container(const Making& making, const Images& images);
[[nodiscard]] Result<Yield> make_exec(const Making& making, const std::string& process);

struct Made {
    pid_t pid = 0;
    pid_t logger = 0;
    bool own_pid_namespace = true;
    std::optional<plan::CgroupDirectory> memory;  ///< where its memory is counted
    sys::Fd console;
};
[[nodiscard]] Made read_made(Yield& yield);

/// The files in a bundle that tell `delete` what the shim knew.
inline constexpr const char* kRootFile = "state-root";
inline constexpr const char* kPidFile = "init.pid";
inline constexpr const char* kAddressFile = "address";

}  // namespace cleat::shim
