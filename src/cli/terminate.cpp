// Room: cli. What happens when an assertion of the standard library fails or an exception gets out
// of where it should have been caught: one line without formatting, and a core dump.
//
// libstdc++ would name the type and the function in words, and for that brings a demangler and
// formatted output, more code than all of cleat's own rooms below this one. A linker takes the
// first definition of a name, so the library's stay outside.
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <exception>

namespace {

void say(const char* text) noexcept {
    static_cast<void>(::write(STDERR_FILENO, text, std::strlen(text)) < 0);
}

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier,cert-*,readability-identifier-naming): names of
// libraries

/// strerror(3) asks it for a translation, and with it would come catalogs, the conversion between
/// character sets and the loader of its modules. cleat speaks English.
extern "C" char* __dcgettext(const char* /*domain*/, const char* text, int /*category*/) {
    return const_cast<char*>(text);  // as the C library does it for what has no translation
}

/// The C library's own says the same by way of formatted output, for wide characters, too.
extern "C" [[noreturn]] void __assert_fail(const char* condition, const char* /*file*/,
                                           unsigned /*line*/, const char* function) noexcept {
    say("cleat: assertion failed: ");
    say(condition);
    say(" in ");
    say(function != nullptr ? function : "?");
    say("\n");
    std::abort();
}

namespace __cxxabiv1 {
extern std::terminate_handler __terminate_handler;
std::terminate_handler __terminate_handler = std::abort;
}  // namespace __cxxabiv1

namespace std {  // a function that the library declares and we define
[[noreturn]] void __glibcxx_assert_fail(const char* /*file*/, int /*line*/, const char* function,
                                        const char* condition) noexcept {
    say("cleat: assertion failed: ");
    say(condition);
    if (function != nullptr) say(" in ");  // in the library's own code, see base/assertions.hpp
    if (function != nullptr) say(function);
    say("\n");
    std::abort();
}
}  // namespace std
// NOLINTEND(bugprone-reserved-identifier,cert-*,readability-identifier-naming)
