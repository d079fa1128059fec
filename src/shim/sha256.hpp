// Room: shim. SHA-256 (FIPS 180-4), for the names of sockets alone. Pure.
#pragma once

#include <string>
#include <string_view>

namespace cleat::shim {

/// In hexadecimal.
[[nodiscard]] std::string sha256(std::string_view text);

}  // namespace cleat::shim
