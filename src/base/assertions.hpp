// Room: base. Included before all else by every file of the static build (meson.build): the checks
// of the standard library (_GLIBCXX_ASSERTIONS) and of nlohmann/json say their condition when they
// fail, but not file and function. Those are spelled out once for each type that a template is used
// with, and were a twentieth of the program.
#pragma once
#pragma GCC system_header  // as the macro that it changes

#include <cstddef>

#if defined(_GLIBCXX_ASSERTIONS) && defined(__glibcxx_assert_impl)
#undef __glibcxx_assert_impl
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the library's name
#define __glibcxx_assert_impl(condition)                             \
    if (__builtin_expect(!bool(condition), false)) {                 \
        __glibcxx_constexpr_assert(false);                           \
        std::__glibcxx_assert_fail(nullptr, 0, nullptr, #condition); \
    }
#define JSON_ASSERT(condition) __glibcxx_assert(condition)
#endif
