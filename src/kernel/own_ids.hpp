// Room: kernel. The ids of the calling thread alone.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <vector>

namespace cleat::kernel {

// The C library's functions of these names change the ids of all threads that it knows of
// (nptl(7)). In an init that works in its parent's memory those are the parent's.

inline int set_own_groups(const std::vector<gid_t>& groups) noexcept {
    return static_cast<int>(::syscall(SYS_setgroups, groups.size(), groups.data()));
}

inline int set_own_gid(gid_t gid) noexcept {
    return static_cast<int>(::syscall(SYS_setresgid, gid, gid, gid));
}

inline int set_own_uid(uid_t uid) noexcept {
    return static_cast<int>(::syscall(SYS_setresuid, uid, uid, uid));
}

}  // namespace cleat::kernel
