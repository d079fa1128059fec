// Unit tests of spec/check_seccomp.cpp.
#include "documents.hpp"

namespace cleat::spec {
namespace {

using documents::Mistake;

Decoded<Spec> with_seccomp(std::string_view seccomp) {
    return decode_config(documents::config({.linux = concat(R"(, "seccomp": {)", seccomp, "}")}));
}

Decoded<Spec> with_rule(std::string_view rule) {
    return with_seccomp(concat(R"("defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{)", rule, "}]"));
}

}  // namespace

TEST_CASE("profiles that contradict themselves are refused with their place") {
    constexpr Mistake kRows[] = {
        {R"("defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/l")",
         "/linux/seccomp/defaultAction", "SCMP_ACT_NOTIFY as the default"},
        {R"("defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 1)",
         "/linux/seccomp/defaultErrnoRet", "has no meaning with SCMP_ACT_ALLOW"},
        {R"("defaultAction": "SCMP_ACT_TRACE", "defaultErrnoRet": 65536)",
         "/linux/seccomp/defaultErrnoRet", "0 to 65535"},
        {R"("defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_VAX"])",
         "/linux/seccomp/architectures/0", "unknown name \"SCMP_ARCH_VAX\""},
        {R"("defaultAction": "SCMP_ACT_ALLOW", "flags": ["X"])", "/linux/seccomp/flags/0",
         "unknown name \"X\""},
        {R"("defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "l")", "/linux/seccomp/listenerPath",
         "absolute"},
        {R"("defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "m")",
         "/linux/seccomp/listenerMetadata", "needs a listenerPath"},
        {R"("defaultAction": "SCMP_ACT_NONE")", "/linux/seccomp/defaultAction",
         "unknown seccomp action"},
    };
    for (const auto& row : kRows) documents::check_mistake(with_seccomp(row.text), row);
}

TEST_CASE("rules that mean nothing are refused with their place") {
    constexpr Mistake kRows[] = {
        {R"("names": [], "action": "SCMP_ACT_LOG")", "/linux/seccomp/syscalls/0/names",
         "must name a system call"},
        {R"("names": ["a", ""], "action": "SCMP_ACT_LOG")", "/linux/seccomp/syscalls/0/names/1",
         "must not be empty"},
        {R"("names": ["a"], "action": "SCMP_ACT_LOG", "errnoRet": 1)",
         "/linux/seccomp/syscalls/0/errnoRet", "no meaning with SCMP_ACT_LOG"},
        {R"("names": ["a"], "action": "SCMP_ACT_ERRNO", "errnoRet": 4096)",
         "/linux/seccomp/syscalls/0/errnoRet", "0 to 4095"},
        {R"("names": ["a"], "action": "SCMP_ACT_NOTIFY")", "/linux/seccomp/listenerPath",
         "needs a listener"},
        {R"("names": ["a"], "action": "SCMP_ACT_LOG",
            "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}])",
         "/linux/seccomp/syscalls/0/args/0/index", "0 to 5"},
        {R"("names": ["a"], "action": "SCMP_ACT_LOG",
            "args": [{"index": 1, "value": 1, "op": "SCMP_CMP_X"}])",
         "/linux/seccomp/syscalls/0/args/0/op", "unknown seccomp operator"},
    };
    for (const auto& row : kRows) documents::check_mistake(with_rule(row.text), row);
}

TEST_CASE("a profile lets something be executed") {
    for (const char* action : {"SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD",
                               "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO"}) {
        const std::string start = concat(R"("defaultAction": ")", action, "\"");
        documents::check_mistake(with_seccomp(start),
                                 {action, "/linux/seccomp", "no rule allows execve"});
        CHECK(documents::problems_of(with_seccomp(concat(
                  start,
                  R"(, "syscalls": [{"names": ["x", "execve"], "action": "SCMP_ACT_ALLOW"}])"))) ==
              "");
    }
    CHECK(documents::problems_of(with_seccomp(R"("defaultAction": "SCMP_ACT_LOG")")) == "");
}

TEST_CASE("profiles that engines send are taken") {
    CHECK(documents::problems_of(
              with_rule(R"("names": ["a"], "action": "SCMP_ACT_ALLOW", "errnoRet": 0)")) == "");
    CHECK(documents::problems_of(with_rule(
              R"("names": ["no_such_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 4095)")) == "");
}

}  // namespace cleat::spec
