// Room: shim. The frames of ttrpc (github.com/containerd/ttrpc, PROTOCOL.md) and what is in them.
// Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "status.hpp"

namespace cleat::shim {

inline constexpr std::size_t kHeaderSize = 10;
inline constexpr std::uint32_t kMostData = 4U << 20U;

enum class FrameType : std::uint8_t { Request = 1, Response = 2, Data = 3 };

struct Header {
    std::uint32_t length = 0;
    std::uint32_t stream = 0;
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
};
/// `bytes` has at least kHeaderSize.
[[nodiscard]] Header read_header(std::string_view bytes) noexcept;
[[nodiscard]] std::string frame(std::uint32_t stream, FrameType type, std::string_view payload);

struct Request {
    std::string_view service;
    std::string_view method;
    std::string_view payload;
};
/// nullopt if it is damaged. The texts lie in `bytes`.
[[nodiscard]] std::optional<Request> read_request(std::string_view bytes) noexcept;
[[nodiscard]] std::string write_request(const Request& request);

[[nodiscard]] std::string write_response(const Answer& answer);
[[nodiscard]] Answer read_response(std::string_view bytes);

}  // namespace cleat::shim
