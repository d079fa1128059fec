// Room: cli. `validate` and `audit`: what is read, how it is shown, and the exit status.
#pragma once

#include "arguments.hpp"
#include "cleat/base/error.hpp"

namespace cleat::cli {

/// 0: nothing is wrong; 1: something is; 2: something could not be read, which is reported.
[[nodiscard]] Result<int> validate(const ValidateArguments& arguments);

/// 0: nothing is as bad as --fail-on says; 1: something is; 2: something could not be read, or is
/// no configuration that there could be a container of, which is reported.
[[nodiscard]] Result<int> audit(const AuditArguments& arguments);

}  // namespace cleat::cli
