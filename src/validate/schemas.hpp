// Room: validate. The schemas of config-schema/, made into one source when cleat is built.
#pragma once

#include <string_view>

namespace cleat::validate {

[[nodiscard]] std::string_view config_schema() noexcept;
[[nodiscard]] std::string_view state_schema() noexcept;
[[nodiscard]] std::string_view features_schema() noexcept;

}  // namespace cleat::validate
