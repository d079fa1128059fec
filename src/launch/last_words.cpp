// Room: launch. Errors of init, with what the host knows about its cgroups; host process.
#include "last_words.hpp"

#include <cerrno>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/cgroup/cgroup.hpp"

namespace cleat::launch {

Error explained(Error error, const plan::Plan& plan) {
    if (error.errno_value != ENOMEM && error.errno_value != ENOSPC && error.errno_value != ENOBUFS)
        return error;
    const auto verdict = cgroup::memory_verdict(plan.cgroups);
    if (!verdict.ran_out || !verdict.limit) return error;
    return with_context(std::move(error),
                        concat("memory limit ", *verdict.limit, " bytes reached"));
}

std::unexpected<Error> ended(const Result<int>& status, const plan::Plan& plan) {
    constexpr int kSignalBase = 128;
    const auto verdict = cgroup::memory_verdict(plan.cgroups);
    if (verdict.oom_killed || (verdict.ran_out && verdict.limit)) {
        return fail(ErrorKind::System,
                    concat(verdict.oom_killed ? "init was killed" : "init ended", ": memory limit ",
                           verdict.limit.value_or(0), " bytes reached"));
    }
    if (status && *status > kSignalBase)
        return fail(ErrorKind::System, concat("init was ended by signal ", *status - kSignalBase));
    return fail(ErrorKind::System, "init ended before the process was started");
}

}  // namespace cleat::launch
