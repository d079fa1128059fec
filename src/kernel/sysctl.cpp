// Room: kernel. Sysctls, written by init through the host's verified procfs before the root
// changes: what the image has at /proc is never asked (CVE-2019-16884, CVE-2025-52881).
#include "sysctl.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/root_fs.hpp"
#include "failed.hpp"

namespace cleat::kernel {

Result<std::string> sysctl_path(std::string_view key) {
    std::string path(key);
    const auto separator = key.find_first_of("./");
    if (separator != std::string_view::npos && key[separator] == '.') {
        std::ranges::transform(path, path.begin(), [](char c) {
            return c == '.' ? '/' : c == '/' ? '.' : c;
        });
    }
    for (const auto part : split(path, '/'))
        if (part.empty() || part == "." || part == "..")
            return fail(ErrorKind::InvalidConfig, concat("sysctl ", quoted(key), " is not a key"));
    return "sys/" + path;
}

Result<void> apply(const plan::SetSysctl& step, Context& context) {
    const std::string path = TRY(sysctl_path(step.key));
    const auto file = sys::open_proc_file(context.proc.get(), path.c_str(), O_WRONLY);
    if (!file)
        return std::unexpected(with_context(file.error(), concat("sysctl ", quoted(step.key))));
    if (::write(file->get(), step.value.data(), step.value.size()) < 0)
        return failed("write ", quoted(step.value), " to sysctl ", quoted(step.key));
    return {};
}

}  // namespace cleat::kernel
