// Room: plan. What the two printers share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cleat/plan/steps.hpp"

namespace cleat::plan {

[[nodiscard]] std::string_view gate_name(Gate gate) noexcept;
[[nodiscard]] std::string_view hook_name(HookKind kind) noexcept;
[[nodiscard]] std::string_view root_change_name(RootChange how) noexcept;
/// "pid uts" for CLONE_NEW*.
[[nodiscard]] std::string namespace_names(std::uint64_t flags);

}  // namespace cleat::plan
