// Room: conformance. The program's other parts: it is its own probe in the container, its own hook,
// and runs each case in a process of its own.
#pragma once

#include <string>
#include <vector>

namespace cleat::conformance {

/// The first argument of a process that plays a part; the second names the part.
inline constexpr const char* kPart = "--conformance-part";

/// In the container: prints facts() with "did", what came of each act ("read:/etc/passwd"), as one
/// line of JSON; then does what the last act says ("wait", "exit:3").
[[nodiscard]] int probe(const std::vector<std::string>& acts,
                        const std::vector<std::string>& arguments);

/// As a hook: appends a line to `words[0]` with its name `words[1]`, what came on standard input,
/// and where it is; then does the acts that follow.
[[nodiscard]] int hook(const std::vector<std::string>& words);

/// CONDITION… -- PROGRAM WORD…: becomes a program that starts under them. "nofile:N" and "fsize:N"
/// are limits (setrlimit(2)), hard ones too; "groups:ID": that group alone, for root;
/// "env:NAME=VALUE": one variable more; "closed": there are no standard streams; "unread": nobody
/// reads what it prints, and the pipe is broken. "umask:N", "nice:N", "oom:N" (oom_score_adj),
/// "ignore:SIGNAL", "block:SIGNAL", "descriptor:N" (open) and "affinity:PROCESSOR" are inherited.
[[nodiscard]] int under(const std::vector<std::string>& words);

}  // namespace cleat::conformance
