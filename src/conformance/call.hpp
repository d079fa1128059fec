// Room: conformance. One call of a program, within bounded time.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "spawn.hpp"

namespace cleat::conformance {

struct Call {
    std::vector<std::string> words;
    std::chrono::milliseconds limit;
    std::string in = {};  ///< standard input; /dev/null if empty
    int out = -1;         ///< where standard output and error go, if they are not wanted back
    int err = -1;
    std::optional<std::vector<std::string>> env = {};
    int extra = -1;
};

struct Ended {
    int status = 0;     ///< exit code, or 128 + a signal
    bool hung = false;  ///< it had to be killed
    std::string out = {};
    std::string err = {};
};

/// Errors: System, if the program cannot be executed.
[[nodiscard]] Result<Ended> call(Children& children, const Call& what);

/// A file in memory that holds a text, at its beginning.
[[nodiscard]] Result<sys::Fd> file_with(const std::string& content);

}  // namespace cleat::conformance
