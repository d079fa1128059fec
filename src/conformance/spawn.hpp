// Room: conformance. The only file that makes processes (spawn.cpp): the runtime that is judged, a
// case in a process of its own, and what the probe needs beside itself.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::conformance {

/// A program to start. Descriptors that are not given are /dev/null.
struct Program {
    std::vector<std::string> words;
    std::optional<std::vector<std::string>> env = {};  ///< the caller's, if not given
    int in = -1;
    int out = -1;
    int err = -1;
    int extra = -1;  ///< becomes descriptor 3
};
[[nodiscard]] Result<pid_t> spawn(const Program& program);

/// All children of this process, with those that orphans became (it is their subreaper): reaped
/// whenever somebody waits, so that no runtime waits for a zombie that is ours.
class Children {
 public:
    /// spawn(), for a child that will be waited for: it may have the pid of one that has ended.
    [[nodiscard]] Result<pid_t> start(const Program& program);
    /// Reaps what has ended; the statuses are kept for status_of().
    void reap();
    /// An exit code, or 128 + the signal; nullopt while it runs, or if it is no child of ours.
    [[nodiscard]] std::optional<int> status_of(pid_t pid);
    /// Waits for a child; nullopt if time is up before it ends.
    [[nodiscard]] std::optional<int> wait(pid_t pid, std::chrono::milliseconds limit);
    /// Kills it, and waits.
    void kill(pid_t pid);
    /// The children that still run.
    [[nodiscard]] static std::vector<pid_t> running();
    /// Kills all but `spared` and what they leave in turn, until nothing is left (or time is up).
    void sweep(const std::vector<pid_t>& spared);

 private:
    std::map<pid_t, int> ended_;
};

}  // namespace cleat::conformance
