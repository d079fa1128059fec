// Room: cli. What happens when an exception gets out of where it should have been caught.
//
// libstdc++ would print its type in words, and for that brings a demangler and more of the C
// library's formatting than all of cleat uses. Its variable is replaced here, as a linker takes the
// first definition; abort(3) alone is what a core dump needs.
#include <cstdlib>
#include <exception>

namespace __cxxabiv1 {
extern std::terminate_handler __terminate_handler;  // NOLINT(bugprone-reserved-identifier): its name
std::terminate_handler __terminate_handler = std::abort;  // NOLINT(bugprone-reserved-identifier): its name
}  // namespace __cxxabiv1
