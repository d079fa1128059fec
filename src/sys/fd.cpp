// Room: sys. Closing.
#include "cleat/sys/fd.hpp"

#include <unistd.h>

#include <cerrno>

namespace cleat::sys {

void Fd::reset() noexcept {
    if (fd_ < 0) return;
    const int saved = errno;  // callers read errno after a guard has closed things
    ::close(std::exchange(fd_, -1));
    errno = saved;
}

}  // namespace cleat::sys
