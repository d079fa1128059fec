// Room: kernel. Where a sysctl lies.
#pragma once

#include <string>
#include <string_view>

#include "cleat/base/error.hpp"

namespace cleat::kernel {

/// The path of a key below procfs, "sys/net/ipv4/ip_forward". As in sysctl(8), the separator that
/// comes first is the separator: "net.ipv4.conf.eth0/100.forwarding" and
/// "net/ipv4/conf/eth0.100/forwarding" are the same. Errors: InvalidConfig for "..", "." and empty
/// parts (CVE-2022-0811 and its like).
[[nodiscard]] Result<std::string> sysctl_path(std::string_view key);

}  // namespace cleat::kernel
