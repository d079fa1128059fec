// Room: kernel. The null device. Runs in init, after the root was changed.
#include "null_device.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "cleat/sys/files.hpp"

namespace cleat::kernel {
namespace {

bool leads_to_null(int fd) noexcept {
    const auto status = sys::stat_fd(fd);
    return status && is_null(*status);
}

}  // namespace

bool is_null(const struct ::stat& status) noexcept {
    return S_ISCHR(status.st_mode) && status.st_rdev == kNullDevice;
}

void reopen_null_streams(const Context& context) noexcept {
    sys::Fd null;
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (!leads_to_null(stream)) continue;
        if (!null) {
            auto opened = context.root.open("/dev/null", O_RDWR);
            if (!opened || !leads_to_null(opened->get())) return;
            null = *std::move(opened);
        }
        ::dup2(null.get(), stream);
    }
}

}  // namespace cleat::kernel
