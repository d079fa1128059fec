// Room: cgroup. Values in cgroup files, and the texts of their errors.
#include <doctest/doctest.h>

#include <cerrno>

#include "cleat/base/text.hpp"
#include "machine.hpp"

using namespace cleat;
using namespace cleat::cgroup;
using plan::OnFailure;

namespace {

plan::WriteCgroup step(std::string file, std::string value) {
    return {.cgroup = 0, .file = std::move(file), .value = std::move(value)};
}

}  // namespace

TEST_CASE("a value is written to its file") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    const auto pids = cgroups.v1("pids");
    if (pids.empty()) return;
    REQUIRE(cgroup::apply(step("pids.max", "17"), pids));
    CHECK(test::read(pids, "pids.max") == "17");
}

TEST_CASE("an error names the value, the file and the cgroup") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    const auto pids = cgroups.v1("pids");
    if (pids.empty()) return;
    const auto written = cgroup::apply(step("pids.max", "many"), pids);
    REQUIRE_FALSE(written);
    CHECK(written.error().errno_value == EINVAL);
    CHECK(written.error().what == "write \"many\" to pids.max in " + full_path(pids[0]));
    auto ignored = step("pids.max", "many");
    ignored.on_failure = OnFailure::Ignore;
    CHECK(cgroup::apply(ignored, pids).has_value());
}

TEST_CASE("a controller that the cgroup does not have is named") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    for (const auto& one : {cgroups.v1("pids"), cgroups.unified()}) {
        if (one.empty()) continue;
        const auto written = cgroup::apply(step("nonesuch.max", "1"), one);
        REQUIRE_FALSE(written);
        CHECK(written.error().kind == ErrorKind::Unsupported);
        CHECK(describe(written.error()) ==
              "cgroup controller nonesuch is not available in " + full_path(one[0]));
    }
}

TEST_CASE("a file that the kernel does not have and a cgroup that is not there are told apart") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    auto pids = cgroups.v1("pids");
    if (pids.empty()) return;
    const auto unknown = cgroup::apply(step("pids.nonesuch", "1"), pids);
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().what == "this kernel has no pids.nonesuch in " + full_path(pids[0]));
    pids[0].path += "/missing";
    const auto missing = cgroup::apply(step("pids.max", "1"), pids);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().what == "cgroup " + full_path(pids[0]) + " does not exist");
}

TEST_CASE("a name that leads out of the cgroup is refused") {
    const Directories nowhere{{.controllers = {"pids"}, .mountpoint = "/nowhere", .path = "/x"}};
    for (const char* name : {"", "..", "../pids.max", "/etc/passwd", "a/b"}) {
        CAPTURE(name);
        const auto written = cgroup::apply(step(name, "1"), nowhere);
        REQUIRE_FALSE(written);
        CHECK(written.error().kind == ErrorKind::InvalidConfig);
    }
    CHECK_FALSE(cgroup::apply(plan::WriteCgroup{.cgroup = 1, .file = "x", .value = ""}, nowhere));
}

TEST_CASE("both v1 memory limits can be raised and lowered in the plan's order") {
    if (!test::can_make_cgroups()) return;
    const test::Cgroups cgroups;
    cgroups.make_all();
    const auto memory = cgroups.v1("memory");
    if (memory.empty()) return;
    const auto set = [&](const std::string& limit, const std::string& with_swap) {
        REQUIRE(cgroup::apply(step("memory.limit_in_bytes", limit), memory));
        REQUIRE(cgroup::apply(step("memory.memsw.limit_in_bytes", with_swap), memory));
        CHECK(test::read(memory, "memory.limit_in_bytes") == limit);
        CHECK(test::read(memory, "memory.memsw.limit_in_bytes") == with_swap);
    };
    set("16777216", "16777216");
    set("67108864", "134217728");  // the first of them is above the old memory and swap limit
    set("8388608", "8388608");
    REQUIRE(cgroup::apply(step("memory.limit_in_bytes", "-1"), memory));
    CHECK(memory_verdict(memory).limit == std::nullopt);
}
