// Room: spec. Rules of /process (config.md#process).
#include <algorithm>
#include <array>
#include <set>

#include "check.hpp"

namespace cleat::spec {
namespace {

constexpr std::uint32_t kNoId = 4294967295U;  // (uid_t)-1, which no process can have

constexpr std::array<std::string_view, 16> kRlimits = {
    "RLIMIT_AS",     "RLIMIT_CORE",   "RLIMIT_CPU",        "RLIMIT_DATA",
    "RLIMIT_FSIZE",  "RLIMIT_LOCKS",  "RLIMIT_MEMLOCK",    "RLIMIT_MSGQUEUE",
    "RLIMIT_NICE",   "RLIMIT_NOFILE", "RLIMIT_NPROC",      "RLIMIT_RSS",
    "RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "RLIMIT_STACK"};
constexpr std::array<std::string_view, 7> kPolicies = {"SCHED_OTHER",   "SCHED_FIFO", "SCHED_RR",
                                                       "SCHED_BATCH",   "SCHED_ISO",  "SCHED_IDLE",
                                                       "SCHED_DEADLINE"};
constexpr std::array<std::string_view, 7> kSchedulerFlags = {
    "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM",     "SCHED_FLAG_DL_OVERRUN",
    "SCHED_FLAG_KEEP_POLICY",   "SCHED_FLAG_KEEP_PARAMS", "SCHED_FLAG_UTIL_CLAMP_MIN",
    "SCHED_FLAG_UTIL_CLAMP_MAX"};
constexpr std::array<std::string_view, 3> kIoClasses = {"IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE",
                                                        "IOPRIO_CLASS_IDLE"};

template <class Words>
bool has(const Words& words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

class ProcessCheck {
 public:
    ProcessCheck(const Process& process, std::string_view pointer, Complaints& complaints)
        : process_(process), pointer_(pointer), complaints_(complaints) {}

    void run() {
        if (process_.args.empty())
            add("/args", "must name a program");
        else if (process_.args[0].empty())
            add("/args/0", "must not be empty");
        if (!process_.cwd.starts_with('/')) add("/cwd", "must be an absolute path");
        environment();
        user();
        rlimits();
        if (process_.oom_score_adj &&
            (*process_.oom_score_adj < -1000 || *process_.oom_score_adj > 1000))
            add("/oomScoreAdj", "must be -1000 to 1000");
        // Without a terminal it is ignored (config.md#process).
        if (process_.terminal && process_.console_size &&
            (process_.console_size->height > 65535 || process_.console_size->width > 65535))
            add("/consoleSize", "must be 0 to 65535");
        if (process_.scheduler) scheduler(*process_.scheduler);
        if (process_.io_priority) io_priority(*process_.io_priority);
        if (process_.exec_cpu_affinity) affinity(*process_.exec_cpu_affinity);
    }

 private:
    void add(std::string_view where, std::string message) {
        complaints_.add(concat(pointer_, where), std::move(message));
    }

    void environment() {
        for (std::size_t i = 0; i < process_.env.size(); ++i) {
            const auto equals = process_.env[i].find('=');
            if (equals == std::string::npos || equals == 0)
                add(concat("/env/", i),
                    concat("env entry ", quoted(process_.env[i]), " must be NAME=VALUE"));
        }
    }

    void user() {
        const auto& user = process_.user;
        if (user.uid.value == kNoId) add("/user/uid", "4294967295 is no user id");
        if (user.gid.value == kNoId) add("/user/gid", "4294967295 is no group id");
        for (std::size_t i = 0; i < user.additional_gids.size(); ++i)
            if (user.additional_gids[i].value == kNoId)
                add(concat("/user/additionalGids/", i), "4294967295 is no group id");
        if (user.umask && *user.umask > 0777) add("/user/umask", "must be 0 to 0777 (511)");
    }

    void rlimits() {
        std::set<std::string_view> seen;
        for (std::size_t i = 0; i < process_.rlimits.size(); ++i) {
            const auto& rlimit = process_.rlimits[i];
            const auto where = concat("/rlimits/", i);
            if (!has(kRlimits, rlimit.type))
                add(where + "/type", concat("unknown rlimit ", quoted(rlimit.type)));
            if (!seen.insert(rlimit.type).second)
                add(where + "/type", concat("duplicate rlimit ", rlimit.type));
            if (rlimit.soft > rlimit.hard)
                add(where + "/soft", concat(rlimit.type, ": soft is greater than hard"));
        }
    }

    void scheduler(const Scheduler& scheduler) {
        const bool realtime = scheduler.policy == "SCHED_FIFO" || scheduler.policy == "SCHED_RR";
        if (!has(kPolicies, scheduler.policy))
            add("/scheduler/policy", concat("unknown scheduler policy ", quoted(scheduler.policy)));
        if (scheduler.nice && (*scheduler.nice < -20 || *scheduler.nice > 19))
            add("/scheduler/nice", "must be -20 to 19");
        const std::int32_t priority = scheduler.priority.value_or(0);
        if (realtime && (priority < 1 || priority > 99))
            add("/scheduler/priority",
                concat("scheduler priority must be 1 to 99 with ", scheduler.policy));
        if (!realtime && priority != 0)
            add("/scheduler/priority", "needs the scheduler policy SCHED_FIFO or SCHED_RR");
        const bool times = scheduler.runtime || scheduler.deadline || scheduler.period;
        if (times && scheduler.policy != "SCHED_DEADLINE")
            add("/scheduler/policy", "runtime, deadline and period need SCHED_DEADLINE");
        for (std::size_t i = 0; i < scheduler.flags.size(); ++i)
            if (!has(kSchedulerFlags, scheduler.flags[i]))
                add(concat("/scheduler/flags/", i),
                    concat("unknown flag ", quoted(scheduler.flags[i])));
    }

    void io_priority(const IoPriority& priority) {
        if (!has(kIoClasses, priority.class_))
            add("/ioPriority/class", concat("unknown ioPriority class ", quoted(priority.class_)));
        if (priority.priority < 0 || priority.priority > 7)
            add("/ioPriority/priority", "must be 0 to 7");
    }

    void affinity(const ExecCpuAffinity& affinity) {
        const auto check = [&](const std::string& cpus, std::string_view where) {
            if (!cpus.empty() && !is_number_list(cpus))
                add(where, concat(quoted(cpus), " is no list of CPUs such as 0-3,7"));
        };
        check(affinity.initial, "/execCPUAffinity/initial");
        check(affinity.final_, "/execCPUAffinity/final");
    }

    const Process& process_;
    std::string_view pointer_;
    Complaints& complaints_;
};

}  // namespace

bool is_number_list(std::string_view text) {
    const auto number = [](std::string_view part) {
        const auto begin = std::min(part.find_first_not_of(" \t\n"), part.size());
        const auto end = part.find_last_not_of(" \t\n") + 1;  // npos + 1 is 0
        return parse_number<std::uint16_t>(part.substr(begin, end < begin ? 0 : end - begin));
    };
    return std::ranges::all_of(split(text, ','), [&](std::string_view range) {
        const auto dash = range.find('-');
        const auto first = number(range.substr(0, dash));
        if (dash == std::string_view::npos) return first.has_value();
        const auto last = number(range.substr(dash + 1));
        return first && last && *first <= *last;
    });
}

void check_process(const Process& process, std::string_view pointer, Complaints& complaints) {
    ProcessCheck(process, pointer, complaints).run();
}

}  // namespace cleat::spec
