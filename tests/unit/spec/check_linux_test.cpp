// Unit tests of spec/check_linux.cpp and check_sysctl.cpp.
#include "documents.hpp"

namespace cleat::spec {
namespace {

using documents::Mistake;

Decoded<Spec> with_linux(std::string_view linux) {
    return decode_config(documents::config({.linux = concat(", ", linux)}));
}

Decoded<Spec> with_namespaces(std::string_view namespaces, std::string_view more = "") {
    return decode_config(concat(R"({"ociVersion": "1.0.0", "root": {"path": "r"}, "linux":
        {"namespaces": [)",
                                namespaces, "]", more, "}}"));
}

}  // namespace

TEST_CASE("namespaces are named once and joined by absolute paths") {
    documents::check_mistake(with_namespaces(R"({"type": "pid"}, {"type": "pid"})"),
                             {"", "/linux/namespaces/1", "duplicate namespace pid"});
    documents::check_mistake(with_namespaces(R"({"type": "pid", "path": "proc/1/ns/pid"})"),
                             {"", "/linux/namespaces/0/path", "must be absolute"});
}

TEST_CASE("in a user namespace mounts need a mount namespace") {
    constexpr Mistake kRows[] = {
        {R"(, "maskedPaths": ["/x"])", "/linux/maskedPaths", "needs a mount namespace"},
        {R"(, "readonlyPaths": ["/x"])", "/linux/readonlyPaths", "needs a mount namespace"},
        {R"(, "rootfsPropagation": "slave")", "/linux/rootfsPropagation",
         "needs a mount namespace"},
    };
    constexpr const char* kUser = R"({"type": "user", "path": "/proc/1/ns/user"})";
    for (const auto& row : kRows) documents::check_mistake(with_namespaces(kUser, row.text), row);
}

TEST_CASE("values that Linux does not have are refused with their place") {
    constexpr Mistake kRows[] = {
        {R"("timeOffsets": {"tai": {"secs": 1}})", "/linux/timeOffsets/tai", "unknown clock"},
        {R"("timeOffsets": {"boottime": {"nanosecs": 1000000000}})",
         "/linux/timeOffsets/boottime/nanosecs", "less than a second"},
        {R"("devices": [{"path": "dev/a", "type": "c", "major": 1, "minor": 3}])",
         "/linux/devices/0/path", "must be absolute"},
        {R"("devices": [{"path": "/dev/a", "type": "char", "major": 1, "minor": 3}])",
         "/linux/devices/0/type", "unknown device type"},
        {R"("devices": [{"path": "/dev/a", "type": "", "major": 1, "minor": 3}])",
         "/linux/devices/0/type", "unknown device type"},
        {R"("devices": [{"path": "/dev/a", "type": "c", "major": 4096, "minor": 3}])",
         "/linux/devices/0/major", "0 to 4095"},
        {R"("devices": [{"path": "/dev/a", "type": "b", "major": 1, "minor": -3}])",
         "/linux/devices/0/minor", "0 to 1048575"},
        {R"("devices": [{"path": "/dev/a", "type": "b"}])", "/linux/devices/0/major",
         "needs major and minor"},
        {R"("devices": [{"path": "/dev/a", "type": "p", "fileMode": 262143}])",
         "/linux/devices/0/fileMode", "more than permission bits"},
        {R"("maskedPaths": ["proc"])", "/linux/maskedPaths/0", "must be absolute"},
        {R"("maskedPaths": ["/a", "/../etc"])", "/linux/maskedPaths/1", "must not contain"},
        {R"("readonlyPaths": ["proc"])", "/linux/readonlyPaths/0", "must be absolute"},
        {R"("rootfsPropagation": "public")", "/linux/rootfsPropagation", "unknown propagation"},
        {R"("rootfsPropagation": "r")", "/linux/rootfsPropagation", "unknown propagation \"r\""},
        {R"("personality": {"domain": "BSD"})", "/linux/personality/domain",
         "unknown personality domain"},
        {R"("memoryPolicy": {"mode": "MPOL_X"})", "/linux/memoryPolicy/mode", "unknown"},
        {R"("memoryPolicy": {"mode": "MPOL_BIND", "nodes": "x"})", "/linux/memoryPolicy/nodes",
         "is no list"},
        {R"("memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0", "flags": ["X"]})",
         "/linux/memoryPolicy/flags/0", "unknown memoryPolicy flag"},
        {R"("intelRdt": {"closID": "a/b"})", "/linux/intelRdt/closID", "is not the name"},
        {R"("intelRdt": {"closID": "mon_groups"})", "/linux/intelRdt/closID", "is not the name"},
        {R"("intelRdt": {"memBwSchema": "0=20"})", "/linux/intelRdt/memBwSchema", "start with MB:"},
        {R"("intelRdt": {"memBwSchema": "MB:0=20\nL3:0=f"})", "/linux/intelRdt/memBwSchema",
         "must be one line"},
        {R"("intelRdt": {"schemata": ["L3:0=f", "L2:0=f\nMB:0=20"]})", "/linux/intelRdt/schemata/1",
         "must be one line"},
        {R"("cgroupsPath": "a/../b")", "/linux/cgroupsPath", "must not contain"},
        {R"("netDevices": {"a/b": {}})", "/linux/netDevices/a~1b", "no name of a network device"},
        {R"("netDevices": {"eth0": {"name": "far-too-long-name"}})", "/linux/netDevices/eth0",
         "no name of a network device"},
        {R"("sysctl": {"kernel.core_pattern": "x"})", "/linux/sysctl/kernel.core_pattern",
         "belongs to no namespace"},
        {R"("sysctl": {"net/../kernel/core_pattern": "x"})",
         "/linux/sysctl/net~1..~1kernel~1core_pattern", "is not a name"},
        {R"("sysctl": {"net..x": "1"})", "/linux/sysctl/net..x", "is not a name"},
        {R"("sysctl": {"": "1"})", "/linux/sysctl/", "is not a name"},
        {R"("sysctl": {"user.max_user_namespaces": "1"})", "/linux/sysctl/user.max_user_namespaces",
         "needs a namespace of type user"},
    };
    for (const auto& row : kRows) documents::check_mistake(with_linux(row.text), row);
}

TEST_CASE("values that engines send are taken") {
    for (const char* linux :
         {R"("devices": [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229,
              "fileMode": 8630}])",
          R"("devices": [{"path": "/dev/p", "type": "p"}])", R"("rootfsPropagation": "rshared")",
          R"("cgroupsPath": "system.slice:docker:0123")", R"("cgroupsPath": "")",
          R"("sysctl": {"net.ipv4.ip_forward": "1", "net/ipv4/conf/eth0.1/forwarding": "1",
              "kernel.shmmax": "1", "fs.mqueue.msg_max": "5"})",
          R"("memoryPolicy": {"mode": "MPOL_DEFAULT", "nodes": ""})",
          R"("intelRdt": {"closID": "/", "l3CacheSchema": "L3:0=f"})", R"("intelRdt": {})",
          R"("timeOffsets": {"monotonic": {"secs": -5, "nanosecs": 999999999}})"})
        CHECK_MESSAGE(documents::problems_of(with_linux(linux)) == "", linux);
}

TEST_CASE("a namespace that is not there cannot be furnished") {
    documents::check_mistake(with_namespaces("", R"(, "timeOffsets": {"boottime": {"secs": 1}})"),
                             {"", "/linux/timeOffsets", "needs a new time namespace"});
    documents::check_mistake(with_namespaces("", R"(, "netDevices": {"eth0": {}})"),
                             {"", "/linux/netDevices", "needs a network namespace"});
    documents::check_mistake(with_namespaces("", R"(, "sysctl": {"net.a": "1"})"),
                             {"", "/linux/sysctl/net.a", "it would change the host"});
}

TEST_CASE("a sysctl does not write a name that is a property of the config") {
    constexpr const char* kUts = R"({"type": "uts"})";
    documents::check_mistake(
        with_namespaces(kUts, R"(, "sysctl": {"kernel.hostname": "a"})"),
        {"", "/linux/sysctl/kernel.hostname", "conflicts with the property \"hostname\""});
    documents::check_mistake(
        with_namespaces(kUts, R"(, "sysctl": {"kernel/hostname": "a"})"),
        {"", "/linux/sysctl/kernel~1hostname", "conflicts with the property \"hostname\""});
    CHECK(documents::problems_of(
              with_namespaces(kUts, R"(, "sysctl": {"kernel.domainname": "a"})")) == "");
}

TEST_CASE("a cgroup path fits in a path") {
    const std::string part(256, 'a');
    documents::check_mistake(with_linux(concat(R"("cgroupsPath": "/)", part, "\"")),
                             {"", "/linux/cgroupsPath", "too long"});
    std::string deep;
    for (int i = 0; i < 2100; ++i) deep += "/a";
    documents::check_mistake(with_linux(concat(R"("cgroupsPath": ")", deep, "\"")),
                             {"", "/linux/cgroupsPath", "too long"});
}

}  // namespace cleat::spec
