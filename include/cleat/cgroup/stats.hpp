// Room: cgroup (layer 2). What a container uses, and when it runs out of memory. All in bytes,
// nanoseconds and counts; what a host does not count is 0 or empty.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/cgroup/cgroup.hpp"
#include "cleat/sys/fd.hpp"

namespace cleat::cgroup {

/// One line of a file such as cpu.pressure (Documentation/accounting/psi.rst).
struct Pressure {
    double avg10 = 0;
    double avg60 = 0;
    double avg300 = 0;
    std::uint64_t total = 0;  ///< microseconds
};
struct PressurePair {
    std::optional<Pressure> some;
    std::optional<Pressure> full;
};

struct CpuStats {
    std::uint64_t total = 0;
    std::uint64_t kernel = 0;
    std::uint64_t user = 0;
    std::vector<std::uint64_t> percpu;
    std::vector<std::uint64_t> percpu_kernel;
    std::vector<std::uint64_t> percpu_user;
    std::uint64_t periods = 0;
    std::uint64_t throttled_periods = 0;
    std::uint64_t throttled_time = 0;
    std::optional<PressurePair> pressure;
};

struct CpusetStats {
    std::vector<std::uint16_t> cpus;
    std::vector<std::uint16_t> mems;
    std::uint64_t cpu_exclusive = 0;
    std::uint64_t mem_hardwall = 0;
    std::uint64_t mem_exclusive = 0;
    std::uint64_t memory_migrate = 0;
    std::uint64_t memory_spread_page = 0;
    std::uint64_t memory_spread_slab = 0;
    std::uint64_t memory_pressure = 0;
    std::uint64_t sched_load_balance = 0;
    std::int64_t sched_relax_domain_level = 0;
};

struct MemoryEntry {
    std::uint64_t limit = 0;
    std::uint64_t usage = 0;
    std::uint64_t max = 0;
    std::uint64_t failcnt = 0;
};
struct MemoryStats {
    std::uint64_t cache = 0;
    MemoryEntry usage;
    MemoryEntry swap;  ///< memory and swap together, on v2, too
    MemoryEntry kernel;
    MemoryEntry kernel_tcp;
    std::map<std::string, std::uint64_t> raw;     ///< memory.stat
    std::map<std::string, std::uint64_t> events;  ///< memory.events, of v2 alone
    std::optional<PressurePair> pressure;
};

struct PidsStats {
    std::uint64_t current = 0;
    std::uint64_t limit = 0;  ///< 0 is none
};

/// "Read", "Write", … of one block device.
struct IoEntry {
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    std::string operation;
    std::uint64_t value = 0;
};
struct IoStats {
    std::vector<IoEntry> service_bytes;
    std::vector<IoEntry> serviced;
    std::optional<PressurePair> pressure;
};

struct HugetlbStats {
    std::uint64_t usage = 0;
    std::uint64_t max = 0;
    std::uint64_t failcnt = 0;
};

/// What a resctrl file system tells of a group (Documentation/filesystems/resctrl.rst). What the
/// machine does not have is absent.
struct RdtStats {
    struct Cache {
        std::string mask;  ///< "7ff"
        std::uint64_t min_bits = 0;
        std::uint64_t classes = 0;
    };
    struct Bandwidth {
        std::uint64_t granularity = 0;
        std::uint64_t delay_linear = 0;
        std::uint64_t minimum = 0;
        std::uint64_t classes = 0;
    };
    /// One allocatable resource: what there is of it, and the lines "L3:0=f" of the root and the
    /// group.
    template <class Info>
    struct Resource {
        Info info;
        std::string root_schema;
        std::string schema;
    };
    /// Bytes, in the part of the machine that shares a cache.
    struct Traffic {
        std::uint64_t total = 0;
        std::uint64_t local = 0;
    };
    std::optional<Resource<Cache>> cache = {};
    std::optional<Resource<Bandwidth>> bandwidth = {};
    std::vector<std::string> schemata = {};
    std::optional<std::vector<Traffic>> traffic = {};
    std::optional<std::vector<std::uint64_t>> occupancy = {};  ///< bytes of each cache
};

struct Stats {
    CpuStats cpu;
    CpusetStats cpuset;
    MemoryStats memory;
    PidsStats pids;
    IoStats io;
    std::map<std::string, HugetlbStats> hugetlb;  ///< by size, "2MB"
    std::optional<RdtStats> rdt;                  ///< of a container with intelRdt
};

/// Reads what there is; a file that is absent or damaged counts as zero.
[[nodiscard]] Stats read_stats(const Directories& directories);
/// The same of the container's groups in a resctrl file system; nothing if it has none.
[[nodiscard]] std::optional<RdtStats> read_rdt_stats(const plan::RdtPlace& place);

/// Tells when the OOM killer is called in the cgroup's memory controller.
class OomWatch {
 public:
    /// Errors: Unsupported without a memory controller.
    [[nodiscard]] static Result<OomWatch> open(const Directories& directories);
    /// To be polled for events(); then happened() says whether it was an OOM, and rearms.
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] short events() const noexcept;
    [[nodiscard]] bool happened();

 private:
    OomWatch(sys::Fd fd, std::string path, bool unified);

    sys::Fd fd_;
    std::string path_;
    bool unified_ = false;
    std::uint64_t seen_ = 0;
};

/// What the kernel is asked to tell of pressure: processes that stand still, some or all of them,
/// for so long in a time (Documentation/accounting/psi.rst, "Monitoring for pressure thresholds").
struct PressureTrigger {
    std::string resource;  ///< "cpu", "memory", "io"
    std::string kind;      ///< "some", "full"
    std::chrono::milliseconds stall;
    std::chrono::milliseconds window;
};
/// To be polled for POLLPRI; POLLERR is the end of the cgroup. Errors: Unsupported without a
/// cgroup v2.
[[nodiscard]] Result<sys::Fd> open_trigger(const Directories& directories,
                                           const PressureTrigger& trigger);

/// cgroup.events, to be polled for POLLPRI ("[Un]populated Notification", cgroup-v2.rst). Errors:
/// Unsupported without a cgroup v2.
[[nodiscard]] Result<sys::Fd> open_population(const Directories& directories);
/// Whether a process is in the cgroup or below it; reading is what rearms the poll.
[[nodiscard]] bool is_populated(const sys::Fd& population);

}  // namespace cleat::cgroup
