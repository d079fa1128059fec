// Room: spec. Rules of /linux/resources (config-linux.md#control-groups).
#include <algorithm>

#include "check.hpp"

namespace cleat::spec {
namespace {

class ResourcesCheck {
 public:
    ResourcesCheck(const Resources& resources, std::string_view pointer, Complaints& complaints)
        : resources_(resources), pointer_(pointer), complaints_(complaints) {}

    void run() {
        for (std::size_t i = 0; i < resources_.devices.size(); ++i)
            device(resources_.devices[i], concat("/devices/", i));
        if (resources_.memory) memory(*resources_.memory);
        if (resources_.cpu) cpu(*resources_.cpu);
        if (resources_.pids && resources_.pids->limit && *resources_.pids->limit < -1)
            add("/pids/limit", "must be -1 or more");
        if (resources_.block_io) block_io(*resources_.block_io);
        for (std::size_t i = 0; i < resources_.hugepage_limits.size(); ++i)
            page_size(resources_.hugepage_limits[i], concat("/hugepageLimits/", i, "/pageSize"));
        if (resources_.network)
            for (std::size_t i = 0; i < resources_.network->priorities.size(); ++i)
                name(resources_.network->priorities[i].name,
                     concat("/network/priorities/", i, "/name"));
        for (const auto& [device, limits] : resources_.rdma) {
            name(device, pointer_push("/rdma", device));
            if (!limits.hca_handles && !limits.hca_objects)
                add(pointer_push("/rdma", device), "needs hcaHandles or hcaObjects");
        }
        for (const auto& [file, value] : resources_.unified)
            if (file.empty() || file.find('/') != std::string::npos || file == "." || file == "..")
                add(pointer_push("/unified", file),
                    concat(quoted(file), " is no file of a cgroup"));
    }

 private:
    void add(std::string_view where, std::string message) {
        complaints_.add(concat(pointer_, where), std::move(message));
    }

    void device(const DeviceRule& rule, const std::string& where) {
        if (!rule.type.empty() && rule.type != "a" && rule.type != "b" && rule.type != "c")
            add(where + "/type", concat("unknown device type ", quoted(rule.type)));
        if (rule.access.empty() || rule.access.find_first_not_of("rwm") != std::string::npos)
            add(where + "/access",
                concat("device access ", quoted(rule.access), " is not of r, w and m"));
        if (rule.major.value_or(0) < -1) add(where + "/major", "must be -1 or more");
        if (rule.minor.value_or(0) < -1) add(where + "/minor", "must be -1 or more");
    }

    /// Goes into a line of a cgroup's file, where blanks separate.
    void name(std::string_view text, std::string_view where) {
        if (text.empty() || text.find_first_of(" \t\n") != std::string_view::npos)
            add(where, concat(quoted(text), " is no name of a device"));
    }

    void amount(const std::optional<std::int64_t>& value, std::string_view name) {
        if (value && *value < -1) add(name, "must be -1 (no limit) or more");
    }

    void memory(const Memory& memory) {
        amount(memory.limit, "/memory/limit");
        amount(memory.reservation, "/memory/reservation");
        amount(memory.swap, "/memory/swap");
        amount(memory.kernel, "/memory/kernel");
        amount(memory.kernel_tcp, "/memory/kernelTCP");
        if (memory.swappiness && *memory.swappiness > 100 && *memory.swappiness != UINT64_MAX)
            add("/memory/swappiness", "must be 0 to 100");
        const auto limit = memory.limit.value_or(0);
        const auto swap = memory.swap.value_or(0);
        if (swap > 0 && limit > swap)
            add("/memory/swap", "is memory and swap together, so it must not be less than limit");
        if (swap > 0 && limit < 0) add("/memory/swap", "needs a memory limit");
    }

    void cpu(const Cpu& cpu) {
        constexpr std::uint64_t kMinPeriod = 1000;  // sched-bwc.rst: 1 ms to 1 s
        constexpr std::uint64_t kMaxPeriod = 1000000;
        const auto period = cpu.period.value_or(0);
        if (period != 0 && (period < kMinPeriod || period > kMaxPeriod))
            add("/cpu/period", "must be 1000 to 1000000 microseconds");
        if (cpu.quota && *cpu.quota < -1) add("/cpu/quota", "must be -1 (no limit) or more");
        if (cpu.idle && (*cpu.idle < 0 || *cpu.idle > 1)) add("/cpu/idle", "must be 0 or 1");
        list(cpu.cpus, "/cpu/cpus");
        list(cpu.mems, "/cpu/mems");
    }

    void list(const std::string& text, std::string_view where) {
        if (text.find_first_not_of("0123456789,- \n") != std::string::npos)
            add(where, concat(quoted(text), " is no list such as 0-3,7"));
    }

    void weight(const std::optional<std::uint16_t>& weight, const std::string& where) {
        if (weight.value_or(0) != 0 && (*weight < 10 || *weight > 1000))
            add(where, "blockIO weight must be 10 to 1000");
    }

    template <class Entry>
    void numbers(const std::vector<Entry>& entries, std::string_view name) {
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (entries[i].major < 0) add(concat(name, "/", i, "/major"), "must be 0 or more");
            if (entries[i].minor < 0) add(concat(name, "/", i, "/minor"), "must be 0 or more");
        }
    }

    void block_io(const BlockIo& io) {
        numbers(io.weight_device, "/blockIO/weightDevice");
        numbers(io.throttle_read_bps_device, "/blockIO/throttleReadBpsDevice");
        numbers(io.throttle_write_bps_device, "/blockIO/throttleWriteBpsDevice");
        numbers(io.throttle_read_iops_device, "/blockIO/throttleReadIOPSDevice");
        numbers(io.throttle_write_iops_device, "/blockIO/throttleWriteIOPSDevice");
        weight(io.weight, "/blockIO/weight");
        weight(io.leaf_weight, "/blockIO/leafWeight");
        for (std::size_t i = 0; i < io.weight_device.size(); ++i) {
            if (!io.weight_device[i].weight && !io.weight_device[i].leaf_weight)
                add(concat("/blockIO/weightDevice/", i), "needs weight or leafWeight");
            weight(io.weight_device[i].weight, concat("/blockIO/weightDevice/", i, "/weight"));
            weight(io.weight_device[i].leaf_weight,
                   concat("/blockIO/weightDevice/", i, "/leafWeight"));
        }
    }

    /// A power of two with its unit, as /sys/kernel/mm/hugepages and the controller name it.
    void page_size(const HugepageLimit& limit, const std::string& where) {
        const std::string_view text = limit.page_size;
        const auto unit = text.find_first_not_of("0123456789");
        const auto number = parse_number<std::uint64_t>(text.substr(0, unit));
        const auto suffix = unit == std::string_view::npos ? "" : text.substr(unit);
        const bool known = suffix == "KB" || suffix == "MB" || suffix == "GB";
        if (!number || !known || *number == 0 || (*number & (*number - 1)) != 0)
            add(where, concat("unknown hugepage pageSize ", quoted(text), ", it is such as 2MB"));
    }

    const Resources& resources_;
    std::string_view pointer_;
    Complaints& complaints_;
};

}  // namespace

void check_resources(const Resources& resources, std::string_view pointer, Complaints& complaints) {
    ResourcesCheck(resources, pointer, complaints).run();
}

}  // namespace cleat::spec
