// Room: lifecycle. Users: ids from a command line, names for people.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cleat/base/error.hpp"
#include "cleat/base/ids.hpp"

namespace cleat::lifecycle {

struct UserChoice {
    Uid uid;
    std::optional<Gid> gid;
};

/// "UID" or "UID:GID", decimal, at most 10 digits, at most 4294967294. A name is never looked up:
/// the container's passwd is the image's word (CVE-2016-3697, CVE-2026-46680).
[[nodiscard]] Result<UserChoice> parse_user(std::string_view text);

/// The name of `uid` in the text of a passwd(5) file; nullopt if there is none.
[[nodiscard]] std::optional<std::string> find_user_name(std::string_view passwd, std::uint32_t uid);

}  // namespace cleat::lifecycle
