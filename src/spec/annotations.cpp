// Room: spec. The table of annotations that mean something; all others are the user's own, and
// never an error (config.md#annotations).
#include "cleat/spec/annotations.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "check.hpp"

namespace cleat::spec {
namespace {

/// What is wrong with the value; "" if nothing is.
using Complaint = std::string;

Complaint take_absolute(std::string_view value, std::string& path) {
    path = value;
    return value.starts_with('/') ? "" : concat(quoted(value), " must be an absolute path");
}

/// Any value but "0" turns the option on, as in crun.
Complaint take_switch(std::string_view value, bool& on) {
    on = value != "0";
    return {};
}

Complaint take_context_type(std::string_view value, Annotations& out) {
    constexpr std::array<std::string_view, 4> kTypes = {"context", "fscontext", "defcontext",
                                                        "rootcontext"};
    out.mount_context_type = value;
    if (std::ranges::find(kTypes, value) != kTypes.end()) return {};
    return concat(quoted(value), " is no type of context");
}

/// RFC 4648, section 4.
std::optional<std::vector<std::uint8_t>> decode_base64(std::string_view text) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr std::size_t kGroup = 4;
    constexpr unsigned kBits = 6;
    constexpr unsigned kByte = 8;
    if (text.size() % kGroup != 0) return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
    std::vector<std::uint8_t> bytes;
    std::uint32_t pending = 0;
    unsigned count = 0;
    for (const char c : text) {
        const auto digit = kAlphabet.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        pending = pending << kBits | static_cast<std::uint32_t>(digit);
        count += kBits;
        if (count < kByte) continue;
        count -= kByte;
        bytes.push_back(static_cast<std::uint8_t>(pending >> count & 0xFFU));
    }
    return bytes;
}

/// An array of struct sock_filter (seccomp(2)).
Complaint take_bpf(std::string_view value, Annotations& out) {
    constexpr std::size_t kInstruction = 8;
    constexpr std::size_t kMost = 4096;  // BPF_MAXINSNS
    auto program = decode_base64(value);
    if (!program) return "is not base64";
    if (program->empty() || program->size() % kInstruction != 0)
        return "is no list of BPF instructions";
    if (program->size() > kMost * kInstruction)
        return "has more instructions than the kernel takes";
    out.seccomp_bpf_data = *std::move(program);
    return {};
}

/// One or more names of cgroups below one another, or "" for none.
Complaint take_cgroup_below(std::string_view value, std::string& path) {
    path = value;
    if (value.empty()) return {};
    for (const auto part : split(value, '/'))
        if (part.empty() || part == "." || part == ".." || part.starts_with("cgroup."))
            return concat(quoted(value), " is not the path of a cgroup below another");
    return {};
}

Complaint refuse_unless_empty(std::string_view value, const char* why) {
    return value.empty() ? "" : why;
}

struct Known {
    std::string_view name;
    Complaint (*take)(std::string_view value, Annotations& out);
};

constexpr std::array kKnown = std::to_array<Known>({
    {"run.oci.mount_context_type", take_context_type},
    {"run.oci.seccomp.receiver",
     [](auto value, auto& out) { return take_absolute(value, out.seccomp_receiver); }},
    {"run.oci.seccomp.plugins",
     [](auto value, auto&) {
         return refuse_unless_empty(value, "cleat loads no code: a listener takes its place");
     }},
    {"run.oci.seccomp_fail_unknown_syscall",
     [](auto value, auto& out) { return take_switch(value, out.seccomp_fail_unknown_syscall); }},
    {"run.oci.seccomp_bpf_data", take_bpf},
    {"run.oci.keep_original_groups",
     [](auto value, auto& out) { return take_switch(value, out.keep_original_groups); }},
    {"run.oci.pidfd_receiver",
     [](auto value, auto& out) { return take_absolute(value, out.pidfd_receiver); }},
    {"run.oci.systemd.force_cgroup_v1",
     [](auto value, auto& out) { return take_absolute(value, out.force_cgroup_v1); }},
    {"run.oci.systemd.subgroup",
     [](auto value, auto& out) { return take_cgroup_below(value, out.systemd_subgroup); }},
    {"run.oci.delegate-cgroup",
     [](auto value, auto& out) { return take_cgroup_below(value, out.delegate_cgroup); }},
    {"run.oci.hooks.stdout",
     [](auto value, auto& out) { return take_absolute(value, out.hooks_stdout); }},
    {"run.oci.hooks.stderr",
     [](auto value, auto& out) { return take_absolute(value, out.hooks_stderr); }},
    {"run.oci.handler",
     [](auto value, auto&) {
         return refuse_unless_empty(value, "cleat has no handlers, it executes the process itself");
     }},
});

const Known* find_known(std::string_view name) {
    const auto found = std::ranges::find(kKnown, name, &Known::name);
    return found == kKnown.end() ? nullptr : &*found;
}

}  // namespace

void check_annotations(const Spec& spec, Complaints& complaints) {
    Annotations ignored;
    for (const auto& [name, value] : spec.annotations) {
        const std::string pointer = pointer_push("/annotations", name);
        if (name.empty()) complaints.add(pointer, "the key of an annotation must not be empty");
        const auto* known = find_known(name);
        if (known == nullptr) continue;
        if (auto complaint = known->take(value, ignored); !complaint.empty())
            complaints.add(pointer, std::move(complaint));
    }
    const auto is_there = [&](const Mount& mount) {
        return normal_path(mount.destination) == normal_path(ignored.force_cgroup_v1);
    };
    if (!ignored.force_cgroup_v1.empty() && std::ranges::none_of(spec.mounts, is_there))
        complaints.add("/annotations/run.oci.systemd.force_cgroup_v1",
                       concat("no mount has the destination ", ignored.force_cgroup_v1));
}

Annotations read_annotations(const std::map<std::string, std::string>& annotations) {
    Annotations out;
    for (const auto& [name, value] : annotations)
        if (const auto* known = find_known(name)) known->take(value, out);
    return out;
}

std::vector<std::string_view> known_annotations() {
    std::vector<std::string_view> names;
    for (const auto& known : kKnown) names.push_back(known.name);
    return names;
}

std::string_view listener_path(const Seccomp& seccomp, const Annotations& annotations) {
    return seccomp.listener_path.empty() ? annotations.seccomp_receiver : seccomp.listener_path;
}

Seccomp with_receiver(Seccomp seccomp, const Annotations& annotations) {
    seccomp.listener_path = listener_path(seccomp, annotations);
    return seccomp;
}

}  // namespace cleat::spec
