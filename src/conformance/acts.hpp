// Room: conformance. Small things that the probe is told to do, each written as "verb:argument:…".
#pragma once

#include <string>

#include "value.hpp"

namespace cleat::conformance {

/// What came of it: "ok", the name of an errno, or what was asked for.
[[nodiscard]] Value act(const std::string& words);

}  // namespace cleat::conformance
