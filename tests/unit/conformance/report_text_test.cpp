// Unit tests of conformance/report_text.cpp and report_html.cpp.
#include <doctest/doctest.h>

#include "report.hpp"

namespace cleat::conformance {
namespace {

constexpr Case kMust = {"a.must", "has to", "x.md#a", Level::Must, "", "", "", ""};
constexpr Case kShould = {"a.should", "ought to", "x.md#b", Level::Should, "", "", "", ""};
constexpr Subject kSubject = {"spec", "Subject", {}};
using Kind = Verdict::Kind;

std::vector<Row> rows() {
    const Verdict failed{.kind = Kind::Failed, .expected = "a < b", .seen = "\"c\" & d"};
    return {{.subject = &kSubject, .test = &kMust, .verdicts = {{.kind = Kind::Passed}, failed}},
            {.subject = &kSubject,
             .test = &kShould,
             .verdicts = {{.kind = Kind::Skipped, .reason = "not here"}, failed}}};
}

const std::vector<Judged> kRuntimes = {{"/x/one", "one", "one 1"}, {"/x/two", "two", ""}};

TEST_CASE("only a MUST that fails breaks, and not if that is known") {
    auto all = rows();
    CHECK_FALSE(breaks(all[0], all[0].verdicts[0]));
    CHECK(breaks(all[0], all[0].verdicts[1]));
    CHECK_FALSE(breaks(all[1], all[1].verdicts[1]));
    all[0].known = true;
    CHECK_FALSE(breaks(all[0], all[0].verdicts[1]));
    CHECK(counts(tally(all, 1)) ==
          "0 passed, 0 MUST broken, 1 SHOULD broken, 0 skipped, 1 known to fail");
}

TEST_CASE("TAP has a plan, a point for each case and runtime, and the sums") {
    const auto text = tap(kRuntimes, rows());
    CHECK(text.starts_with("TAP version 14\n1..4\nok 1 - one: a.must\n"));
    CHECK(text.find("ok 2 - one: a.should # SKIP not here\n") != std::string::npos);
    CHECK(text.find("not ok 3 - two: a.must\n") != std::string::npos);
    CHECK(text.find("  expected: \"a < b\"\n  seen: \"\\\"c\\\" & d\"\n") != std::string::npos);
    CHECK(text.ends_with("# two: 0 passed, 1 MUST broken, 1 SHOULD broken, 0 skipped\n"));
}

TEST_CASE("what XML and HTML would take for their own is escaped") {
    CHECK(escaped("a<b>&\"\x01") == "a&lt;b&gt;&amp;&quot; ");
    for (const auto& text : {junit(kRuntimes, rows()), html(kRuntimes, rows())}) {
        CHECK(text.find("a &lt; b") != std::string::npos);
        CHECK(text.find("a < b") == std::string::npos);
        CHECK(text.find("&quot;c&quot; &amp; d") != std::string::npos);
    }
    CHECK(junit(kRuntimes, rows()).find("failures=\"2\" skipped=\"0\"") != std::string::npos);
}

}  // namespace
}  // namespace cleat::conformance
