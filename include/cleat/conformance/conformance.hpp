// Room: conformance (layer 5). Judges any OCI runtime from outside: black-box cases, each with the
// clause of the specification that it tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cleat/base/error.hpp"

namespace cleat::conformance {

enum class Format { Tap, JUnit, Html };

struct Options {
    std::vector<std::string> runtimes;  ///< paths, or names to look up in PATH
    std::string filter;                 ///< a part of an id or a clause; all if empty
    std::vector<std::string> known;     ///< ids of cases whose failure is known
    std::string suite = "spec";         ///< spec, engine, security, faults or all
    Format format = Format::Tap;
    std::string file;  ///< where the report goes; standard output if empty
    std::uint32_t parallel = 1;
    std::chrono::seconds limit{10};  ///< for one call of a runtime
};

/// Runs the cases and writes the report. True if no MUST was broken. Errors: InvalidArgument, if
/// there is nothing to run, or a runtime cannot be executed.
[[nodiscard]] Result<bool> judge(const Options& options);

/// The differential mode: random configurations under several runtimes.
struct DiffOptions {
    std::string runtime;             ///< the judged one; this program if empty
    std::vector<std::string> peers;  ///< those it is compared with
    std::uint32_t seed = 0;
    std::uint32_t count = 100;
    std::chrono::seconds time{0};    ///< the run ends after this time; 0: no limit
    std::chrono::seconds limit{10};  ///< for one call of a runtime
};

/// Runs random configurations under all runtimes and compares what is seen of the containers;
/// prints each unexplained difference with the smallest configuration that shows it. True if there
/// is none. Errors: InvalidArgument, if a runtime cannot be executed.
[[nodiscard]] Result<bool> diff(const DiffOptions& options);

/// The cases that `options` choose, one a line: id, level, clause, title. Errors: InvalidArgument,
/// if there is none.
[[nodiscard]] Result<std::string> list_cases(const Options& options);

/// Whether the process was started as a part of a case: by the argument that no user types.
[[nodiscard]] bool is_part(int argc, char** argv) noexcept;
/// What such a process does; its exit status. Called before anything of the process is changed.
[[nodiscard]] int play_part(int argc, char** argv);

}  // namespace cleat::conformance
