// Room: spec. The rules that need nothing but the document, one small function each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/text.hpp"
#include "cleat/spec/decode.hpp"

namespace cleat::spec {

/// Where the checks say what is wrong.
class Complaints {
 public:
    void add(std::string pointer, std::string message) {
        problems_.push_back({.severity = Severity::Error,
                             .pointer = std::move(pointer),
                             .message = std::move(message),
                             .position = {}});
    }
    [[nodiscard]] std::vector<Problem> take() { return std::move(problems_); }

 private:
    std::vector<Problem> problems_;
};

// check_process.cpp
void check_process(const Process& process, std::string_view pointer, Complaints& complaints);
// check_mounts.cpp
void check_mounts(const Spec& spec, Complaints& complaints);
// check_linux.cpp
void check_linux(const Spec& spec, Complaints& complaints);
void check_id_mappings(const std::vector<IdMapping>& mappings, const std::string& pointer,
                       Complaints& complaints);
// check_sysctl.cpp
void check_sysctl(const Spec& spec, Complaints& complaints);
// check_resources.cpp
void check_resources(const Resources& resources, std::string_view pointer, Complaints& complaints);
// check_seccomp.cpp
void check_seccomp(const Seccomp& seccomp, Complaints& complaints);
// check_config.cpp
void check_config(const Spec& spec, Complaints& complaints);

[[nodiscard]] const Namespace* find_namespace(const Spec& spec, NamespaceType type);

}  // namespace cleat::spec
