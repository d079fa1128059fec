// Room: plan. Capabilities (capabilities(7)).
#include "capabilities.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "cleat/base/text.hpp"

namespace cleat::plan {
namespace {

// <linux/capability.h>; the index is the number.
constexpr std::array kNames = std::to_array<std::string_view>({
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
});

/// A set of config.json, and the bits that it may have.
struct Grant {
    const std::vector<std::string>& names;
    std::string pointer;
    std::uint64_t limit;
    std::string_view why_not;  ///< why a bit beyond the limit is not granted
};

std::optional<std::uint64_t> bit_of(std::string_view name) {
    const auto found = std::ranges::find(kNames, name);
    if (found == kNames.end()) return std::nullopt;
    return std::uint64_t{1} << static_cast<unsigned>(found - kNames.begin());
}

std::uint64_t grant(const Grant& request, std::vector<spec::Problem>& warnings) {
    std::uint64_t granted = 0;
    for (std::size_t i = 0; i < request.names.size(); ++i) {
        const auto& name = request.names[i];
        const auto bit = bit_of(name);
        if (bit && (*bit & request.limit) != 0) {
            granted |= *bit;
            continue;
        }
        warnings.push_back({.severity = spec::Severity::Warning,
                            .pointer = pointer_push(request.pointer, i),
                            .message = concat(quoted(name), " is not granted: ",
                                              bit ? request.why_not : "no such capability"),
                            .position = {}});
    }
    return granted;
}

}  // namespace

CapabilitySets grant_capabilities(const spec::Capabilities& wanted, std::uint64_t available,
                                  std::string_view pointer, std::vector<spec::Problem>& warnings) {
    constexpr std::string_view kUnavailable = "cleat does not have it itself";
    const auto take = [&](const std::vector<std::string>& names, std::string_view set,
                          std::uint64_t limit, std::string_view why_not) {
        return grant({names, pointer_push(pointer, set), limit, why_not}, warnings);
    };
    // What the kernel would refuse as a whole is refused here one by one (capabilities(7),
    // "Programmatically adjusting capability sets").
    CapabilitySets granted;
    auto& sets = granted.sets;
    granted.bounding = take(wanted.bounding, "bounding", available, kUnavailable);
    sets.permitted = take(wanted.permitted, "permitted", available, kUnavailable);
    sets.effective =
        take(wanted.effective, "effective", sets.permitted, "it is not in the permitted set");
    sets.inheritable =
        take(wanted.inheritable, "inheritable", granted.bounding, "it is not in the bounding set");
    sets.ambient = take(wanted.ambient, "ambient", sets.permitted & sets.inheritable,
                        "it is not in both the permitted and the inheritable set");
    return granted;
}

std::uint64_t all_capabilities(int last) noexcept {
    constexpr int kBits = 64;
    if (last >= kBits - 1) return ~std::uint64_t{0};
    return (std::uint64_t{1} << static_cast<unsigned>(last + 1)) - 1;
}

std::string capability_names(std::uint64_t set) {
    std::vector<std::string> names;
    for (std::size_t number = 0; number < 64; ++number) {
        if ((set >> number & 1U) == 0) continue;
        names.push_back(number < kNames.size() ? std::string(kNames[number]) : concat(number));
    }
    return names.empty() ? "none" : join(names, " ");
}

}  // namespace cleat::plan
