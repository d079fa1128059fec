// Room: shim. OOM.
#include "oom.hpp"

#include <poll.h>

#include <utility>

namespace cleat::shim {

OomAlarm::OomAlarm(Loop& loop, cgroup::OomWatch watch, Loop::Task alarm)
    : loop_(loop), watch_(std::move(watch)), alarm_(std::move(alarm)) {
    const bool urgent = (watch_.events() & POLLPRI) != 0;
    static_cast<void>(loop_.add(watch_.fd(), urgent ? Wanted::Urgent : Wanted::Input, *this));
}

void OomAlarm::ready() {
    if (watch_.happened()) alarm_();
}

}  // namespace cleat::shim
