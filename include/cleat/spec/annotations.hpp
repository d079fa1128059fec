// Room: spec (layer 1, pure). Annotations of config.json that ask a runtime for something which the
// specification has no property for. Their names and meanings are crun's, which engines know.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cleat/spec/config.hpp"

namespace cleat::spec {

struct Annotations {
    std::string mount_context_type = "context";  ///< the mount option that mountLabel goes into
    std::string seccomp_receiver;                ///< a listenerPath, if the profile has none
    bool seccomp_fail_unknown_syscall = false;
    std::vector<std::uint8_t> seccomp_bpf_data;  ///< the filter, instead of linux.seccomp's rules
    bool keep_original_groups = false;           ///< no setgroups(2)
    std::string pidfd_receiver;                  ///< a socket that the pidfd of init is sent to
    std::string hooks_stdout;                    ///< files that hooks append to; "" for none
    std::string hooks_stderr;
    std::string systemd_subgroup;  ///< the container's cgroup is this one below its scope
    std::string delegate_cgroup;   ///< the process is in this one below the container's cgroup
    std::string force_cgroup_v1;   ///< the destination of a mount that is to be systemd's hierarchy
};

/// What the annotations of a checked config.json ask for.
[[nodiscard]] Annotations read_annotations(const std::map<std::string, std::string>& annotations);

/// The names that read_annotations() knows, those that are refused among them.
[[nodiscard]] std::vector<std::string_view> known_annotations();

/// The listener of a profile: its own, or else the one that an annotation names.
[[nodiscard]] std::string_view listener_path(const Seccomp& seccomp,
                                             const Annotations& annotations);
/// The profile with that.
[[nodiscard]] Seccomp with_receiver(Seccomp seccomp, const Annotations& annotations);

}  // namespace cleat::spec
