// Room: plan. Names in /process and /linux/personality to the kernel's numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cleat/base/error.hpp"
#include "cleat/spec/config.hpp"

namespace cleat::plan {

/// RLIMIT_* (setrlimit(2)); nullopt for a name that Linux does not have.
[[nodiscard]] std::optional<int> rlimit_number(std::string_view name) noexcept;
[[nodiscard]] std::string rlimit_name(int resource);

/// The persona for personality(2). Errors name /linux/personality/….
[[nodiscard]] Result<std::uint64_t> persona(const spec::Personality& personality);

}  // namespace cleat::plan
