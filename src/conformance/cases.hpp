// Room: conformance. The tables of cases, a file for each subject.
#pragma once

#include <span>

#include "case.hpp"

namespace cleat::conformance {

inline constexpr Level kMust = Level::Must;
inline constexpr Level kShould = Level::Should;

[[nodiscard]] std::span<const Case> lifecycle_cases() noexcept;
[[nodiscard]] std::span<const Case> process_cases() noexcept;
[[nodiscard]] std::span<const Case> mounts_cases() noexcept;
[[nodiscard]] std::span<const Case> namespaces_cases() noexcept;
[[nodiscard]] std::span<const Case> linux_cases() noexcept;
[[nodiscard]] std::span<const Case> seccomp_cases() noexcept;
[[nodiscard]] std::span<const Case> hooks_cases() noexcept;
[[nodiscard]] std::span<const Case> cgroups_cases() noexcept;
[[nodiscard]] std::span<const Case> features_cases() noexcept;
[[nodiscard]] std::span<const Case> engine_cases() noexcept;
[[nodiscard]] std::span<const Case> security_cases() noexcept;
[[nodiscard]] std::span<const Case> faults_cases() noexcept;

}  // namespace cleat::conformance
