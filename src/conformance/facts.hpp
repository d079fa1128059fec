// Room: conformance. What a process can find out about itself, inside a container or outside.
#pragma once

#include <string>
#include <vector>

#include "value.hpp"

namespace cleat::conformance {

/// Ids, groups, capabilities, namespaces, mounts, limits, scheduling and so on, as one object. A
/// mount is named by its place without the first slash and with ":" for the others; "" is "/".
[[nodiscard]] Value facts(const std::vector<std::string>& arguments);

/// Type, mode (octal), owner, device numbers, target of a link; {"errno": NAME} if there is
/// nothing.
[[nodiscard]] Value file_facts(const std::string& path);

/// The namespaces of a process: {"net": "net:[4026531840]", …}.
[[nodiscard]] Value namespaces_of(const std::string& process);

/// Mounts as facts() has them, of a text like /proc/self/mountinfo.
[[nodiscard]] Value mounts_in(std::string_view mountinfo);

/// A file's text without line breaks at the end, or "" if it cannot be read.
[[nodiscard]] std::string content_of(const std::string& path);
/// The line of /proc/PID/status that begins with `name` and a colon, without them.
[[nodiscard]] std::string status_line(const std::string& process, std::string_view name);

}  // namespace cleat::conformance
