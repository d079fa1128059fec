// Unit tests of audit/seccomp.cpp.
#include <doctest/doctest.h>

#include "sample.hpp"

namespace cleat::audit {
namespace {

using sample::changed;
using sample::found;
using sample::has;

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("no profile is found whatever the namespaces are") {
    auto text = changed(R"("seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "syscalls":
      [{"names": ["read", "execve"], "action": "SCMP_ACT_ALLOW"}]},)",
                        "");
    CHECK(found(text) == Lines{"high no-seccomp /linux/seccomp"});
}

TEST_CASE("a rule that allows what profiles are there to stop is found, with the calls") {
    const auto text = changed(R"("read", )", R"("read", "bpf", "kexec_load", )");
    CHECK(found(text) == Lines{"medium seccomp-calls /linux/seccomp/syscalls/0"});
    const auto report = audit({.file = "x", .text = text}, {});
    REQUIRE(report);
    CHECK(report->findings[0].message == "allows bpf, kexec_load");
}

TEST_CASE("a profile that allows by default is found, and the calls that it does not stop") {
    const auto text =
        changed("SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO",
                changed("SCMP_ACT_ERRNO", "SCMP_ACT_LOG", changed(R"("read", )", R"("mount", )")));
    CHECK(found(text) == Lines{"medium seccomp-default-allow /linux/seccomp/defaultAction",
                               "medium seccomp-calls /linux/seccomp/defaultAction"});
    const auto report = audit({.file = "x", .text = text}, {});
    REQUIRE(report);
    const auto& message = report->findings[1].message;
    CHECK(message.find("unshare") != std::string::npos);
    CHECK(message.find(" mount,") == std::string::npos);
}

TEST_CASE("a call that is allowed for some arguments, or stopped first, is no finding") {
    CHECK(found(changed(R"("action": "SCMP_ACT_ALLOW")",
                        R"("action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1,
                           "op": "SCMP_CMP_EQ"}])",
                        changed(R"("read", )", R"("bpf", )")))
              .empty());
    CHECK(found(changed(R"([{"names": ["read",)",
                        R"([{"names": ["bpf"], "action": "SCMP_ACT_KILL"}, {"names": ["bpf",)"))
              .empty());
}

}  // namespace cleat::audit
