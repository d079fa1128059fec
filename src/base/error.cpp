// Room: base. Texts of errors.
#include "cleat/base/error.hpp"

#include <cstring>

#include "cleat/base/text.hpp"

namespace cleat {

Error with_context(Error error, std::string_view context) {
    error.what = concat(context, ": ", error.what);
    return error;
}

std::string_view errno_name(int value) noexcept {
    const char* name = ::strerrorname_np(value);
    return name == nullptr ? std::string_view("E?") : std::string_view(name);
}

std::string describe(const Error& error) {
    if (error.errno_value == 0) return error.what;
    const char* description = ::strerrordesc_np(error.errno_value);
    std::string text = description == nullptr ? "unknown error" : description;
    if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a' && text[1] <= 'z')
        text[0] = static_cast<char>(text[0] - 'A' + 'a');
    return concat(error.what, ": ", text, " [", errno_name(error.errno_value), "]");
}

}  // namespace cleat
