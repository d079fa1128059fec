// Room: kernel. How its files make an error of the system call that just failed.
#pragma once

#include <cerrno>
#include <string_view>

#include "cleat/base/error.hpp"
#include "cleat/base/text.hpp"

namespace cleat::kernel {

/// The parts as one text, with the errno of the call that failed right before.
template <class... Parts>
[[nodiscard]] std::unexpected<Error> failed(const Parts&... parts) {
    const int error = errno;
    return fail_errno(concat(parts...), error);
}

}  // namespace cleat::kernel
