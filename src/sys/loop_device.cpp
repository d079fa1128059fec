// Room: sys. Loop devices.
#include "cleat/sys/loop_device.hpp"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>

#include "cleat/sys/files.hpp"
#include "internal.hpp"

namespace cleat::sys {

Result<LoopDevice> attach_loop_device(const std::string& file, std::uint32_t flags) {
    constexpr int kAttempts = 100;
    const int access = (flags & LO_FLAGS_READ_ONLY) != 0 ? O_RDONLY : O_RDWR;
    const Fd backing = TRY(open_at(kHere, file.c_str(), access));
    const Fd control = TRY(open_at(kHere, "/dev/loop-control", O_RDWR));
    ::loop_config config{};
    config.fd = static_cast<std::uint32_t>(backing.get());
    config.info.lo_flags = flags | LO_FLAGS_AUTOCLEAR;
    for (int i = 0; i < kAttempts; ++i) {
        const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
        if (number < 0) return failed("find", "free loop device");
        std::string path = concat("/dev/loop", number);
        Fd device = TRY(open_at(kHere, path.c_str(), access));
        if (::ioctl(device.get(), LOOP_CONFIGURE, &config) == 0)
            return LoopDevice{.fd = std::move(device), .path = std::move(path)};
        if (errno != EBUSY) return failed("attach loop device to", file);
    }
    return fail_errno("find free loop device", EBUSY);
}

}  // namespace cleat::sys
