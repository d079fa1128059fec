// Room: conformance. Choices about cgroups.
#include "diff_choices.hpp"

namespace cleat::conformance {
namespace {

constexpr Choice kChoices[] = {
    {"pids", 3, "cgroup:pids", R"({"linux":{"resources":{"pids":{"limit":<0|-1|1|50|100>}}}})"},
    {"memory", 3, "cgroup:memory",
     R"({"linux":{"resources":{"memory":{"limit":<67108864|134217728|-1>}}}})"},
    {"memory-reservation", 2, "cgroup:memory",
     R"({"linux":{"resources":{"memory":{"reservation":<33554432|-1>}}}})"},
    {"memory-swap", 2, "cgroup:memory",
     R"({"linux":{"resources":{"memory":{"limit":67108864,"swap":<134217728|67108864|-1>}}}})"},
    {"memory-swappiness", 2, "cgroup:memory v1",
     R"({"linux":{"resources":{"memory":{"swappiness":<0|50|100>}}}})"},
    {"memory-oom", 2, "cgroup:memory v1",
     R"({"linux":{"resources":{"memory":{"disableOOMKiller":<true|false>}}}})"},
    {"memory-hierarchy", 1, "cgroup:memory v1",
     R"({"linux":{"resources":{"memory":{"useHierarchy":<true|false>}}}})"},
    {"memory-check", 1, "cgroup:memory",
     R"({"linux":{"resources":{"memory":{"checkBeforeUpdate":true,"limit":134217728}}}})"},
    {"cpu-shares", 3, "cgroup:cpu",
     R"({"linux":{"resources":{"cpu":{"shares":<0|1|2|512|2048|262144|300000>}}}})"},
    {"cpu-quota", 3, "cgroup:cpu",
     R"({"linux":{"resources":{"cpu":{"quota":<50000|0|-1|1000>,"period":<100000|50000|1000>}}}})"},
    {"cpu-period", 1, "cgroup:cpu", R"({"linux":{"resources":{"cpu":{"period":50000}}}})"},
    {"cpu-burst", 1, "cgroup:cpu",
     R"({"linux":{"resources":{"cpu":{"quota":50000,"period":100000,"burst":20000}}}})"},
    {"cpu-idle", 1, "cgroup:cpu", R"({"linux":{"resources":{"cpu":{"idle":<0|1>}}}})"},
    {"cpuset", 3, "cgroup:cpuset cpus:2",
     R"({"linux":{"resources":{"cpu":{"cpus":"<0|1|0-1|0,1>"<|,"mems":"0">}}}})"},
    {"block-weight", 1, "cgroup:blkio",
     R"({"linux":{"resources":{"blockIO":{"weight":<10|500|1000>}}}})"},
    {"block-throttle", 1, "cgroup:blkio",
     R"({"linux":{"resources":{"blockIO":{"throttle<Read|Write><Bps|IOPS>Device":[{"major":7,"minor":0,"rate":<1024|600>}]}}}})"},
    {"network-class", 1, "cgroup:net_cls",
     R"({"linux":{"resources":{"network":{"classID":<0|1048577>}}}})"},
    {"network-priority", 1, "cgroup:net_prio",
     R"({"linux":{"resources":{"network":{"priorities":[{"name":"lo","priority":5}]}}}})"},
    {"hugepages", 1, "cgroup:hugetlb",
     R"({"linux":{"resources":{"hugepageLimits":[{"pageSize":"2MB","limit":<0|2097152>}]}}})"},
    {"rdma", 1, "cgroup:rdma", R"({"linux":{"resources":{"rdma":{"mlx5_1":{"hcaHandles":3}}}}})"},
    {"unified", 1, "v2",
     R"({"linux":{"resources":{"unified":{"memory.high":"67108864","pids.max":"40"}}}})"},
    {"devices-more", 3, "cgroup:devices",
     R"({"linux":{"resources":{"+devices":[{"allow":true,"type":"<b|c>","major":<7|10>,<|"minor":200,>"access":"<r|rw|m|rwm>"}]}}})"},
    {"devices-none", 2, "cgroup:devices",
     R"({"linux":{"resources":{"devices":[<|{"allow":false,"access":"rwm"}>]}}})"},
    {"devices-allow-all", 2, "cgroup:devices",
     R"({"linux":{"resources":{"devices":[{"allow":true<|,"type":"a"|,"access":"rwm">}]}}})"},
    {"devices-deny-one", 1, "cgroup:devices",
     R"({"linux":{"resources":{"+devices":[{"allow":false,"type":"c","major":1,"minor":9,"access":"<rwm|w>"}]}}})"},
    {"no-resources", 2, "", R"({"linux":{"resources":null}})"},
    {"cgroups-path/nested", 3, "", R"({"linux":{"cgroupsPath":"$CGROUP/deep/er"}})"},
    {"cgroups-path/relative", 2, "", R"({"linux":{"cgroupsPath":"$ID"}})"},
    {"cgroups-path/none", 2, "", R"({"linux":{"cgroupsPath":null}})"},
};

}  // namespace

std::span<const Choice> resource_choices() noexcept { return kChoices; }

}  // namespace cleat::conformance
