// Room: base (layer 0, pure). Errors are values; every room returns Result<T>.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace cleat {

/// What kind of thing went wrong; decides exit codes and how an engine sees it.
enum class ErrorKind {
    InvalidConfig,    ///< config.json (or another document) breaks the specification
    InvalidArgument,  ///< the command line or an API argument is wrong
    NotFound,         ///< the container does not exist
    Exists,           ///< the container id is taken
    State,            ///< the container is not in a state that allows the operation
    Unsupported,      ///< this host or this build cannot do what is asked
    System,           ///< a system call failed
    Internal,         ///< a fault of cleat itself
};

/// One failure. `what` is lower case, has no full stop, and names the object, outermost first.
/// `errno_value` is 0 when no system call failed. `pointer` is the RFC 6901 JSON pointer of the
/// property of config.json that asked for what failed, or empty.
struct Error {
    ErrorKind kind = ErrorKind::Internal;
    int errno_value = 0;
    std::string what;
    std::string pointer = {};
};

template <class T>
using Result = std::expected<T, Error>;

/// An Error of `kind`, ready to be returned from a function that gives a Result.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string what) {
    return std::unexpected(Error{.kind = kind, .what = std::move(what)});
}

/// A failed system call: `errno_value` is usually `errno`, read by the caller right after the call.
[[nodiscard]] inline std::unexpected<Error> fail_errno(std::string what, int errno_value) {
    return std::unexpected(
        Error{.kind = ErrorKind::System, .errno_value = errno_value, .what = std::move(what)});
}

/// Puts `context` and ": " in front of the error's text (used when crossing a room).
[[nodiscard]] Error with_context(Error error, std::string_view context);

/// Symbolic name of an errno value, such as "ENODEV"; "E?" for one that Linux does not have.
[[nodiscard]] std::string_view errno_name(int value) noexcept;

/// `what` and, if a system call failed, its description and symbolic name:
/// "mount /x: no such device [ENODEV]".
[[nodiscard]] std::string describe(const Error& error);

namespace detail {
template <class T>
constexpr decltype(auto) take(std::expected<T, Error>&& result) {
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}
}  // namespace detail

}  // namespace cleat

/// The value of a Result, or return its Error from the enclosing function.
#define TRY(...)                                                                  \
    __extension__({                                                               \
        auto try_result_ = (__VA_ARGS__);                                         \
        if (!try_result_) return std::unexpected(std::move(try_result_).error()); \
        ::cleat::detail::take(std::move(try_result_));                            \
    })
