// Room: conformance. All subjects, in the order in which they are reported.
#include "cases.hpp"

#include <algorithm>
#include <array>

namespace cleat::conformance {

void unpack(const char* text, std::span<Case> cases) noexcept {
    const Case* before = nullptr;
    for (auto& one : cases) {
        one.level = *text++ == 'M' ? Level::Must : Level::Should;
        for (const auto member : kTexts) {
            one.*member = text == kSame ? before->*member : text;
            text += std::string_view(text).size() + 1;
        }
        before = &one;
    }
}

std::span<const Subject> subjects() noexcept {
    static const std::array kSubjects = {
        Subject{"spec", "State and operations", lifecycle_cases()},
        Subject{"spec", "The process", process_cases()},
        Subject{"spec", "Root, names and mounts", mounts_cases()},
        Subject{"spec", "Namespaces", namespaces_cases()},
        Subject{"spec", "Devices, parameters and paths", linux_cases()},
        Subject{"spec", "Seccomp", seccomp_cases()},
        Subject{"spec", "Control groups", cgroups_cases()},
        Subject{"spec", "Hooks", hooks_cases()},
        Subject{"spec", "Features", features_cases()},
        Subject{"engine", "What engines rely on", engine_cases()},
        Subject{"security", "What once was a vulnerability", security_cases()},
        Subject{"faults", "When things go wrong", faults_cases()},
    };
    return kSubjects;
}

const Case* find_case(std::string_view id) noexcept {
    for (const auto& subject : subjects())
        for (const auto& test : subject.cases)
            if (id == test.id) return &test;
    return nullptr;
}

}  // namespace cleat::conformance
