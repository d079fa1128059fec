// Room: plan. Which namespaces a container gets new, and which it joins.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cleat/plan/plan.hpp"

namespace cleat::plan {

class Steps;
struct Container;

struct JoinedNamespace {
    spec::NamespaceType type = spec::NamespaceType::Pid;
    std::string path;
    Slot slot;
    std::string origin;
};

class Namespaces {
 public:
    /// Sorts out /linux/namespaces; takes one of `slots` for each that is joined.
    Namespaces(const spec::Linux& linux, const HostFacts& facts, std::uint16_t& slots);

    [[nodiscard]] bool makes(spec::NamespaceType type) const noexcept;
    [[nodiscard]] bool joins(spec::NamespaceType type) const noexcept;
    [[nodiscard]] bool has(spec::NamespaceType type) const noexcept {
        return makes(type) || joins(type);
    }
    /// In the order in which they can be joined.
    [[nodiscard]] const std::vector<JoinedNamespace>& joined() const noexcept { return joined_; }
    /// CLONE_NEW* for the one clone call.
    [[nodiscard]] std::uint64_t clone_flags() const noexcept;
    /// CLONE_NEW* that init makes as the root of its new user namespace, which then owns the
    /// objects in them: the root of the mqueue file system belongs to the user who makes the ipc
    /// namespace.
    [[nodiscard]] std::uint64_t made_as_root() const noexcept;
    /// nullptr if no namespace of that type is joined.
    [[nodiscard]] const JoinedNamespace* find_joined(spec::NamespaceType type) const noexcept;
    /// Whether a process in between must do the joining: because clone(2) makes a user namespace
    /// before it makes the others, and those belong to it; or because the host could not leave a
    /// pid namespace again, as its own belongs to a user namespace further up (setns(2)).
    [[nodiscard]] bool needs_joiner() const noexcept;

 private:
    std::uint64_t made_ = 0;
    bool rootless_ = false;
    std::vector<JoinedNamespace> joined_;
};

/// Host: opens what is joined, by path, while paths still mean what config.json means by them.
[[nodiscard]] Steps open_namespaces(const Namespaces& namespaces);
/// Host: one clone with every new namespace.
[[nodiscard]] Steps clone_steps(const Container& container);
/// Host: what only others may set of the child, the ids of a new user namespace among it.
[[nodiscard]] Steps child_steps(const Container& container);
/// Host, after the clone: /linux/netDevices into the container's network namespace.
[[nodiscard]] Steps net_device_steps(const Container& container);
/// The joiner's whole list; empty if there is none.
[[nodiscard]] Steps joiner_steps(const Container& container);
/// Init: alone in its namespaces until nobody in them can touch it, and root in none before its ids
/// are mapped.
[[nodiscard]] Steps protect_init(const Container& container);
/// Init: joins and makes what clone could not.
[[nodiscard]] Steps enter_namespaces(const Container& container);
/// Init: names, loopback and sysctls of the namespaces, by the host's procfs.
[[nodiscard]] Steps furnish_namespaces(const Container& container);

}  // namespace cleat::plan
