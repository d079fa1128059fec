// Room: cgroup. Device access rules and the v1 list made of them; pure functions.
#include "device_rules.hpp"

#include <algorithm>
#include <limits>

#include "cleat/base/text.hpp"

namespace cleat::cgroup {
namespace {

constexpr std::uint32_t kAllAccess = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;

Result<std::uint32_t> parse_access(std::string_view text) {
    if (text.empty()) return kAllAccess;
    std::uint32_t access = 0;
    for (const char letter : text) {
        if (letter == 'r')
            access |= BPF_DEVCG_ACC_READ;
        else if (letter == 'w')
            access |= BPF_DEVCG_ACC_WRITE;
        else if (letter == 'm')
            access |= BPF_DEVCG_ACC_MKNOD;
        else
            return fail(ErrorKind::InvalidConfig, concat("device access ", quoted(text),
                                                         " has letters other than r, w and m"));
    }
    return access;
}

/// Engines write -1 for all numbers, too.
Result<std::optional<std::uint32_t>> parse_device_number(
    const std::optional<std::int64_t>& number) {
    if (!number || *number < 0) return std::optional<std::uint32_t>{};
    if (*number > std::numeric_limits<std::uint32_t>::max())
        return fail(ErrorKind::InvalidConfig, concat("device number ", *number, " is too big"));
    return std::optional{static_cast<std::uint32_t>(*number)};
}

Result<std::string_view> parse_types(std::string_view type) {
    if (type.empty() || type == "a") return std::string_view("bc");
    if (type == "b" || type == "c") return type == "b" ? std::string_view("b") : "c";
    return fail(ErrorKind::InvalidConfig,
                concat("device type ", quoted(type), " is none of a, b and c"));
}

bool is_for_all(const DeviceSet& devices) {
    return !devices.major && !devices.minor && devices.access == kAllAccess;
}

bool covers(const std::optional<std::uint32_t>& outer, const std::optional<std::uint32_t>& inner) {
    return !outer || outer == inner;
}

/// Whether every device of `inner` is in `outer`.
bool covers(const DeviceSet& outer, const DeviceSet& inner) {
    return outer.type == inner.type && covers(outer.major, inner.major) &&
           covers(outer.minor, inner.minor);
}

bool meets(const std::optional<std::uint32_t>& one, const std::optional<std::uint32_t>& other) {
    return !one || !other || one == other;
}

/// Whether some device and access is in both.
bool meets(const DeviceSet& one, const DeviceSet& other) {
    return one.type == other.type && meets(one.major, other.major) &&
           meets(one.minor, other.minor) && (one.access & other.access) != 0;
}

void add_exception(DeviceList& list, const DeviceSet& devices) {
    for (DeviceSet& known : list.exceptions) {
        if (!covers(known, devices) || !covers(devices, known)) continue;
        known.access |= devices.access;
        return;
    }
    list.exceptions.push_back(devices);
}

/// The kernel removes an exception only by its very numbers.
Result<void> remove_exceptions(DeviceList& list, const DeviceSet& devices) {
    for (DeviceSet& known : list.exceptions) {
        if (!meets(known, devices)) continue;
        if (!covers(devices, known))
            return fail(ErrorKind::Unsupported,
                        concat("device rule for ", device_line(devices), " takes back a part of ",
                               device_line(known), ", which cgroup v1 cannot express"));
        known.access &= ~devices.access;
    }
    std::erase_if(list.exceptions, [](const DeviceSet& known) { return known.access == 0; });
    return {};
}

}  // namespace

Result<DevicePolicy> device_policy(const std::vector<spec::DeviceRule>& rules) {
    DevicePolicy policy;
    for (const auto& rule : rules) {
        const Verdict verdict = rule.allow ? Verdict::Allow : Verdict::Deny;
        const auto types = TRY(parse_types(rule.type));
        DeviceSet devices{.type = 'b',
                          .major = TRY(parse_device_number(rule.major)),
                          .minor = TRY(parse_device_number(rule.minor)),
                          .access = TRY(parse_access(rule.access))};
        if (types.size() > 1 && is_for_all(devices)) {
            policy = {.otherwise = verdict, .decisions = {}};
            continue;
        }
        for (const char type : types) {
            devices.type = type;
            policy.decisions.push_back({.verdict = verdict, .devices = devices});
        }
    }
    return policy;
}

Result<DeviceList> device_list(const DevicePolicy& policy) {
    DeviceList list{.otherwise = policy.otherwise, .exceptions = {}};
    for (const auto& decision : policy.decisions) {
        if (decision.verdict != list.otherwise)
            add_exception(list, decision.devices);
        else
            TRY(remove_exceptions(list, decision.devices));
    }
    return list;
}

std::string device_line(const DeviceSet& devices) {
    const auto number = [](const std::optional<std::uint32_t>& value) {
        return value ? concat(*value) : std::string("*");
    };
    std::string line =
        concat(devices.type, " ", number(devices.major), ":", number(devices.minor), " ");
    if ((devices.access & BPF_DEVCG_ACC_READ) != 0) line += 'r';
    if ((devices.access & BPF_DEVCG_ACC_WRITE) != 0) line += 'w';
    if ((devices.access & BPF_DEVCG_ACC_MKNOD) != 0) line += 'm';
    return line;
}

}  // namespace cleat::cgroup
