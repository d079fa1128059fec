// Room: plan. The kernel's numbers that a plan is written in. The room includes no header of the
// system, so that a plan made on one machine is the same on every other; the kernel room asserts
// that these are the values of its own headers.
#pragma once

#include <cstdint>

#include "cleat/spec/config.hpp"

namespace cleat::plan {

// <linux/sched.h>
inline constexpr std::uint64_t kCloneNewTime = 0x00000080;
inline constexpr std::uint64_t kCloneNewMount = 0x00020000;
inline constexpr std::uint64_t kCloneNewCgroup = 0x02000000;
inline constexpr std::uint64_t kCloneNewUts = 0x04000000;
inline constexpr std::uint64_t kCloneNewIpc = 0x08000000;
inline constexpr std::uint64_t kCloneNewUser = 0x10000000;
inline constexpr std::uint64_t kCloneNewPid = 0x20000000;
inline constexpr std::uint64_t kCloneNewNet = 0x40000000;

[[nodiscard]] constexpr std::uint64_t clone_flag(spec::NamespaceType type) noexcept {
    switch (type) {
        case spec::NamespaceType::Pid:
            return kCloneNewPid;
        case spec::NamespaceType::Network:
            return kCloneNewNet;
        case spec::NamespaceType::Mount:
            return kCloneNewMount;
        case spec::NamespaceType::Ipc:
            return kCloneNewIpc;
        case spec::NamespaceType::Uts:
            return kCloneNewUts;
        case spec::NamespaceType::User:
            return kCloneNewUser;
        case spec::NamespaceType::Cgroup:
            return kCloneNewCgroup;
        case spec::NamespaceType::Time:
            return kCloneNewTime;
    }
    return 0;
}

// <linux/mount.h>: attributes of one mount (mount_setattr(2))
inline constexpr std::uint64_t kMountReadonly = 0x00000001;
inline constexpr std::uint64_t kMountNosuid = 0x00000002;
inline constexpr std::uint64_t kMountNodev = 0x00000004;
inline constexpr std::uint64_t kMountNoexec = 0x00000008;
inline constexpr std::uint64_t kMountAtimeMask = 0x00000070;
inline constexpr std::uint64_t kMountNoatime = 0x00000010;
inline constexpr std::uint64_t kMountStrictatime = 0x00000020;
inline constexpr std::uint64_t kMountNodiratime = 0x00000080;
inline constexpr std::uint64_t kMountNosymfollow = 0x00200000;

// <linux/mount.h>: propagation (mount_namespaces(7))
inline constexpr std::uint64_t kRecursive = 1U << 14U;   // MS_REC
inline constexpr std::uint64_t kUnbindable = 1U << 17U;  // MS_UNBINDABLE
inline constexpr std::uint64_t kPrivate = 1U << 18U;     // MS_PRIVATE
inline constexpr std::uint64_t kSlave = 1U << 19U;       // MS_SLAVE
inline constexpr std::uint64_t kShared = 1U << 20U;      // MS_SHARED

// <linux/capability.h>
inline constexpr int kCapChown = 0;
inline constexpr int kCapSetgid = 6;
inline constexpr int kCapSysAdmin = 21;

}  // namespace cleat::plan
