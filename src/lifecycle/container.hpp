// Room: lifecycle. A container that exists, and what several verbs ask of it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/cgroup/cgroup.hpp"
#include "cleat/lifecycle/lifecycle.hpp"
#include "cleat/spec/config.hpp"
#include "cleat/store/store.hpp"
#include "config.hpp"

namespace cleat::lifecycle {

struct Container {
    store::Entry entry;
    store::State state;
};

/// Errors: NotFound, "container does not exist".
[[nodiscard]] Result<Container> open_container(const Settings& settings, const ContainerId& id);

/// The config.json that it was made from.
[[nodiscard]] Result<Config> config_of(const Container& container);

/// What the state means now: no living init is stopped; a start socket is created. An error if it
/// cannot be told (no descriptor is free): who deletes must not take that for stopped.
[[nodiscard]] Result<Status> status_of(const Container& container);

/// The cgroups of a state or an intent. The root of a hierarchy is never a container's.
[[nodiscard]] cgroup::Directories directories_of(const std::vector<store::KeptCgroup>& kept);
[[nodiscard]] plan::Scope scope_of(const store::KeptScope& kept);
[[nodiscard]] store::KeptScope kept_of(const plan::Scope& scope);
[[nodiscard]] plan::RdtPlace rdt_of(const store::KeptRdt& kept);
[[nodiscard]] store::KeptRdt kept_of(const plan::RdtPlace& rdt);
[[nodiscard]] std::vector<store::KeptCgroup> kept_of(const cgroup::Directories& directories);

[[nodiscard]] std::string_view name_of(plan::CgroupDriver driver) noexcept;
[[nodiscard]] plan::CgroupDriver driver_of(std::string_view name) noexcept;

/// CLONE_NEW* of the namespaces in which a process is and cleat is not (namespaces(7)).
[[nodiscard]] Result<std::uint64_t> differing_namespaces(pid_t pid);

/// The state on the standard input of hooks and in the message to a seccomp listener.
[[nodiscard]] std::string hook_document(const store::State& state, std::string_view status,
                                        pid_t pid);

/// All poststart hooks; the first failure ends them (runtime.md#lifecycle, step 9).
[[nodiscard]] Result<void> run_poststart(const spec::Spec& spec, const store::State& state);
/// All poststop hooks, each one whatever became of the one before; failures are warnings (step 13).
void run_poststop(const spec::Spec& spec, const store::State& state);

/// `delete` of this very entry, whatever has its id meanwhile.
[[nodiscard]] Result<void> remove(const Settings& settings, const ContainerId& id,
                                  store::Entry entry, Force force);

/// Ends what runs, removes cgroups and the entry, runs the poststop hooks.
[[nodiscard]] Result<void> destroy(const Settings& settings, const Container& container);

}  // namespace cleat::lifecycle
