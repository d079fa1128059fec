// Room: sys. What its files share: EINTR and the making of errors.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>

#include "cleat/base/error.hpp"
#include "cleat/base/text.hpp"

namespace cleat::sys {

/// Calls again while a signal interrupts the call.
template <class Call>
auto retry(Call&& call) {
    for (;;) {
        const auto result = call();
        if (result >= 0 || errno != EINTR) return result;
    }
}

/// "verb path" with the errno of the call that just failed.
[[nodiscard]] inline std::unexpected<Error> failed(std::string_view verb, std::string_view object) {
    const int error = errno;
    return fail_errno(concat(verb, " ", object), error);
}

}  // namespace cleat::sys
