// Room: cli. `validate`: what is read, how it is shown, and the exit status.
#pragma once

#include "arguments.hpp"
#include "cleat/base/error.hpp"

namespace cleat::cli {

/// 0: nothing is wrong; 1: something is; 2: something could not be read, which is reported.
[[nodiscard]] Result<int> validate(const ValidateArguments& arguments);

}  // namespace cleat::cli
