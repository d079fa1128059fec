// Room: plan. /linux/resources on their way to cgroup files. resources.cpp finds the hierarchy of
// each controller; resources_v1.cpp and resources_v2.cpp know the two generations of files.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/plan/plan.hpp"
#include "container.hpp"

namespace cleat::plan {

/// A cgroup just made has the kernel's defaults; one in use has limits that the order of writes
/// must respect, and processes that a new limit may hit.
enum class CgroupAge { New, InUse };

inline constexpr std::int64_t kUnlimited = -1;  ///< what the specification says of memory and swap

struct ResourceOptions {
    std::string_view pointer;  ///< where the resources lie
    CgroupAge age = CgroupAge::InUse;
    OnFailure devices = OnFailure::Refuse;  ///< a rootless host may load no BPF program
};

/// The host steps (WriteCgroup, SetCgroupDevices) that apply `resources` to `cgroups`.
[[nodiscard]] Result<Steps> resource_steps(const spec::Resources& resources,
                                           const std::vector<CgroupDirectory>& cgroups,
                                           const ResourceOptions& options);

/// The one that a step of the host is about, by its number in Plan::cgroups.
[[nodiscard]] std::optional<std::uint16_t> cgroup_of(const Action& action) noexcept;

/// Who decides about devices: the v1 controller, else a BPF program on the cgroup v2.
[[nodiscard]] std::optional<std::uint16_t> devices_cgroup(
    const std::vector<CgroupDirectory>& cgroups) noexcept;

/// Writes to the files of one controller in the one hierarchy that has it. The first property that
/// cannot be had is remembered, and ends the compilation.
class Controller {
 public:
    struct Place {
        const std::vector<CgroupDirectory>& cgroups;
        std::string_view name;  ///< the kernel's: "memory"
        std::string pointer;    ///< of the properties: "/linux/resources/memory"
    };
    explicit Controller(Place place);

    [[nodiscard]] bool unified() const noexcept { return unified_; }
    /// `property` is relative to the controller's pointer: "limit".
    void write(std::string_view property, std::string file, std::string value,
               OnFailure on_failure = OnFailure::Refuse);
    void refuse(std::string_view property, std::string_view why);
    /// Makes the write just noted fail if what `usage_file` says is above its value.
    void unless_above(std::string usage_file);
    /// Makes the write just noted leave the file's first word as it is.
    void after_first();
    [[nodiscard]] Result<Steps> finish() &&;

 private:
    Place place_;
    std::optional<std::uint16_t> cgroup_;
    bool unified_ = false;
    std::vector<Step> steps_;
    std::optional<Error> error_;
};

void write_memory_v1(const spec::Memory& memory, CgroupAge age, Controller& out);
void write_memory_v2(const spec::Memory& memory, CgroupAge age, Controller& out);
void write_cpu_v1(const spec::Cpu& cpu, CgroupAge age, Controller& out);
void write_cpu_v2(const spec::Cpu& cpu, CgroupAge age, Controller& out);
void write_block_io_v1(const spec::BlockIo& block_io, Controller& out);
void write_block_io_v2(const spec::BlockIo& block_io, Controller& out);
void write_pids_v1(const spec::Pids& pids, Controller& out);
void write_pids_v2(const spec::Pids& pids, Controller& out);
void write_hugepages_v1(const std::vector<spec::HugepageLimit>& limits, Controller& out);
void write_hugepages_v2(const std::vector<spec::HugepageLimit>& limits, Controller& out);

/// cpu.weight (1 to 10000) for cpu.shares (2 to 262144), so that the defaults of both, 100 and
/// 1024, and both ends meet.
[[nodiscard]] std::uint64_t cpu_weight(std::uint64_t shares) noexcept;
/// io.weight (1 to 10000) for blkio.weight (10 to 1000).
[[nodiscard]] std::uint64_t io_weight(std::uint16_t weight) noexcept;

/// A limit that is there and says something: engines send 0 for "not set".
template <class T>
[[nodiscard]] bool is_set(const std::optional<T>& limit) noexcept {
    return limit && *limit != T{0};
}

/// Engines send -1, as an unsigned number, for "not set".
[[nodiscard]] inline bool has_swappiness(const spec::Memory& memory) noexcept {
    return memory.swappiness && *memory.swappiness != UINT64_MAX;
}

}  // namespace cleat::plan
