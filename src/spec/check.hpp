// Room: spec. The rules that need nothing but the document, one small function each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/text.hpp"
#include "cleat/spec/decode.hpp"

namespace cleat::spec {

/// Where the decoder and the checks say what is wrong. A document of megabytes may be wrong a
/// million times; nobody reads that, so beyond the first problems it is only said that there are
/// more.
class Complaints {
 public:
    static constexpr std::size_t kUsual = 32;
    explicit Complaints(std::size_t most = kUsual) : most_(most) {}
    void add(std::string pointer, std::string message) {
        add({.severity = Severity::Error,
             .pointer = std::move(pointer),
             .message = std::move(message),
             .position = {}});
    }
    /// The specification lets it pass, cleat does not.
    void add_own(std::string pointer, std::string message) {
        add({.severity = Severity::Error,
             .pointer = std::move(pointer),
             .message = std::move(message),
             .position = {},
             .ground = Ground::Cleat});
    }
    void add(Problem problem) {
        if (problems_.size() < most_)
            problems_.push_back(std::move(problem));
        else if (problems_.size() == most_)
            problems_.push_back({.severity = problem.severity,
                                 .pointer = std::move(problem.pointer),
                                 .message = "this is wrong, too, and maybe more",
                                 .position = problem.position});
    }
    /// Nothing more is taken.
    [[nodiscard]] bool closed() const { return problems_.size() > most_; }
    [[nodiscard]] std::vector<Problem> take() { return std::move(problems_); }

 private:
    std::size_t most_;
    std::vector<Problem> problems_;
};

// check_process.cpp
void check_process(const Process& process, std::string_view pointer, Complaints& complaints);
// check_mounts.cpp
void check_mounts(const std::vector<Mount>& mounts, std::string_view pointer,
                  Complaints& complaints);
// check_linux.cpp
void check_linux(const Spec& spec, Complaints& complaints);
// check_ids.cpp
void check_id_mappings(const std::vector<IdMapping>& mappings, const std::string& pointer,
                       Complaints& complaints);
/// The user namespace, its maps, and whether the process's user is in them.
void check_user_namespace(const Spec& spec, Complaints& complaints);
void check_intel_rdt(const IntelRdt& rdt, Complaints& complaints);
// check_sysctl.cpp
void check_sysctl(const Spec& spec, Complaints& complaints);
// check_resources.cpp
void check_resources(const Resources& resources, std::string_view pointer, Complaints& complaints);
// check_seccomp.cpp
/// `listener` stands for its listenerPath (listener_path()).
void check_seccomp(const Seccomp& seccomp, std::string_view listener, Complaints& complaints);
// annotations.cpp
void check_annotations(const Spec& spec, Complaints& complaints);
// check_config.cpp
/// Those rules that look at one part of the config alone.
void check_parts(const Spec& spec, Complaints& complaints);
void check_config(const Spec& spec, Complaints& complaints);

/// "0-3,7", the kernel's form of a set of CPUs or memory nodes (cpuset(7), "List format").
[[nodiscard]] bool is_number_list(std::string_view text);
[[nodiscard]] const Namespace* find_namespace(const Spec& spec, NamespaceType type);

}  // namespace cleat::spec
