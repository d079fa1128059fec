// Room: kernel (layer 2). The hands: one function per step that changes the kernel's view of the
// calling process. All but the first group run in init, after clone, in a single thread: they read
// the step and the context, and build texts only when they fail. Errors name the object; the
// caller adds the step's place in config.json.
#pragma once

#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/kernel/context.hpp"
#include "cleat/plan/steps.hpp"

namespace cleat::kernel {

// Host process, before or after the clone.
[[nodiscard]] Result<void> apply(const plan::OpenNamespace& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::OpenSource& step, Context& context);
/// The name in /proc/PID/ns: "net" (namespaces(7)).
[[nodiscard]] const char* file_of(spec::NamespaceType type) noexcept;
/// A network device that is in the container's network namespace now.
struct MovedNetDevice {
    std::string name;
    std::string new_name;
    plan::Slot network_namespace;
};
/// Moves the device with its permanent global addresses and sets it up there. Errors: ENODEV,
/// EEXIST if the name is taken there.
[[nodiscard]] Result<MovedNetDevice> move_net_device(const plan::MoveNetDevice& step,
                                                     const Context& context);
/// Back to the host under its old name: a virtual device would die with its namespace.
[[nodiscard]] Result<void> return_net_device(const MovedNetDevice& device, const Context& context);
/// Compiles a profile to what seccomp(2) takes. Unknown system call names are skipped (and logged
/// at debug level), as the specification's users expect. Errors: InvalidConfig with its pointer.
[[nodiscard]] Result<SeccompPrograms> compile_seccomp(const spec::Seccomp& seccomp);
/// Whether a rule asks a listener (SCMP_ACT_NOTIFY).
[[nodiscard]] bool notifies(const spec::Seccomp& seccomp) noexcept;
/// The same for a step: the program that it brings, or none with unknown names if it says so.
[[nodiscard]] Result<SeccompPrograms> compile_seccomp(const plan::LoadSeccomp& step);

// Init: process, ids, namespaces (process.cpp, namespaces.cpp).
[[nodiscard]] Result<void> apply(const plan::ProtectInit& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::JoinCgroups& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::EnterSubgroup& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::JoinNamespace& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::JoinContainer& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::UnshareNamespaces& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::NewTimeNamespace& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::BecomeRoot& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::NewSession& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::BringUpLoopback& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetHostname& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetDomainname& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetSysctl& step, Context& context);

// Init: the root and what is mounted in it (rootfs.cpp, mounts.cpp, devices.cpp, masks.cpp …).
[[nodiscard]] Result<void> apply(const plan::SetPropagation& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::OpenRoot& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::MountFilesystem& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::BindMount& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::Remount& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::MountCgroups& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::MakeDevice& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::MakeSymlink& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetUpConsole& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::ChangeRoot& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::MakeDirectory& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetMountReadonly& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetRootReadonly& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetRootPropagation& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::MaskPath& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::MakePathReadonly& step, Context& context);

// Init: what the process is allowed and how it runs (limits.cpp, scheduling.cpp, identity.cpp …).
[[nodiscard]] Result<void> apply(const plan::JoinSessionKeyring& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetRlimit& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetScheduler& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetIoPriority& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetCpuAffinity& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetMemoryPolicy& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetPersonality& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetUmask& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::ChangeDirectory& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetHome& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::FindExecutable& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetAppArmor& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetSelinuxLabel& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetUser& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetBoundingSet& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetCapabilities& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::SetNoNewPrivileges& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::LoadSeccomp& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::CloseFds& step, Context& context);
/// Returns only on failure; says why the file cannot run (missing, interpreter, loader,
/// architecture, noexec mount).
/// Allocates what the Exec step needs, so that execve(2) is its only system call.
void prepare_exec(const plan::Exec& step, Context& context);
[[nodiscard]] Result<void> apply(const plan::Exec& step, Context& context);

}  // namespace cleat::kernel
