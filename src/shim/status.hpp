// Room: shim. How a call ends that cannot be answered. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "cleat/base/error.hpp"

namespace cleat::shim {

/// google.rpc.Code.
enum class Code : std::uint32_t {
    Unknown = 2,
    InvalidArgument = 3,
    NotFound = 5,
    AlreadyExists = 6,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Unimplemented = 12,
};

struct Status {
    Code code = Code::Unknown;
    std::string text;
};

/// The encoded answer, or why there is none.
using Answer = std::expected<std::string, Status>;

[[nodiscard]] inline std::unexpected<Status> refuse(Code code, std::string text) {
    return std::unexpected(Status{.code = code, .text = std::move(text)});
}

/// An error of the lower rooms, with what was tried in front. containerd knows a container that is
/// gone by its code, and shows everything else as it is.
[[nodiscard]] Status status_of(const Error& error, std::string_view context);

}  // namespace cleat::shim
