// Room: spec (layer 1, pure). Keys of /linux/sysctl.
#pragma once

#include <optional>
#include <string_view>

#include "cleat/spec/config.hpp"

namespace cleat::spec {

/// The type of namespace that the key belongs to, in its form with dots or with slashes; nothing
/// for a key of the whole host.
[[nodiscard]] std::optional<NamespaceType> sysctl_namespace(std::string_view key);

}  // namespace cleat::spec
