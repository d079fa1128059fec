// Room: conformance. The runtimes of a run, the directory in which it works, and its progress.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cleat/base/error.hpp"
#include "verdict.hpp"

namespace cleat::conformance {

/// A runtime by its path or its name in PATH. Errors: InvalidArgument, if it cannot be executed.
[[nodiscard]] Result<Judged> look_at(const std::string& name);

/// Two runtimes of one file name are told apart by a number.
void name_apart(std::vector<Judged>& runtimes);

/// Shows on a terminal how far the work is; prints nothing to a pipe.
void show_progress(std::size_t done, std::size_t all, const std::string& what);

/// A directory with a copy of this program in it. The runtime cannot change the original.
class Workshop {
 public:
    [[nodiscard]] static Result<Workshop> make();
    Workshop(Workshop&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    Workshop(const Workshop&) = delete;
    Workshop& operator=(const Workshop&) = delete;
    Workshop& operator=(Workshop&&) = delete;
    ~Workshop();
    [[nodiscard]] std::string probe() const { return path_ + "/probe"; }
    [[nodiscard]] const std::string& path() const { return path_; }

 private:
    explicit Workshop(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

}  // namespace cleat::conformance
