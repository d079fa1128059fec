// Room: base (layer 0, pure). Strong types for the numbers and names that must not be mixed up.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "cleat/base/error.hpp"

namespace cleat {

/// A user id as the kernel has it; 4294967295 is "no user" and never a valid value.
struct Uid {
    std::uint32_t value = 0;
    auto operator<=>(const Uid&) const = default;
};

/// A group id as the kernel has it; 4294967295 is "no group" and never a valid value.
struct Gid {
    std::uint32_t value = 0;
    auto operator<=>(const Gid&) const = default;
};

/// A signal number, 0 to 64.
struct Signal {
    int number = 0;
    auto operator<=>(const Signal&) const = default;
};

/// Reads "9", "KILL", "SIGKILL" or "RTMIN+3" (any case). Errors: InvalidArgument (signal(7)).
[[nodiscard]] Result<Signal> parse_signal(std::string_view text);

/// The name of a container: 1 to 1024 of [A-Za-z0-9_+.-], not "." or ".." (as runc takes them).
class ContainerId {
 public:
    /// Errors: InvalidArgument, "invalid container ID format".
    [[nodiscard]] static Result<ContainerId> parse(std::string_view text);
    [[nodiscard]] const std::string& str() const noexcept { return text_; }
    bool operator==(const ContainerId&) const = default;

 private:
    explicit ContainerId(std::string_view text) : text_(text) {}
    std::string text_;
};

}  // namespace cleat
