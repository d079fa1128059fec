// Room: kernel (layer 2). What the hands hold between steps. One Context per process (host or
// init); made before the clone, so init finds everything by copy-on-write.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/plan/steps.hpp"
#include "cleat/sys/fd.hpp"
#include "cleat/sys/root_fs.hpp"

namespace cleat::kernel {

/// Filters that are loaded one after the other: mostly one, more only for a profile that is too
/// long for one.
using SeccompPrograms = std::vector<std::vector<::sock_filter>>;

struct Context {
    std::vector<sys::Fd> slots;         ///< by plan::Slot; sized from Plan::slots
    std::vector<sys::Fd> cgroup_tasks;  ///< cgroup::open_v1_tasks
    sys::Fd unified_cgroup;             ///< cgroup::open_unified, to be born in; or none
    sys::Fd proc;                       ///< the host's procfs, sys::open_proc, before ChangeRoot
    sys::RootFs root;                   ///< after OpenRoot
    std::string root_path;              ///< where OpenRoot attached it, host path
    std::string bundle;                 ///< absolute; relative root paths begin here
    sys::Place device_place;            ///< the last of MakeDevice and MakeSymlink
    std::string device_directory;       ///< what leads to its parent
    sys::Fd null_device;                ///< the first mask of a file: a verified char 1:3
    sys::Fd empty_directory;            ///< the first mask of a directory: an empty tmpfs
    SeccompPrograms seccomp;            ///< compiled before the clone
    std::string executable;             ///< found by FindExecutable
    std::vector<std::string> env;       ///< what exec gets; Exec::env, HOME added
    std::vector<char*> exec_args;       ///< of prepare_exec(), as execve(2) takes them
    std::vector<char*> exec_env;
    sys::Fd console_master;    ///< made by SetUpConsole; launch sends it to the host
    sys::Fd seccomp_listener;  ///< made by LoadSeccomp; launch sends it to the host
    std::vector<sys::Fd>* attached = nullptr;  ///< if there is one: every mount that was attached
    sys::Fd apparmor_exec;                     ///< /proc/self/attr/… opened before the root changes
};

}  // namespace cleat::kernel
