// Room: plan (layer 1, pure). config.json, the machine and the command line compiled to a Plan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/base/ids.hpp"
#include "cleat/plan/facts.hpp"
#include "cleat/plan/steps.hpp"
#include "cleat/spec/config.hpp"
#include "cleat/spec/decode.hpp"

namespace cleat::plan {

enum class CgroupDriver { Filesystem, Systemd, Disabled };

/// The container's cgroup in one hierarchy.
struct CgroupDirectory {
    std::vector<std::string> controllers;
    std::string mountpoint;  ///< of the hierarchy on the host
    std::string path;        ///< below the mountpoint, "/docker/4711"
    bool unified = false;
    bool operator==(const CgroupDirectory&) const = default;
};

/// The container's groups in a resctrl file system, by their host paths; "" if there is none.
struct RdtPlace {
    std::string group;
    std::string monitor;        ///< the group below it that only counts
    bool of_container = false;  ///< `group` ends with the container; `monitor` always does
    bool operator==(const RdtPlace&) const = default;
};

/// What happens in which process, in order; nothing else happens.
struct Plan {
    CgroupDriver cgroup_driver = CgroupDriver::Filesystem;
    Scope scope = {};  ///< of the systemd driver
    std::vector<CgroupDirectory> cgroups = {};
    RdtPlace rdt = {};
    std::uint16_t slots = 0;      ///< how many there are
    std::vector<Step> host = {};  ///< cleat create, run, exec
    std::vector<Step> joiner =
        {};  ///< empty but when namespaces must be joined before others are made
    std::vector<Step> init = {};  ///< becomes the container's process
    std::vector<spec::Problem> warnings =
        {};  ///< what the host cannot grant and the spec lets pass
};

/// What does not come from config.json.
struct Options {
    ContainerId id;
    std::string bundle;  ///< absolute
    CgroupDriver cgroup_driver = CgroupDriver::Filesystem;
    RootChange root_change = RootChange::Pivot;
    enum class Keyring { New, Keep } keyring = Keyring::New;
    enum class Begin { OnStart, AtOnce } begin = Begin::OnStart;  ///< create, or run
    std::uint32_t preserve_fds = 0;
};

/// The plan of a new container. `spec` has passed decode_config. Errors name the property.
[[nodiscard]] Result<Plan> compile(const spec::Spec& spec, const HostFacts& facts,
                                   const Options& options);

/// The plan of one more process in a running container (`exec`). `namespaces` are the CLONE_NEW*
/// of those namespaces of the container that differ from cleat's own; `cgroups` are the
/// container's, from its state, and so is `rdt`.
struct MemberOptions {
    std::uint64_t namespaces = 0;
    std::vector<CgroupDirectory> cgroups;
    CgroupDriver cgroup_driver = CgroupDriver::Filesystem;
    RdtPlace rdt = {};
    std::uint32_t preserve_fds = 0;
};
[[nodiscard]] Result<Plan> compile_member(const spec::Spec& spec, const spec::Process& process,
                                          const HostFacts& facts, const MemberOptions& options);

/// The plan that mounts `spec.mounts`, and nothing else of `spec`, in a running container (`mounts
/// add`). `namespaces` as in MemberOptions. Its init list is for a process that ends after it.
/// Errors name the mount by its place among them ("/2").
[[nodiscard]] Result<Plan> compile_mounts(const spec::Spec& spec, const HostFacts& facts,
                                          const Options& options, std::uint64_t namespaces);

/// The plan of new limits for a container that is there (`update`): writes to its cgroups, what its
/// scope is told, and last the device rules, which cannot be read back.
struct UpdateOptions {
    std::vector<CgroupDirectory> cgroups;
    Scope scope = {};  ///< of the systemd driver
    /// What holds now: systemd is told of a quota in the terms of its period.
    std::optional<std::int64_t> quota = {};
    std::optional<std::uint64_t> period = {};
    std::string oci_version = {};  ///< of the container's config; "" counts as the newest
};
[[nodiscard]] Result<Plan> compile_update(spec::Resources resources, const UpdateOptions& options);

/// Before version 1.3 the property was required, and engines wrote a pids.limit of 0 for none.
/// Since 1.3, 0 is a limit (config-linux.md#pids).
[[nodiscard]] bool zero_means_no_pids_limit(std::string_view oci_version);

/// The same limits as properties of the container's scope, so that systemd, when it writes all of
/// a unit's values again, writes these.
[[nodiscard]] std::vector<UnitProperty> scope_limits(const spec::Resources& resources,
                                                     const std::vector<CgroupDirectory>& cgroups);

/// The plan as text, one line a step, or as JSON.
[[nodiscard]] std::string print_text(const Plan& plan);
[[nodiscard]] std::string print_json(const Plan& plan);
/// One step without its origin: `mount tmpfs at /dev (nosuid, strictatime; mode=755)`.
[[nodiscard]] std::string print_step(const Step& step);
/// A step's kind in kebab case: "mount-filesystem".
[[nodiscard]] std::string_view kind_of(const Action& action) noexcept;

/// The root of a container without a mount namespace if it is mounted in the runtime's own, where
/// the mount stays until it is unmounted; or nullptr. Its slot holds the mount.
[[nodiscard]] const OpenRoot* root_on_host(const Plan& plan) noexcept;

/// The order invariants that hold for every plan; a text for each one that is broken.
[[nodiscard]] std::vector<std::string> broken_invariants(const Plan& plan);

}  // namespace cleat::plan
