// Room: cli. The command line, read in two steps: what comes before the command, then its own
// flags. Only the options of the command that is named are ever built.
#pragma once

#include <string>
#include <vector>

#include "arguments.hpp"
#include "cleat/base/error.hpp"

namespace cleat::cli {

struct Beginning {
    Globals globals;
    bool version = false;
    std::string help;               ///< to be shown instead of anything else
    std::vector<std::string> rest;  ///< the command and what follows
};

/// Errors: InvalidArgument.
[[nodiscard]] Result<Beginning> parse_globals(const std::vector<std::string>& args);

/// `rest` begins with the command's name. Errors: InvalidArgument.
[[nodiscard]] Result<Arguments> parse_command(const std::vector<std::string>& rest);

}  // namespace cleat::cli
