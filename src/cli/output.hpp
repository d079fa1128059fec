// Room: cli. What goes to standard output.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/lifecycle/lifecycle.hpp"

namespace cleat::cli {

/// Errors: System, when standard output takes no more.
[[nodiscard]] Result<void> print(std::string_view text);

/// Columns as wide as their widest cell, at least three spaces between them.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows);

/// ID PID STATUS BUNDLE CREATED OWNER.
[[nodiscard]] std::string list_table(const std::vector<lifecycle::View>& views);
/// The state documents as one array on one line.
[[nodiscard]] std::string list_json(const std::vector<lifecycle::View>& views);
[[nodiscard]] std::string list_ids(const std::vector<lifecycle::View>& views);

/// UID PID PPID CMD of processes, as /proc tells them; who ended meanwhile is left out.
[[nodiscard]] std::string process_table(const std::vector<pid_t>& pids);
/// Those lines of ps(1) that are about the processes, and the first, by its column PID. Errors:
/// InvalidArgument, when there is none.
[[nodiscard]] Result<std::string> process_lines(std::string_view listing,
                                                const std::vector<pid_t>& pids);
[[nodiscard]] std::string process_json(const std::vector<pid_t>& pids);

}  // namespace cleat::cli
