// Room: sys. Closing.
#include "cleat/sys/fd.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace cleat::sys {

void Fd::reset() noexcept {
    if (fd_ < 0) return;
    const int saved = errno;  // callers read errno after a guard has closed things
    ::close(std::exchange(fd_, -1));
    errno = saved;
}

void close_all(std::vector<Fd>& fds) noexcept {
    std::ranges::sort(fds, {}, &Fd::get);
    for (std::size_t begin = 0, end = 0; begin < fds.size(); begin = end) {
        const int first = fds[begin].get();
        for (end = begin + 1; end < fds.size(); ++end)
            if (fds[end].get() != first + static_cast<int>(end - begin)) break;
        if (first < 0 || end - begin == 1) continue;  // closes itself
        const int last = first + static_cast<int>(end - begin) - 1;
        if (::close_range(static_cast<unsigned>(first), static_cast<unsigned>(last), 0) < 0)
            continue;
        for (std::size_t i = begin; i < end; ++i) static_cast<void>(fds[i].release());
    }
    fds.clear();
}

}  // namespace cleat::sys
