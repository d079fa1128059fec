// Room: kernel. How the container's process is scheduled: policy, I/O priority, CPUs, memory nodes,
// personality. Runs in init, while it still has its privileges.
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <optional>
#include <span>

#include "cleat/kernel/apply.hpp"
#include "failed.hpp"
#include "number_set.hpp"

namespace cleat::kernel {
namespace {

/// sched_setattr(2) in its first version; <linux/sched/types.h> cannot stand beside <sched.h>.
struct SchedulerAttributes {
    std::uint32_t size = sizeof(SchedulerAttributes);
    std::uint32_t policy = 0;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 0;
    std::uint64_t deadline = 0;
    std::uint64_t period = 0;
};
static_assert(sizeof(SchedulerAttributes) == 48);

struct Named {
    std::string_view name;
    std::uint32_t value;
};

// linux/sched.h
constexpr Named kPolicies[] = {{"SCHED_OTHER", 0},   {"SCHED_FIFO", 1}, {"SCHED_RR", 2},
                               {"SCHED_BATCH", 3},   {"SCHED_ISO", 4},  {"SCHED_IDLE", 5},
                               {"SCHED_DEADLINE", 6}};
constexpr Named kSchedulerFlags[] = {
    {"SCHED_FLAG_RESET_ON_FORK", 0x01},  {"SCHED_FLAG_RECLAIM", 0x02},
    {"SCHED_FLAG_DL_OVERRUN", 0x04},     {"SCHED_FLAG_KEEP_POLICY", 0x08},
    {"SCHED_FLAG_KEEP_PARAMS", 0x10},    {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
};
constexpr Named kIoClasses[] = {
    {"IOPRIO_CLASS_RT", 1}, {"IOPRIO_CLASS_BE", 2}, {"IOPRIO_CLASS_IDLE", 3}};
// linux/mempolicy.h; the last one since Linux 6.9
constexpr Named kMemoryModes[] = {{"MPOL_DEFAULT", 0},
                                  {"MPOL_PREFERRED", 1},
                                  {"MPOL_BIND", 2},
                                  {"MPOL_INTERLEAVE", 3},
                                  {"MPOL_LOCAL", 4},
                                  {"MPOL_PREFERRED_MANY", 5},
                                  {"MPOL_WEIGHTED_INTERLEAVE", 6}};
constexpr Named kMemoryFlags[] = {{"MPOL_F_STATIC_NODES", 1U << 15U},
                                  {"MPOL_F_RELATIVE_NODES", 1U << 14U},
                                  {"MPOL_F_NUMA_BALANCING", 1U << 13U}};

Result<std::uint32_t> value_of(std::span<const Named> table, std::string_view name) {
    for (const auto& entry : table)
        if (entry.name == name) return entry.value;
    return fail(ErrorKind::InvalidConfig, concat("unknown name ", quoted(name)));
}

Result<std::uint32_t> all_of(std::span<const Named> table, const std::vector<std::string>& names) {
    std::uint32_t value = 0;
    for (const auto& name : names) value |= TRY(value_of(table, name));
    return value;
}

}  // namespace

Result<void> apply(const plan::SetScheduler& step, Context&) {
    const auto& wanted = step.scheduler;
    const SchedulerAttributes attributes{
        .policy = TRY(value_of(kPolicies, wanted.policy)),
        .flags = TRY(all_of(kSchedulerFlags, wanted.flags)),
        .nice = wanted.nice.value_or(0),
        .priority = static_cast<std::uint32_t>(wanted.priority.value_or(0)),
        .runtime = wanted.runtime.value_or(0),
        .deadline = wanted.deadline.value_or(0),
        .period = wanted.period.value_or(0),
    };
    if (::syscall(SYS_sched_setattr, 0, &attributes, 0U) < 0)
        return failed("scheduler ", wanted.policy, " (nice ", attributes.nice, ", priority ",
                      attributes.priority, ")");
    return {};
}

Result<void> apply(const plan::SetIoPriority& step, Context&) {
    const auto& wanted = step.io_priority;
    const auto io_class = TRY(value_of(kIoClasses, wanted.class_));
    const auto value = (io_class << IOPRIO_CLASS_SHIFT) |
                       (static_cast<std::uint32_t>(wanted.priority) & IOPRIO_PRIO_MASK);
    if (::syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, value) < 0)
        return failed("I/O priority ", wanted.class_, " ", wanted.priority);
    return {};
}

/// The kernel takes from all CPUs those of the cpuset (sched_setaffinity(2)). A failure is none of
/// the container's: it stays where the caller was, as in runc.
void reset_affinity() noexcept {
    constexpr std::size_t kBytes = 1024;  // CONFIG_NR_CPUS is at most 8192
    std::array<std::byte, kBytes> all{};
    all.fill(std::byte{0xff});
    static_cast<void>(::syscall(SYS_sched_setaffinity, 0, all.size(), all.data()));
}

Result<void> apply(const plan::SetCpuAffinity& step, Context&) {
    if (step.cpus.empty()) {
        reset_affinity();
        return {};
    }
    const auto cpus = TRY(parse_number_set(step.cpus));
    // The raw call: cpu_set_t ends at 1024 CPUs, the kernel does not.
    if (::syscall(SYS_sched_setaffinity, 0, cpus.size_bytes(), cpus.words.data()) < 0)
        return failed("CPU affinity ", quoted(step.cpus));
    return {};
}

Result<void> apply(const plan::SetMemoryPolicy& step, Context&) {
    const auto& wanted = step.policy;
    const auto mode =
        TRY(value_of(kMemoryModes, wanted.mode)) | TRY(all_of(kMemoryFlags, wanted.flags));
    const NumberSet nodes =
        wanted.nodes.empty() ? NumberSet{} : TRY(parse_number_set(wanted.nodes));
    const auto* words = nodes.words.empty() ? nullptr : nodes.words.data();
    // set_mempolicy(2) reads one bit less than it is told.
    const std::size_t bits = nodes.words.empty() ? 0 : nodes.size_bytes() * 8 + 1;
    if (::syscall(SYS_set_mempolicy, mode, words, bits) < 0)
        return failed("memory policy ", wanted.mode, " with nodes ", quoted(wanted.nodes));
    return {};
}

Result<void> apply(const plan::SetPersonality& step, Context&) {
    if (::personality(step.persona) < 0) return failed("personality ", step.persona);
    return {};
}

}  // namespace cleat::kernel
