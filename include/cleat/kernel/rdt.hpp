// Room: kernel (layer 2). Groups of Intel RDT: directories of a resctrl file system
// (Documentation/arch/x86/resctrl.rst). All of it runs in the host process.
#pragma once

#include <sys/types.h>

#include <string>

#include "cleat/base/error.hpp"
#include "cleat/plan/host_steps.hpp"

namespace cleat::kernel {

enum class RdtMade { New, Before };

/// Errors: ENOENT if it must be there, EEXIST if somebody else is in it, InvalidConfig if a shared
/// one has other schemata than expected.
[[nodiscard]] Result<RdtMade> make_rdt_group(const plan::MakeRdtGroup& step);
/// Errors: what the kernel says in info/last_cmd_status.
[[nodiscard]] Result<void> write_rdt_schema(const plan::WriteRdtSchema& step);
[[nodiscard]] Result<void> join_rdt_groups(const plan::JoinRdtGroups& step, pid_t pid);
/// One that is gone already is fine.
[[nodiscard]] Result<void> remove_rdt_group(const std::string& group);
/// The same, but one that has processes, which may be shared, stays.
[[nodiscard]] Result<void> discard_rdt_group(const std::string& group);

}  // namespace cleat::kernel
