// Room: launch. Errors of init, with what the host knows about its cgroups; host process.
#include "last_words.hpp"

#include <cerrno>
#include <string_view>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/cgroup/cgroup.hpp"

namespace cleat::launch {

Error explained(Error error, const Request& request) {
    if (error.errno_value != ENOMEM && error.errno_value != ENOSPC && error.errno_value != ENOBUFS)
        return error;
    const auto verdict = cgroup::memory_verdict(request.plan.cgroups);
    if (request.container_init || !verdict.ran_out || !verdict.limit) return error;
    return with_context(std::move(error),
                        concat("memory limit ", *verdict.limit, " bytes reached"));
}

std::unexpected<Error> ended(const Result<int>& status, const Request& request) {
    constexpr int kSignalBase = 128;
    const auto verdict = cgroup::memory_verdict(request.plan.cgroups);
    const auto at_limit = [&verdict](std::string_view what) {
        return fail(ErrorKind::System,
                    concat(what, ": memory limit ", verdict.limit.value_or(0), " bytes reached"));
    };
    if (verdict.oom_killed) return at_limit("init was killed");
    if (status && *status > kSignalBase)
        return fail(ErrorKind::System, concat("init was ended by signal ", *status - kSignalBase));
    if (!request.container_init && verdict.ran_out && verdict.limit) return at_limit("init ended");
    return fail(ErrorKind::System, "init ended before the process was started");
}

}  // namespace cleat::launch
