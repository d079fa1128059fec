// Room: cli. From the structs that the command line fills to those that the verbs of lifecycle
// take.
#pragma once

#include <string>
#include <vector>

#include "arguments.hpp"
#include "cleat/base/error.hpp"
#include "cleat/conformance/conformance.hpp"
#include "cleat/lifecycle/lifecycle.hpp"

namespace cleat::cli {

/// Fails if the id is not one.
[[nodiscard]] Result<lifecycle::CreateOptions> options_of(const CreateArguments& arguments);
[[nodiscard]] Result<lifecycle::ExecOptions> options_of(const ExecArguments& arguments);

/// Fails if nothing could be done at once, or in no time.
[[nodiscard]] Result<conformance::Options> options_of(const ConformanceArguments& arguments);
[[nodiscard]] Result<conformance::DiffOptions> diff_options_of(
    const ConformanceArguments& arguments);

/// linux.resources as JSON: what --resources names ("-": standard input), or what the flags say.
/// Fails if both are given, or the file cannot be read.
[[nodiscard]] Result<std::string> read_resources(const UpdateArguments& arguments);

/// The lines for resctrl's schemata that are given.
[[nodiscard]] std::vector<std::string> schemata_of(const UpdateArguments& arguments);

}  // namespace cleat::cli
