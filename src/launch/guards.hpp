// Room: launch. What the host's walk makes and must not leave behind: each guard undoes its part
// unless it is told that the launch has succeeded. They undo in the reverse of their order in Host.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cleat/cgroup/cgroup.hpp"
#include "cleat/kernel/apply.hpp"
#include "cleat/kernel/rdt.hpp"
#include "cleat/plan/plan.hpp"
#include "cleat/sys/fd.hpp"
#include "cleat/sys/process.hpp"
#include "cleat/sys/tree.hpp"

namespace cleat::launch {

/// The cgroups that this launch made; removed unless kept.
class CgroupGuard {
 public:
    CgroupGuard() = default;
    CgroupGuard(const CgroupGuard&) = delete;
    CgroupGuard& operator=(const CgroupGuard&) = delete;
    ~CgroupGuard() {
        constexpr std::chrono::milliseconds kLimit{2000};
        if (!made_.empty()) static_cast<void>(cgroup::remove(made_, kLimit));
    }
    void add(const plan::CgroupDirectory& directory) { made_.push_back(directory); }
    void keep() noexcept { made_.clear(); }

 private:
    cgroup::Directories made_;
};

/// The groups in a resctrl file system that this launch made; removed unless kept.
class RdtGuard {
 public:
    RdtGuard() = default;
    RdtGuard(const RdtGuard&) = delete;
    RdtGuard& operator=(const RdtGuard&) = delete;
    ~RdtGuard() {
        for (auto group = made_.rbegin(); group != made_.rend(); ++group)
            static_cast<void>(kernel::discard_rdt_group(*group));
    }
    void add(const std::string& group) { made_.push_back(group); }
    void keep() noexcept { made_.clear(); }

 private:
    std::vector<std::string> made_;
};

/// The container's first process until it is handed over; ended and reaped unless released.
class ChildGuard {
 public:
    ChildGuard() = default;
    ChildGuard(const ChildGuard&) = delete;
    ChildGuard& operator=(const ChildGuard&) = delete;
    ~ChildGuard() { end(); }
    void end() noexcept {
        if (pid_ <= 0) return;
        static_cast<void>(sys::send_signal(pidfd_.get(), Signal{SIGKILL}));
        static_cast<void>(sys::wait_child(std::exchange(pid_, 0)));
    }
    void take(pid_t pid, sys::Fd pidfd) noexcept {
        pid_ = pid;
        pidfd_ = std::move(pidfd);
    }
    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }
    [[nodiscard]] sys::Fd release() noexcept {
        pid_ = 0;
        return std::move(pidfd_);
    }
    /// Reaps a child that is gone already: its exit status as wait_child() gives it.
    [[nodiscard]] Result<int> reap() { return sys::wait_child(std::exchange(pid_, 0)); }

 private:
    pid_t pid_ = 0;
    sys::Fd pidfd_;
};

/// The network devices that this launch moved; returned unless kept.
class NetDeviceGuard {
 public:
    explicit NetDeviceGuard(const kernel::Context& context) : context_(context) {}
    NetDeviceGuard(const NetDeviceGuard&) = delete;
    NetDeviceGuard& operator=(const NetDeviceGuard&) = delete;
    ~NetDeviceGuard() {
        for (auto device = moved_.rbegin(); device != moved_.rend(); ++device)
            static_cast<void>(kernel::return_net_device(*device, context_));
    }
    void add(kernel::MovedNetDevice device) { moved_.push_back(std::move(device)); }
    void keep() noexcept { moved_.clear(); }

 private:
    const kernel::Context& context_;
    std::vector<kernel::MovedNetDevice> moved_;
};

/// The root of a container without a mount namespace, mounted in the runtime's own; unmounted with
/// all mounts in it unless kept.
class RootMountGuard {
 public:
    RootMountGuard(const plan::Plan& plan, const kernel::Context& context)
        : root_(plan::root_on_host(plan)), context_(context) {}
    RootMountGuard(const RootMountGuard&) = delete;
    RootMountGuard& operator=(const RootMountGuard&) = delete;
    ~RootMountGuard() {
        if (root_ == nullptr || root_->slot->index >= context_.slots.size()) return;
        const auto& mount = context_.slots[root_->slot->index];
        if (mount) static_cast<void>(sys::detach_mount(context_.proc.get(), mount.get()));
    }
    void keep() noexcept { root_ = nullptr; }

 private:
    const plan::OpenRoot* root_;
    const kernel::Context& context_;
};

/// The stand-in and the joiner count in the container's limit of processes, which may be 1: there
/// is none while init is born. Nothing of the container runs yet.
class ProcessLimit {
 public:
    explicit ProcessLimit(const cgroup::Directories& cgroups) : cgroups_(cgroups) {}
    ProcessLimit(const ProcessLimit&) = delete;
    ProcessLimit& operator=(const ProcessLimit&) = delete;
    ~ProcessLimit() { static_cast<void>(restore()); }
    void lift() {
        const auto found = std::ranges::find_if(cgroups_, [](const auto& cgroup) {
            return std::ranges::find(cgroup.controllers, "pids") != cgroup.controllers.end();
        });
        if (found == cgroups_.end()) return;
        const plan::WriteCgroup none{.cgroup = static_cast<std::uint16_t>(found - cgroups_.begin()),
                                     .file = "pids.max",
                                     .value = "max"};
        limit_ = cgroup::current(none, cgroups_);
        if (limit_ && (limit_->value == none.value || !cgroup::apply(none, cgroups_)))
            limit_.reset();
    }
    [[nodiscard]] Result<void> restore() {
        const auto limit = std::exchange(limit_, std::nullopt);
        return limit ? cgroup::apply(*limit, cgroups_) : Result<void>{};
    }

 private:
    const cgroup::Directories& cgroups_;
    std::optional<plan::WriteCgroup> limit_;
};

/// The scope that this launch started; stopped unless kept.
class ScopeGuard {
 public:
    ScopeGuard() = default;
    ScopeGuard(const ScopeGuard&) = delete;
    ScopeGuard& operator=(const ScopeGuard&) = delete;
    ~ScopeGuard() {
        if (!scope_.unit.empty()) static_cast<void>(cgroup::stop_scope(scope_));
    }
    void take(const plan::Scope& scope) { scope_ = scope; }
    void keep() noexcept { scope_.unit.clear(); }

 private:
    plan::Scope scope_;
};

}  // namespace cleat::launch
