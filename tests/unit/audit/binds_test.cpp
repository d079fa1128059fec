// Unit tests of audit/binds.cpp.
#include <doctest/doctest.h>

#include "sample.hpp"

namespace cleat::audit {
namespace {

using sample::found;
using sample::has;

/// What is found in a bind mount of `source`, beside what is found without it.
std::string of(std::string_view source, std::string_view options = "\"rbind\"") {
    auto lines = found(sample::with_mount(R"({"destination": "/x", "type": "bind", "source": ")" +
                                          std::string(source) + R"(", "options": [)" +
                                          std::string(options) + "]}"));
    std::erase(lines, "medium no-user-namespace /linux/namespaces");
    return lines.empty() ? "" : lines[0];
}

}  // namespace

TEST_CASE("sockets of engines are found by their path, by a directory, and by their name") {
    CHECK(of("/var/run/docker.sock") == "critical engine-socket /mounts/1/source");
    CHECK(of("/run/containerd/", R"("rbind", "ro")") == "critical engine-socket /mounts/1/source");
    CHECK(of("/srv/user/docker.sock") == "critical engine-socket /mounts/1/source");
    CHECK(of("/var/run/dbus/../dbus/system_bus_socket") == "high engine-socket /mounts/1/source");
}

TEST_CASE("directories that rule the host are found, read-only ones less") {
    CHECK(of("/") == "critical engine-socket /mounts/1/source");
    CHECK(of("/etc") == "critical host-directory /mounts/1/source");
    CHECK(of("/etc", R"("ro", "bind")") == "high host-directory /mounts/1/source");
    CHECK(of("/usr", R"("rbind", "ro")").empty());
    CHECK(of("/proc/sys", "\"bind\"") == "high host-directory /mounts/1/source");
    CHECK(of("/sys", R"("rbind", "ro")") == "low writable-cgroups /mounts/1/source");
    CHECK(of("/var/lib") == "critical host-directory /mounts/1/source");
}

TEST_CASE("what engines bind into every container is no finding") {
    for (const char* source :
         {"/var/lib/docker/containers/4711/hosts", "/etc/localtime", "/dev/null", "/srv/data",
          "/var/lib/kubelet/pods/1/volumes/x", "rootfs/../data", "/dev/shm/pod"})
        CHECK_MESSAGE(of(source).empty(), source);
}

TEST_CASE("devices are found, and all of them are worse") {
    CHECK(of("/dev") == "critical host-device /mounts/1/source");
    CHECK(of("/dev/sda") == "medium host-device /mounts/1/source");
}

TEST_CASE("mounts that spread to the host are found at the option that says so") {
    CHECK(of("/srv/data", R"("rbind", "rshared")") ==
          "high shared-propagation /mounts/1/options/1");
    const auto lines =
        found(sample::changed(R"("resources")", R"("rootfsPropagation": "shared", "resources")",
                              sample::without_users()));
    CHECK(has(lines, "high shared-propagation /linux/rootfsPropagation"));
}

}  // namespace cleat::audit
