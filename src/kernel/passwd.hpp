// Room: kernel. The one thing that is read from a container's /etc/passwd.
#pragma once

#include <optional>
#include <string_view>

#include "cleat/base/ids.hpp"

namespace cleat::kernel {

/// The home directory (passwd(5), field 6) of the first entry with this uid; lines that are longer
/// than 4 KiB or malformed are passed over. Names are never looked at (CVE-2016-3697).
[[nodiscard]] std::optional<std::string_view> home_of(std::string_view passwd, Uid uid);

}  // namespace cleat::kernel
