// Unit tests of lifecycle/documents.cpp and base/time.hpp.
#include <doctest/doctest.h>

#include "cleat/base/time.hpp"
#include "cleat/lifecycle/lifecycle.hpp"
#include "cleat/spec/decode.hpp"
#include "container.hpp"

using namespace cleat;
using namespace cleat::lifecycle;

namespace {

View running() {
    View view;
    view.state.oci_version = "1.3.0";
    view.state.id = "a";
    view.state.init.pid = 42;
    view.state.bundle = "/b";
    view.state.rootfs = "/b/r";
    view.state.created = "T";
    view.state.annotations = {{"k", "v"}};
    view.status = Status::Running;
    return view;
}

}  // namespace

TEST_CASE("a moment is told in UTC with as many digits as asked for") {
    using namespace std::chrono_literals;
    CHECK(rfc3339(0ns, Fraction::Nanoseconds) == "1970-01-01T00:00:00.000000000Z");
    CHECK(rfc3339(0ns, Fraction::None) == "1970-01-01T00:00:00Z");
    CHECK(rfc3339(1709209845s + 7ns, Fraction::Nanoseconds) == "2024-02-29T12:30:45.000000007Z");
}

TEST_CASE("the state document has the members that engines read") {
    CHECK(state_json(running(), Layout::Line) ==
          R"({"ociVersion":"1.3.0","id":"a","pid":42,"status":"running","bundle":"/b",)"
          R"("rootfs":"/b/r","created":"T","annotations":{"k":"v"},"owner":"root"})");
    auto view = running();
    view.status = Status::Stopped;
    view.state.annotations.clear();
    CHECK(state_json(view, Layout::Line) ==
          R"({"ociVersion":"1.3.0","id":"a","pid":0,"status":"stopped","bundle":"/b",)"
          R"("rootfs":"/b/r","created":"T","owner":"root"})");
}

TEST_CASE("hooks read the specification's state, without what it does not name") {
    const auto state = running().state;
    CHECK(hook_document(state, "creating", 7) ==
          R"({"ociVersion":"1.3.0","id":"a","status":"creating","pid":7,"bundle":"/b",)"
          R"("annotations":{"k":"v"}})");
    CHECK(hook_document(state, "stopped", 0) ==
          R"({"ociVersion":"1.3.0","id":"a","status":"stopped","bundle":"/b",)"
          R"("annotations":{"k":"v"}})");
}

TEST_CASE("texts that are not UTF-8 do not break a document") {
    auto view = running();
    view.state.bundle = "/\xff";
    CHECK(state_json(view, Layout::Line).find("/\xef\xbf\xbd") != std::string::npos);
}

TEST_CASE("features say what containerd and CRI-O look for") {
    const auto text = features_json({.version = "1", .commit = "c", .libseccomp = "2"});
    CHECK(text.find("\"netDevices\": {\n      \"enabled\": true") != std::string::npos);
    for (const char* part :
         {"\"rro\"", "\"user\"", "\"time\"", "\"idmap\"", "\"CAP_CHECKPOINT_RESTORE\"",
          "\"SCMP_ACT_NOTIFY\"", "\"SCMP_CMP_MASKED_EQ\"", "\"MPOL_BIND\"", "\"ociVersionMax\""})
        CHECK_MESSAGE(text.find(part) != std::string::npos, std::string(part));
}

TEST_CASE("features say whether there can be checkpoints") {
    for (const bool can : {false, true}) {
        const auto text =
            features_json({.version = "1", .commit = "c", .libseccomp = "2", .checkpoint = can});
        const std::string value = can ? "\": \"true\"" : "\": \"false\"";
        for (const std::string name :
             {"org.opencontainers.runc.checkpoint.enabled", "run.oci.crun.checkpoint.enabled"})
            CHECK(text.find(name + value) != std::string::npos);
    }
}

TEST_CASE("the configuration to begin with is a valid one") {
    for (const auto rootless : {Rootless::No, Rootless::Yes}) {
        const auto text = default_config(rootless);
        const auto decoded = spec::decode_config(text);
        CHECK(decoded.problems.empty());
        REQUIRE(decoded.value);
        CHECK(decoded.value->process->args == std::vector<std::string>{"sh"});
        CHECK(decoded.value->linux.uid_mappings.size() == (rootless == Rootless::Yes ? 1 : 0));
    }
}
