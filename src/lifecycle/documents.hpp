// Room: lifecycle. A document besides those that others see (lifecycle.hpp, container.hpp).
#pragma once

#include <string>
#include <vector>

namespace cleat::lifecycle {

/// An array of texts (JSON).
[[nodiscard]] std::string strings_json(const std::vector<std::string>& texts);

}  // namespace cleat::lifecycle
