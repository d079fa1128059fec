// Unit tests of cli/output.cpp.
#include "output.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

using namespace cleat;
using namespace cleat::cli;

namespace {

lifecycle::View view(const char* id, lifecycle::Status status) {
    lifecycle::View out;
    out.state.oci_version = "1.3.0";
    out.state.id = id;
    out.state.init.pid = 42;
    out.state.bundle = "/bundle";
    out.state.rootfs = "/bundle/rootfs";
    out.state.created = "2026-01-02T03:04:05.000000006Z";
    out.status = status;
    return out;
}

}  // namespace

TEST_CASE("of a listing of ps the lines with the pids are kept") {
    const auto lines = process_lines("USER   PID CMD\nroot     1 init 42\nroot    42 x y\n", {42});
    REQUIRE(lines);
    CHECK(*lines == "USER   PID CMD\nroot    42 x y\n");
    CHECK_FALSE(process_lines("CMD\ninit\n", {1}));
    CHECK_FALSE(process_lines("", {1}));
}

TEST_CASE("columns are as wide as their widest cell") {
    CHECK(table({{"A", "B"}, {"long", "x"}, {"", "y"}}) == "A      B\nlong   x\n       y\n");
    CHECK(table({}) == "");
}

TEST_CASE("the table of containers leaves out what is broken and hides dead pids") {
    auto broken = view("bad", lifecycle::Status::Stopped);
    broken.problem = "damaged";
    const auto text = list_table(
        {view("a", lifecycle::Status::Running), broken, view("b", lifecycle::Status::Stopped)});
    CHECK(text ==
          "ID   PID   STATUS    BUNDLE    CREATED                          OWNER\n"
          "a    42    running   /bundle   2026-01-02T03:04:05.000000006Z   root\n"
          "b    0     stopped   /bundle   2026-01-02T03:04:05.000000006Z   root\n");
}

TEST_CASE("the list in JSON is the state documents on one line") {
    CHECK(list_json({}) == "[]\n");
    const auto text =
        list_json({view("a", lifecycle::Status::Paused), view("b", lifecycle::Status::Stopped)});
    CHECK(text ==
          R"([{"ociVersion":"1.3.0","id":"a","pid":42,"status":"paused","bundle":"/bundle",)"
          R"("rootfs":"/bundle/rootfs","created":"2026-01-02T03:04:05.000000006Z","owner":"root"},)"
          R"({"ociVersion":"1.3.0","id":"b","pid":0,"status":"stopped","bundle":"/bundle",)"
          R"("rootfs":"/bundle/rootfs","created":"2026-01-02T03:04:05.000000006Z","owner":"root"}])"
          "\n");
}

TEST_CASE("pids are a bare array") {
    CHECK(process_json({}) == "[]\n");
    CHECK(process_json({1, 22}) == "[1,22]\n");
}

TEST_CASE("the table of processes has who is there") {
    const auto text = process_table({::getpid(), 4194305});
    CHECK(text.find("UID") == 0);
    CHECK(text.find("unit_cli") != std::string::npos);
    CHECK(text.find("4194305") == std::string::npos);
}
