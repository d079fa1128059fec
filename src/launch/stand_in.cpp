// Room: launch. The stand-in; runs with the host's root and the caller's privileges.
#include "stand_in.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>

namespace cleat::launch {

void stand_in() noexcept {
    constexpr unsigned kLongest = 120;  // seconds; longer than any limit of the calls to systemd
    static_cast<void>(::prctl(PR_SET_PDEATHSIG, SIGKILL));
    ::alarm(kLongest);
    for (;;) ::pause();
}

}  // namespace cleat::launch
