// Room: conformance. Signals that end the whole run.
#pragma once

#include <signal.h>

namespace cleat::conformance {

/// Blocks SIGINT, SIGTERM and SIGHUP, so that containers are ended before the process ends.
class Interruption {
 public:
    Interruption() {
        ::sigemptyset(&signals_);
        for (const int one : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&signals_, one);
        ::sigprocmask(SIG_BLOCK, &signals_, &before_);
    }
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;
    ~Interruption() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
    [[nodiscard]] bool came() const {
        const ::timespec none{};
        return ::sigtimedwait(&signals_, nullptr, &none) > 0;
    }

 private:
    ::sigset_t signals_{};
    ::sigset_t before_{};
};

}  // namespace cleat::conformance
