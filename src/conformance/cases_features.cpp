// Room: conformance. Cases: what the runtime says of itself
#include "cases.hpp"

namespace cleat::conformance {
namespace {

constexpr Case kCases[] = {
    {"features.is-json", "features is one JSON object", "features.md#features-structure", kMust,
     "features", "", "", "features; ociVersionMin exists; ociVersionMax exists"},
    {"features.version.min", "ociVersionMin is accepted", "features.md#specification-version",
     kMust, "features", "", "wait",
     "features; remember V ociVersionMin; config {\"ociVersion\":\"$V\"}; create; start; says "
     "ready"},
    {"features.version.max", "ociVersionMax is accepted", "features.md#specification-version",
     kMust, "features", "", "wait",
     "features; remember V ociVersionMax; config {\"ociVersion\":\"$V\"}; create; start; says "
     "ready"},
    {"features.version.semver", "versions are of the form 1.x.y",
     "features.md#specification-version", kMust, "features", "", "",
     "features; ociVersionMin like 1.*; ociVersionMax like 1.*"},
    {"features.stable", "features does not depend on the run", "features.md#features-structure",
     kShould, "features", "", "",
     "features; remember ONE hooks; remember TWO mountOptions; features; hooks = $ONE; "
     "mountOptions = $TWO"},
    {"features.hooks", "features names the kinds of hooks", "features.md#hooks", kShould,
     "features", "", "",
     "features; hooks has prestart; hooks has createRuntime; hooks has createContainer; hooks has "
     "startContainer; hooks has poststart; hooks has poststop"},
    {"features.namespaces", "features names the types of namespaces",
     "features-linux.md#namespaces", kShould, "features", "", "",
     "features; linux/namespaces has pid; linux/namespaces has mount; linux/namespaces has "
     "network; linux/namespaces has ipc; linux/namespaces has uts; linux/namespaces has user; "
     "linux/namespaces has cgroup"},
    {"features.mount-options.required", "options that a runtime must have are among those told",
     "features.md#mount-options", kShould, "features", "", "",
     "features; mountOptions has async; mountOptions has atime; mountOptions has bind; "
     "mountOptions has defaults; mountOptions has dev; mountOptions has diratime; mountOptions has "
     "dirsync; mountOptions has exec; mountOptions has lazytime; mountOptions has noatime; "
     "mountOptions has nodev; mountOptions has nodiratime; mountOptions has noexec; mountOptions "
     "has nosuid; mountOptions has private; mountOptions has rbind; mountOptions has relatime; "
     "mountOptions has remount; mountOptions has ro; mountOptions has rprivate; mountOptions has "
     "rshared; mountOptions has rslave; mountOptions has runbindable; mountOptions has rw; "
     "mountOptions has shared; mountOptions has slave; mountOptions has strictatime; mountOptions "
     "has suid; mountOptions has sync; mountOptions has unbindable"},
    {"features.mount-options.no-data", "options of one file system are not among them",
     "features.md#mount-options", kShould, "features", "", "",
     "features; mountOptions lacks mode; mountOptions lacks size; mountOptions lacks gid; "
     "mountOptions lacks newinstance"},
    {"features.capabilities.recognized", "all capabilities told are recognized",
     "features-linux.md#capabilities", kMust, "features feature:linux/capabilities",
     R"({"process":{"capabilities":{"bounding":$FEATURE(linux/capabilities),"permitted":[],"effective":[]}}})",
     "wait", "create; start; says ready"},
    {"features.seccomp.actions", "all actions told are recognized", "features-linux.md#seccomp",
     kMust, "features feature:linux/seccomp/enabled", "", "wait",
     "listen listener; each ACTION linux/seccomp/actions "
     "{\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"$DIR/"
     "listener\",\"syscalls\":[{\"names\":[\"acct\"],\"action\":\"$ACTION\"}]}}}"},
    {"features.seccomp.operators", "all operators told are recognized", "features-linux.md#seccomp",
     kMust, "features feature:linux/seccomp/enabled", "", "wait",
     "each OP linux/seccomp/operators "
     "{\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":["
     "\"acct\"],\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":1,\"valueTwo\":1,"
     "\"op\":\"$OP\"}]}]}}}"},
    // To recognize a name is not to have filters for every processor of that name: here are two of
    // one byte order, which can be in one filter.
    {"features.seccomp.architectures", "architectures told are recognized",
     "features-linux.md#seccomp", kMust,
     "features feature:linux/seccomp/archs/SCMP_ARCH_AARCH64 "
     "feature:linux/seccomp/archs/SCMP_ARCH_X86_64",
     R"({"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_AARCH64","SCMP_ARCH_X86_64"],"syscalls":[{"names":["acct"],"action":"SCMP_ACT_ERRNO"}]}}})",
     "wait", "create; start; says ready"},
    {"features.seccomp.flags", "all flags supported can be used", "features-linux.md#seccomp",
     kMust, "features feature:linux/seccomp/supportedFlags", "", "wait",
     "listen listener; each FLAG linux/seccomp/supportedFlags "
     "{\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"$FLAG\"],"
     "\"listenerPath\":\"$DIR/"
     "listener\",\"syscalls\":[{\"names\":[\"acct\"],\"action\":\"SCMP_ACT_ERRNO\"}]}}}"},
    {"features.memory-policy.modes", "all modes told are recognized",
     "features-linux.md#memorypolicy", kMust, "features feature:linux/memoryPolicy/modes", "", "",
     "features; linux/memoryPolicy/modes has MPOL_DEFAULT; linux/memoryPolicy/modes has MPOL_BIND"},
    {"features.cgroup", "features tells of the cgroup layout that the host has",
     "features-linux.md#cgroup", kShould, "features", "", "",
     "features; v1: linux/cgroup/v1 = true; v2: linux/cgroup/v2 = true"},
    {"features.annotations", "annotations are texts by non-empty keys", "features.md#annotations",
     kMust, "features", "", "", "features; annotations/ absent"},
};

}  // namespace

std::span<const Case> features_cases() noexcept { return cases_of<kCases>(); }

}  // namespace cleat::conformance
