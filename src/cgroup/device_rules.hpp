// Room: cgroup. Device access rules as both kernels' interfaces need them; pure functions.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/spec/config.hpp"

namespace cleat::cgroup {

enum class Verdict { Deny, Allow };

/// A set of devices ("c" or "b", no number: all numbers) and of accesses (BPF_DEVCG_ACC_*).
struct DeviceSet {
    char type = 'c';
    std::optional<std::uint32_t> major = {};
    std::optional<std::uint32_t> minor = {};
    std::uint32_t access = 0;
    bool operator==(const DeviceSet&) const = default;
};

struct DeviceDecision {
    Verdict verdict = Verdict::Deny;
    DeviceSet devices;
};

/// What is to be decided of one device and access: each access bit by the last decision that has
/// it; `otherwise` if there is none. A request is granted if all its bits are.
struct DevicePolicy {
    Verdict otherwise = Verdict::Deny;
    std::vector<DeviceDecision> decisions;
};

/// The rules of config.json (config-linux.md, "Allowed Device list") without what a later rule for
/// all devices makes void. Errors: InvalidConfig.
[[nodiscard]] Result<DevicePolicy> device_policy(const std::vector<spec::DeviceRule>& rules);

/// The v1 controller's own form: a default and exceptions to it (devices.rst).
struct DeviceList {
    Verdict otherwise = Verdict::Deny;
    std::vector<DeviceSet> exceptions;
};
/// Errors: Unsupported for a rule that takes away a part of what an earlier one gives. The kernel
/// would take such a line and do nothing.
[[nodiscard]] Result<DeviceList> device_list(const DevicePolicy& policy);

/// "c 1:* rw", as devices.allow wants it.
[[nodiscard]] std::string device_line(const DeviceSet& devices);

/// A program of type BPF_PROG_TYPE_CGROUP_DEVICE that gives 1 for what is granted, else 0.
[[nodiscard]] std::vector<::bpf_insn> device_program(const DevicePolicy& policy);

}  // namespace cleat::cgroup
