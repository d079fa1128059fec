// Room: shim. What the runtime does is done in children that execute nothing: the loop goes on
// meanwhile, and their memory goes with them. How children end is heard here, too.
#pragma once

#include <sys/types.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/sys/fd.hpp"
#include "loop.hpp"

namespace cleat::shim {

/// What a child gives back.
struct Yield {
    std::string bytes;
    std::vector<sys::Fd> fds;
};

class Errands {
 public:
    using Work = std::function<Result<Yield>()>;
    using Done = std::function<void(Result<Yield> yield)>;
    using Ended = std::function<void(pid_t pid, int status)>;

    /// `log` is where the children write to, too; `ended` hears of children that were no errands.
    Errands(Loop& loop, int log, Ended ended);
    Errands(const Errands&) = delete;
    Errands& operator=(const Errands&) = delete;
    ~Errands();

    /// `standard` are the child's 0, 1 and 2; -1 is /dev/null.
    void send(const std::array<int, 3>& standard, const Work& work, Done done);
    void send(const Work& work, Done done) { send({-1, -1, -1}, work, std::move(done)); }

    [[nodiscard]] bool idle() const noexcept { return errands_.empty(); }
    /// After SIGCHLD: an errand's answer is taken before the end of what it leaves is told.
    void reap();

 private:
    class Errand;
    struct Begun {
        pid_t pid;
        sys::Fd socket;
    };
    [[nodiscard]] Result<Begun> begin(std::array<int, 3> standard, const Work& work) const;

    Loop& loop_;
    int log_;
    Ended ended_;
    std::map<pid_t, std::unique_ptr<Errand>> errands_;
};

}  // namespace cleat::shim
