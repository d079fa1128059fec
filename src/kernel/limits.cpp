// Room: kernel. Resource limits of the container's process. Runs in init.
#include <sys/resource.h>

#include "cleat/kernel/apply.hpp"
#include "failed.hpp"

namespace cleat::kernel {
namespace {

constexpr std::string_view kNames[] = {
    "RLIMIT_CPU",      "RLIMIT_FSIZE", "RLIMIT_DATA",   "RLIMIT_STACK",
    "RLIMIT_CORE",     "RLIMIT_RSS",   "RLIMIT_NPROC",  "RLIMIT_NOFILE",
    "RLIMIT_MEMLOCK",  "RLIMIT_AS",    "RLIMIT_LOCKS",  "RLIMIT_SIGPENDING",
    "RLIMIT_MSGQUEUE", "RLIMIT_NICE",  "RLIMIT_RTPRIO", "RLIMIT_RTTIME"};
// The order of asm-generic/resource.h, which MIPS, SPARC and Alpha do not share.
static_assert(RLIMIT_NPROC == 6 && RLIMIT_NOFILE == 7 && RLIMIT_RTTIME == 15);

std::string name_of(int resource) {
    const auto index = static_cast<std::size_t>(resource);
    return index < std::size(kNames) ? std::string(kNames[index]) : concat("limit ", resource);
}

std::string value_text(std::uint64_t value) {
    return value == RLIM_INFINITY ? "unlimited" : concat(value);
}

}  // namespace

Result<void> apply(const plan::SetRlimit& step, Context&) {
    const auto resource = static_cast<__rlimit_resource>(step.resource);
    const ::rlimit limit{.rlim_cur = step.soft, .rlim_max = step.hard};
    ::rlimit old{};
    if (::setrlimit(resource, &limit) == 0) return {};
    const int error = errno;
    if (error == EPERM && ::getrlimit(resource, &old) == 0 && old.rlim_max < step.hard)
        return fail_errno(concat("raise the hard limit ", name_of(step.resource), " from ",
                                 value_text(old.rlim_max), " to ", value_text(step.hard)),
                          error);
    return fail_errno(concat("set ", name_of(step.resource), " to ", value_text(step.soft), " of ",
                             value_text(step.hard)),
                      error);
}

}  // namespace cleat::kernel
