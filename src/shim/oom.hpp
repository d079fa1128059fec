// Room: shim. Tells when the kernel kills in a container for want of memory.
#pragma once

#include <functional>

#include "cleat/cgroup/stats.hpp"
#include "loop.hpp"

namespace cleat::shim {

class OomAlarm final : Watcher {
 public:
    OomAlarm(Loop& loop, cgroup::OomWatch watch, Loop::Task alarm);
    OomAlarm(const OomAlarm&) = delete;
    OomAlarm& operator=(const OomAlarm&) = delete;
    ~OomAlarm() { loop_.remove(watch_.fd()); }
    /// Looks once more: a process ends before the loop hears why.
    void ready() override;

 private:
    Loop& loop_;
    cgroup::OomWatch watch_;
    Loop::Task alarm_;
};

}  // namespace cleat::shim
