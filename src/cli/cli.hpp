// Room: cli. The program.
#pragma once

#include "cleat/lifecycle/lifecycle.hpp"

namespace cleat::cli {

/// The exit status of `argv`.
[[nodiscard]] int run(int argc, char** argv);

/// What this binary is.
[[nodiscard]] lifecycle::Build build();

}  // namespace cleat::cli
