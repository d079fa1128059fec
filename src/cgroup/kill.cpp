// Room: cgroup. Signals to everything in a container's cgroups; host process.
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "cleat/base/text.hpp"
#include "cleat/sys/process.hpp"
#include "internal.hpp"

namespace cleat::cgroup {
namespace {

/// Sends a signal in rounds; the processes that have had it are not sent it again.
class Sender {
 public:
    Sender(const Directories& directories, Signal signal)
        : directories_(directories), signal_(signal) {}

    /// How many processes were new.
    Result<std::size_t> round() {
        std::vector<pid_t> fresh = TRY(processes(directories_));
        std::erase_if(fresh, [&](pid_t pid) { return std::ranges::binary_search(sent_, pid); });
        for (std::size_t done = 0; done < fresh.size();)
            done += TRY(send(std::span(fresh).subspan(done)));
        sent_.insert(sent_.end(), fresh.begin(), fresh.end());
        std::ranges::sort(sent_);
        return fresh.size();
    }

    /// The first signal that could not be sent.
    [[nodiscard]] const Result<void>& outcome() const { return outcome_; }

 private:
    using Held = std::vector<std::pair<pid_t, sys::Fd>>;

    /// Opens as many as descriptors allow, at least one. Gives how many pids that were.
    Result<std::size_t> hold(std::span<const pid_t> pids, Held& held) {
        constexpr std::size_t kMost = 512;
        std::size_t seen = 0;
        for (; seen < pids.size() && seen < kMost; ++seen) {
            auto fd = sys::open_pidfd(pids[seen]);
            if (fd) {
                held.emplace_back(pids[seen], std::move(*fd));
                continue;
            }
            const int error = fd.error().errno_value;
            if (error == EMFILE || error == ENFILE) {
                if (held.empty()) return std::unexpected(fd.error());
                break;
            }
            note(fd.error(), pids[seen]);
        }
        return seen;
    }

    /// A pid may be somebody else's by now. It is not if the cgroup still has it after a pidfd
    /// holds on to whoever has it. Gives how many of the pids were dealt with.
    Result<std::size_t> send(std::span<const pid_t> pids) {
        Held held;
        const std::size_t seen = TRY(hold(pids, held));
        const auto still_there = TRY(processes(directories_));
        for (const auto& [pid, fd] : held) {
            if (!std::ranges::binary_search(still_there, pid)) continue;
            const auto sent = sys::send_signal(fd.get(), signal_);
            if (!sent) note(sent.error(), pid);
        }
        return seen;
    }

    void note(const Error& error, pid_t pid) {
        if (error.errno_value == ESRCH || !outcome_) return;
        outcome_ = fail_errno(concat("send signal ", signal_.number, " to process ", pid),
                              error.errno_value);
    }

    const Directories& directories_;
    Signal signal_;
    std::vector<pid_t> sent_;  ///< sorted
    Result<void> outcome_;
};

void write_freezer(const Directories& directories, Frozen wanted) {
    const bool freeze = wanted == Frozen::Yes;
    const auto* v1 = find_v1(directories, "freezer");
    const auto* unified = find_unified(directories);
    if (v1 != nullptr)
        static_cast<void>(
            write_file(full_path(*v1), "freezer.state", freeze ? "FROZEN" : "THAWED"));
    else if (unified != nullptr)
        static_cast<void>(write_file(full_path(*unified), "cgroup.freeze", freeze ? "1" : "0"));
}

/// From the moment of the write on nobody in the cgroup can fork: a process that is about to
/// freeze has a signal pending, and fork(2) gives way to it. That all are frozen is not needed
/// and, with thousands of them, not to be waited for; the pause lets those finish that were in the
/// middle of a fork.
void stop_forks(const Directories& directories) {
    write_freezer(directories, Frozen::Yes);
    Patience patience{std::chrono::milliseconds{3}};
    while (patience.wait()) continue;
}

/// Whether the kernel kills all there in one go (cgroup.kill, cgroup-v2.rst).
bool kill_unified(const plan::CgroupDirectory& unified) {
    const auto killed = write_file(full_path(unified), "cgroup.kill", "1");
    return killed || is_absent(killed.error());
}

/// Rounds until no new process appears. When the second one has found some, somebody forks as
/// fast as we send, and is held meanwhile. Frozen processes of v1 die only when they are let go.
Result<void> kill_rounds(const Directories& directories) {
    constexpr int kMostRounds = 50;
    Sender sender(directories, Signal{SIGKILL});
    for (int i = 0; i < kMostRounds; ++i) {
        if (i > 1) stop_forks(directories);
        const auto fresh = sender.round();
        write_freezer(directories, Frozen::No);
        if (!fresh) return std::unexpected(fresh.error());
        if (*fresh == 0) return sender.outcome();
    }
    return fail_errno("new processes keep appearing in the container's cgroup", EBUSY);
}

}  // namespace

Result<void> signal_all(const Directories& directories, Signal signal) {
    for (const auto& directory : directories) TRY(refuse_root(directory));
    if (signal.number != SIGKILL) {
        Sender sender(directories, signal);
        TRY(sender.round());
        return sender.outcome();
    }
    const auto* unified = find_unified(directories);
    if (unified != nullptr && kill_unified(*unified) && directories.size() == 1) return {};
    return kill_rounds(directories);
}

}  // namespace cleat::cgroup
