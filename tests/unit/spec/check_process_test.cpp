// Unit tests of spec/check_process.cpp.
#include "../../../src/spec/check.hpp"
#include "documents.hpp"

namespace cleat::spec {
namespace {

using documents::Mistake;

Decoded<Process> with_process(std::string_view more) {
    return decode_process(concat(R"({"args": ["x"], "cwd": "/")", more, "}"));
}

}  // namespace

TEST_CASE("a process names a program and an absolute directory") {
    constexpr Mistake kRows[] = {
        {R"({"cwd": "/"})", "/args", "must name a program"},
        {R"({"args": [], "cwd": "/"})", "/args", "must name a program"},
        {R"({"args": [""], "cwd": "/"})", "/args/0", "must not be empty"},
        {R"({"args": ["x"], "cwd": ""})", "/cwd", "must be an absolute path"},
        {R"({"args": ["x"], "cwd": "tmp"})", "/cwd", "must be an absolute path"},
    };
    for (const auto& row : kRows) documents::check_mistake(decode_process(row.text), row);
}

TEST_CASE("what no process can have is refused with its place") {
    constexpr Mistake kRows[] = {
        {R"(, "env": ["A=1", "B"])", "/env/1", "must be NAME=VALUE"},
        {R"(, "env": ["=x"])", "/env/0", "must be NAME=VALUE"},
        {R"(, "user": {"uid": 4294967295})", "/user/uid", "is no user id"},
        {R"(, "user": {"gid": 4294967295})", "/user/gid", "is no group id"},
        {R"(, "user": {"additionalGids": [1, 4294967295]})", "/user/additionalGids/1",
         "is no group id"},
        {R"(, "user": {"umask": 512})", "/user/umask", "must be 0 to 0777"},
        {R"(, "oomScoreAdj": 1001)", "/oomScoreAdj", "must be -1000 to 1000"},
        {R"(, "oomScoreAdj": -1001)", "/oomScoreAdj", "must be -1000 to 1000"},
        {R"(, "terminal": true, "consoleSize": {"height": 65536, "width": 1})", "/consoleSize",
         "0 to 65535"},
        {R"(, "rlimits": [{"type": "RLIMIT_X", "soft": 1, "hard": 1}])", "/rlimits/0/type",
         "unknown rlimit"},
        {R"(, "rlimits": [{"type": "RLIMIT_CPU", "soft": 2, "hard": 1}])", "/rlimits/0/soft",
         "soft is greater than hard"},
        {R"(, "rlimits": [{"type": "RLIMIT_CPU", "soft": 1, "hard": 1},
                          {"type": "RLIMIT_CPU", "soft": 1, "hard": 1}])",
         "/rlimits/1/type", "duplicate rlimit RLIMIT_CPU"},
        {R"(, "scheduler": {"policy": "SCHED_X"})", "/scheduler/policy", "unknown scheduler"},
        {R"(, "scheduler": {"policy": "SCHED_OTHER", "nice": 20})", "/scheduler/nice", "-20 to 19"},
        {R"(, "scheduler": {"policy": "SCHED_FIFO"})", "/scheduler/priority", "1 to 99"},
        {R"(, "scheduler": {"policy": "SCHED_RR", "priority": 100})", "/scheduler/priority",
         "1 to 99"},
        {R"(, "scheduler": {"policy": "SCHED_BATCH", "priority": 1})", "/scheduler/priority",
         "needs the scheduler policy"},
        {R"(, "scheduler": {"policy": "SCHED_OTHER", "runtime": 1})", "/scheduler/policy",
         "need SCHED_DEADLINE"},
        {R"(, "scheduler": {"policy": "SCHED_OTHER", "flags": ["X"]})", "/scheduler/flags/0",
         "unknown flag"},
        {R"(, "ioPriority": {"class": "X"})", "/ioPriority/class", "unknown ioPriority class"},
        {R"(, "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 8})", "/ioPriority/priority",
         "must be 0 to 7"},
        {R"(, "execCPUAffinity": {"initial": "all"})", "/execCPUAffinity/initial", "no list"},
        {R"(, "execCPUAffinity": {"final": "3-1"})", "/execCPUAffinity/final", "no list"},
    };
    for (const auto& row : kRows) documents::check_mistake(with_process(row.text), row);
}

TEST_CASE("the ends of the ranges are taken") {
    for (const char* text :
         {R"(, "oomScoreAdj": -1000)", R"(, "oomScoreAdj": 1000)", R"(, "user": {"umask": 511})",
          R"(, "user": {"uid": 4294967294})",
          R"(, "terminal": true, "consoleSize": {"height": 65535, "width": 0})",
          R"(, "terminal": false, "consoleSize": {"height": 65536, "width": 0})",
          R"(, "consoleSize": {"height": 0, "width": 65535})",
          R"(, "rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": 18446744073709551615}])",
          R"(, "scheduler": {"policy": "SCHED_FIFO", "priority": 99})",
          R"(, "scheduler": {"policy": "SCHED_OTHER", "nice": -20})",
          R"(, "ioPriority": {"class": "IOPRIO_CLASS_IDLE", "priority": 7})",
          R"(, "execCPUAffinity": {"initial": "0", "final": "0-3, 7"})", R"(, "env": ["A="])"})
        CHECK_MESSAGE(documents::problems_of(with_process(text)) == "", text);
}

TEST_CASE("lists of numbers") {
    for (const char* good : {"0", "0-3", "0-3,7", "1,2,3", " 1 - 2 ,4\n"})
        CHECK(is_number_list(good));
    for (const char* bad : {"", ",", "1,", "-1", "1-", "3-1", "a", "1-2-3", "65536", " "})
        CHECK_FALSE(is_number_list(bad));
}

}  // namespace cleat::spec
