// Unit tests of audit/kernel_paths.cpp.
#include <doctest/doctest.h>

#include "sample.hpp"

namespace cleat::audit {
namespace {

using sample::changed;
using sample::found;
using sample::has;
using sample::with_mount;

}  // namespace

TEST_CASE("what is neither masked nor read-only of a procfs is found, as bad as the worst of it") {
    const auto bare = sample::without_users();
    CHECK(has(found(changed(R"("/proc/kcore", )", "", bare)),
              "medium unmasked-paths /linux/maskedPaths"));
    CHECK(has(found(changed(R"(, "/proc/asound")", "", bare)),
              "low unmasked-paths /linux/maskedPaths"));
    CHECK(has(found(changed(R"("/proc/sys", )", "", bare)),
              "high writable-proc /linux/readonlyPaths"));
    CHECK(has(found(changed(R"(, "/proc/fs")", "", bare)),
              "medium writable-proc /linux/readonlyPaths"));
}

TEST_CASE("a procfs of processes alone, or one that is read-only, needs no such lists") {
    auto text = changed(R"("/proc/sys", )", "", sample::without_users());
    CHECK(found(changed(R"("source": "proc")", R"("source": "proc", "options": ["ro"])", text))
              .size() == 1);
    text = changed(R"("/proc/kcore", )", "", text);
    CHECK(found(changed(R"("source": "proc")", R"("source": "proc", "options": ["subset=pid"])",
                        text))
              .size() == 1);
}

TEST_CASE("a directory above covers what lies in it, and the procfs may be elsewhere") {
    auto text = changed(R"("/proc/sys", )", R"("/proc/./", )", sample::without_users());
    CHECK(found(text).size() == 1);
    text = changed(R"("destination": "/proc")", R"("destination": "/p")", sample::without_users());
    CHECK(has(found(text), "high writable-proc /linux/readonlyPaths"));
}

TEST_CASE("/sys and control groups that can be written are found, and less in a user namespace") {
    constexpr std::string_view kSys = R"({"destination": "/sys", "type": "sysfs"})";
    constexpr std::string_view kCgroup =
        R"({"destination": "/sys/fs/cgroup", "type": "cgroup", "options": ["ro", "rw"]})";
    CHECK(has(found(with_mount(kSys)), "high writable-sysfs /mounts/1/options"));
    CHECK(has(found(with_mount(kSys)), "low unmasked-paths /linux/maskedPaths"));
    CHECK(has(found(with_mount(kSys, std::string(sample::kCareful))),
              "low writable-sysfs /mounts/1/options"));
    CHECK(has(found(with_mount(kCgroup)), "medium writable-cgroups /mounts/1/options"));
    const auto shared = changed(R"(, {"type": "cgroup"})", "", sample::without_users());
    CHECK(has(found(with_mount(kCgroup, shared)), "high writable-cgroups /mounts/1/options"));
    CHECK(!has(found(with_mount(changed(R"(, "rw")", "", std::string(kCgroup)))),
               "medium writable-cgroups /mounts/1/options"));
}

TEST_CASE("file systems of the kernel's insides are found") {
    CHECK(has(found(with_mount(R"({"destination": "/d", "type": "debugfs"})")),
              "critical kernel-file-system /mounts/1/type"));
    CHECK(found(with_mount(R"({"destination": "/d", "type": "tmpfs"})")).size() == 1);
}

}  // namespace cleat::audit
