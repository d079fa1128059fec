#include "cleat/base/error.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <memory>

using cleat::Result;

namespace {

Result<int> half(int number) {
    if (number % 2 != 0) return cleat::fail(cleat::ErrorKind::InvalidArgument, "odd");
    return number / 2;
}

Result<int> quarter(int number) { return half(TRY(half(number))); }

Result<void> only_even(int number) {
    TRY(half(number));
    return {};
}

Result<std::unique_ptr<int>> boxed(int number) { return std::make_unique<int>(TRY(half(number))); }

Result<int> unboxed(int number) {
    const auto box = TRY(boxed(number));
    return *box;
}

}  // namespace

TEST_CASE("TRY gives the value or returns the error, for values, void and what only moves") {
    CHECK(quarter(8).value() == 2);
    CHECK(quarter(6).error().what == "odd");
    CHECK(only_even(2));
    CHECK_FALSE(only_even(3));
    CHECK(unboxed(4).value() == 2);
    CHECK(unboxed(5).error().kind == cleat::ErrorKind::InvalidArgument);
}

TEST_CASE("an error with an errno is described with its meaning and its name") {
    const auto failed = cleat::fail_errno("mount /x", ENODEV);
    CHECK(cleat::describe(failed.error()) == "mount /x: no such device [ENODEV]");
    CHECK(cleat::describe(cleat::fail(cleat::ErrorKind::State, "stopped").error()) == "stopped");
    CHECK(cleat::errno_name(EPERM) == "EPERM");
    CHECK(cleat::errno_name(99999) == "E?");
}

TEST_CASE("context goes in front") {
    const cleat::Error error = cleat::with_context({.what = "inner"}, "outer");
    CHECK(error.what == "outer: inner");
}
