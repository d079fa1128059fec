// Room: cli. The program.
#pragma once

namespace cleat::cli {

/// The exit status of `argv`.
[[nodiscard]] int run(int argc, char** argv);

}  // namespace cleat::cli
