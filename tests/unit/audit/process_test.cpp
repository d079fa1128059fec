// Unit tests of audit/process.cpp.
#include <doctest/doctest.h>

#include "sample.hpp"

namespace cleat::audit {
namespace {

using sample::changed;
using sample::found;
using sample::has;

std::string with_capabilities(std::string_view sets, std::string text = sample::without_users()) {
    return changed(
        R"("noNewPrivileges")",
        std::string(R"("capabilities": {)").append(sets).append(R"(}, "noNewPrivileges")"),
        std::move(text));
}

}  // namespace

TEST_CASE("a capability is found once, where it is named first") {
    const auto lines = found(with_capabilities(
        R"("bounding": ["CAP_CHOWN", "CAP_SYS_ADMIN"], "effective": ["CAP_SYS_ADMIN"])"));
    CHECK(has(lines, "critical capability /process/capabilities/bounding/1"));
    CHECK(lines.size() == 2);
}

TEST_CASE("capabilities of the host are in vain in a user namespace, others less") {
    const std::string text(sample::kCareful);
    CHECK(found(with_capabilities(R"("bounding": ["CAP_SYS_MODULE", "CAP_BPF"])", text)).empty());
    CHECK(has(found(with_capabilities(R"("bounding": ["CAP_SYS_ADMIN"])", text)),
              "medium capability /process/capabilities/bounding/0"));
}

TEST_CASE("capabilities that are kept across execve are found") {
    const auto lines = found(with_capabilities(
        R"("inheritable": ["CAP_CHOWN"], "permitted": ["CAP_CHOWN"], "ambient": ["CAP_CHOWN"])"));
    CHECK(has(lines, "low inheritable-capabilities /process/capabilities/inheritable"));
    CHECK(has(lines, "low inheritable-capabilities /process/capabilities/ambient"));
}

TEST_CASE("root is found, but not where a user namespace makes it somebody else") {
    CHECK(has(found(changed(R"("uid": 1000)", R"("uid": 0)", sample::without_users())),
              "medium root-user /process/user/uid"));
    CHECK(found(changed(R"("uid": 1000)", R"("uid": 0)")).empty());
}

TEST_CASE("rights that are gained and modules that do not confine are found") {
    CHECK(has(found(changed(R"("noNewPrivileges": true,)", "", sample::without_users())),
              "medium new-privileges /process/noNewPrivileges"));
    CHECK(has(found(changed(R"(, "apparmorProfile": "cleat")", "")),
              "low no-security-module /process"));
    CHECK(has(found(changed(R"("apparmorProfile": "cleat")", R"("apparmorProfile": "unconfined")")),
              "low no-security-module /process/apparmorProfile"));
}

TEST_CASE("priority before the host and addresses that are known are found") {
    const auto with = [](std::string_view property) {
        return found(
            changed(R"("noNewPrivileges")", std::string(property) + R"(, "noNewPrivileges")"));
    };
    CHECK(has(with(R"("oomScoreAdj": -1)"), "low priority /process/oomScoreAdj"));
    CHECK(has(with(R"("scheduler": {"policy": "SCHED_FIFO", "priority": 1})"),
              "low priority /process/scheduler/policy"));
    CHECK(with(R"("scheduler": {"policy": "SCHED_BATCH"})").empty());
    CHECK(has(found(changed(R"("resources")",
                            R"("personality": {"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]},
                               "resources")")),
              "low address-space /linux/personality/flags/0"));
}

}  // namespace cleat::audit
