// Room: host. The facts about the machine that the tests run on, and kernel releases.
#include "cleat/host/probe.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "parse.hpp"

using namespace cleat;

TEST_CASE("a kernel release gives its version whatever follows it") {
    const auto version = host::parse_kernel_release("6.1.0-18-amd64");
    REQUIRE(version);
    CHECK(version->major == 6);
    CHECK(version->minor == 1);
    CHECK(host::parse_kernel_release("5.14").has_value());
    CHECK(host::parse_kernel_release("5.14-rc1").has_value());
    CHECK(host::parse_kernel_release("10.0.1+").has_value());
}

TEST_CASE("a kernel below 5.14 is refused in one clear line") {
    const auto old = host::parse_kernel_release("4.19.0-27-amd64");
    REQUIRE_FALSE(old);
    CHECK(old.error().kind == ErrorKind::Unsupported);
    CHECK(describe(old.error()) == "kernel 4.19 is too old: cleat needs Linux 5.14 or newer");
    CHECK_FALSE(host::parse_kernel_release("5.13.19"));
}

TEST_CASE("a kernel release without a version is refused") {
    for (const char* text : {"", "six", "6", "6.", ".1", "6.x"}) {
        CAPTURE(text);
        const auto version = host::parse_kernel_release(text);
        REQUIRE_FALSE(version);
        CHECK(version.error().kind == ErrorKind::Unsupported);
    }
}

TEST_CASE("the facts agree with what procfs says") {
    const auto facts = host::probe();
    REQUIRE(facts);
    CHECK(facts->euid.value == ::geteuid());
    CHECK(facts->egid.value == ::getegid());
    CHECK(facts->kernel_major >= 5);

    const auto last = sys::read_text_at(sys::kHere, "/proc/sys/kernel/cap_last_cap");
    REQUIRE(last);
    CHECK(concat(facts->last_capability, "\n") == *last);

    const auto status = sys::read_text_at(sys::kHere, "/proc/self/status");
    REQUIRE(status);
    constexpr std::string_view kPermitted = "CapPrm:\t";
    const auto begin = status->find(kPermitted) + kPermitted.size();
    const auto line = std::string_view(*status).substr(begin, status->find('\n', begin) - begin);
    CHECK(parse_number<std::uint64_t>(line, 16) == facts->capabilities);
}

TEST_CASE("every hierarchy that is found has this process in it") {
    const auto facts = host::probe();
    REQUIRE(facts);
    for (const auto& hierarchy : facts->cgroups) {
        CAPTURE(hierarchy.mountpoint);
        CHECK(sys::exists_at(sys::kHere, (hierarchy.mountpoint + "/cgroup.procs").c_str()));
        CHECK(hierarchy.own_path.starts_with('/'));
        CHECK((hierarchy.unified || !hierarchy.controllers.empty()));
    }
}
