// Unit tests of audit/devices.cpp.
#include <doctest/doctest.h>

#include "sample.hpp"

namespace cleat::audit {
namespace {

using sample::changed;
using sample::found;
using sample::has;

std::string with_rule(std::string_view rule) {
    return changed(R"("pids")", std::string(R"("devices": [)").append(rule).append(R"(], "pids")"),
                   sample::without_users());
}

std::string with_device(std::string_view device) {
    return changed(R"("resources")",
                   std::string(R"("devices": [)").append(device).append(R"(], "resources")"),
                   sample::without_users());
}

}  // namespace

TEST_CASE("devices that are made are found by what they are") {
    const auto of = [](std::string_view device) {
        auto lines = found(with_device(device));
        std::erase(lines, "medium no-user-namespace /linux/namespaces");
        return lines.empty() ? "" : lines[0];
    };
    CHECK(of(R"({"path": "/dev/sda", "type": "b", "major": 8, "minor": 0})") ==
          "high host-device /linux/devices/0");
    CHECK(of(R"({"path": "/dev/mem", "type": "c", "major": 1, "minor": 1})") ==
          "critical host-device /linux/devices/0");
    CHECK(of(R"({"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229})") ==
          "low host-device /linux/devices/0");
    CHECK(of(R"({"path": "/dev/x", "type": "c", "major": 240, "minor": 0})") ==
          "medium host-device /linux/devices/0");
    CHECK(of(R"({"path": "/dev/zero", "type": "c", "major": 1, "minor": 5})").empty());
    CHECK(of(R"({"path": "/dev/f", "type": "p"})").empty());
}

TEST_CASE("devices that are allowed are found, but not the right to make a node") {
    constexpr std::string_view kPlace = " host-device /linux/resources/devices/0";
    const auto level = [&](std::string_view rule) -> std::string {
        for (const auto& line : found(with_rule(rule)))
            if (line.ends_with(kPlace)) return line.substr(0, line.size() - kPlace.size());
        return {};
    };
    CHECK(level(R"({"allow": true})") == "critical");
    CHECK(level(R"({"allow": true, "type": "b", "access": "rw"})") == "critical");
    CHECK(level(R"({"allow": true, "type": "c", "access": "m"})").empty());
    CHECK(level(R"({"allow": false, "access": "rwm"})").empty());
    CHECK(level(R"({"allow": true, "type": "c", "major": 1, "access": "r"})") == "critical");
    CHECK(
        level(R"({"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm"})").empty());
    CHECK(level(R"({"allow": true, "type": "c", "major": 136, "access": "rwm"})").empty());
}

TEST_CASE("limits that are missing are found, and those of cgroup v2's files are limits, too") {
    CHECK(has(found(changed(R"("pids": {"limit": 64}, )", "")),
              "medium no-process-limit /linux/resources/pids"));
    CHECK(has(found(changed(R"("limit": 64)", R"("limit": -1)")),
              "medium no-process-limit /linux/resources/pids"));
    CHECK(has(found(changed(R"(, "memory": {"limit": 1048576})", "")),
              "low no-memory-limit /linux/resources/memory"));
    CHECK(
        found(changed(R"("pids": {"limit": 64}, )", R"("unified": {"pids.max": "64"}, )")).empty());
}

TEST_CASE("a root that can be changed is found") {
    CHECK(has(found(changed(R"("readonly": true)", R"("readonly": false)")),
              "low writable-root /root/readonly"));
}

}  // namespace cleat::audit
