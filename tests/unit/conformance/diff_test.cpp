// Unit tests of conformance/diff_choices.cpp, diff_compare.cpp, diff_explained.cpp and
// diff_mounts.cpp.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "diff_choices.hpp"
#include "diff_compare.hpp"
#include "diff_look.hpp"

namespace cleat::conformance {
namespace {

const std::vector<Judged> kThree = {{.path = "", .name = "cleat", .version = ""},
                                    {.path = "", .name = "runc", .version = ""},
                                    {.path = "", .name = "crun", .version = ""}};

/// The only difference between three reports of one fact.
Difference::Kind kind_of(const char* own, const char* runc, const char* crun) {
    std::vector<Value> reports;
    for (const char* const value : {own, runc, crun}) {
        Value report = object();
        put(report, "outcome", text("ran"));
        put(report, "fact", text(value));
        reports.push_back(std::move(report));
    }
    const auto found = differences(kThree, reports);
    REQUIRE(found.size() == 1);
    return found[0].kind;
}

TEST_CASE("a difference from peers that agree is unexplained") {
    CHECK(kind_of("a", "b", "b") == Difference::Kind::Unexplained);
    CHECK(kind_of("a", "b", "c") == Difference::Kind::Unexplained);
}

TEST_CASE("a value that one of the peers has is explained by their disagreement") {
    CHECK(kind_of("a", "a", "b") == Difference::Kind::PeersDisagree);
    CHECK(kind_of("a", "b", "a") == Difference::Kind::PeersDisagree);
}

TEST_CASE("a container that only one runtime makes is one difference") {
    std::vector<Value> reports;
    for (const char* const json : {R"({"outcome":"ran","a":1})", R"({"outcome":"refused"})",
                                   R"({"outcome":"refused","error":"x"})"})
        reports.push_back(parse(json).value());
    const auto found = differences(kThree, reports);
    REQUIRE(found.size() == 1);
    CHECK(found[0].fact == "outcome");
}

TEST_CASE("a row of the table explains one runtime's value only") {
    std::vector<Value> reports;
    for (const char* const domain : {"example.org", "(none)", "(none)"}) {
        auto report = parse(R"({"outcome":"ran","config":{"domainname":"example.org"}})").value();
        put(report, "domainname", text(domain));
        reports.push_back(std::move(report));
    }
    auto found = differences(kThree, reports);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == Difference::Kind::Unexplained);  // crun's is not explained
    put(reports[2], "domainname", text("example.org"));
    found = differences(kThree, reports);
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == Difference::Kind::Explained);
}

TEST_CASE("patterns and conditions") {
    CHECK(is_like("outside/mounts/:a/flags", "outside/mounts/*/flags"));
    CHECK(is_like("a", "*"));
    CHECK_FALSE(is_like("outside/mounts/:a/super", "outside/mounts/*/flags"));
    const auto config = parse(R"({"process":{"umask":0},"mounts":["bind"]})").value();
    CHECK(holds("process/umask mounts~bind !hooks", config));
    CHECK_FALSE(holds("!process/umask", config));
    CHECK_FALSE(holds("mounts~tmpfs", config));
}

TEST_CASE("alternatives, subsets and numbers of a choice") {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Random random(seed);
        seen.insert(decided("<a|b>", random));
        const auto some = decided("<+1|2|3>", random);
        CHECK_FALSE(some.empty());
        CHECK(some.size() <= 5);
        const auto number = decided("<#3-5>", random);
        CHECK((number == "3" || number == "4" || number == "5"));
    }
    CHECK(seen == std::set<std::string>{"a", "b"});
}

TEST_CASE("every choice is a patch whatever is decided") {
    std::set<std::string> names;
    for (const auto table : {process_choices(), mount_choices(), namespace_choices(),
                             linux_choices(), resource_choices()})
        for (const auto& one : table) {
            CAPTURE(one.name);
            CHECK(names.insert(one.name).second);
            CHECK(one.weight > 0);
            for (std::uint64_t seed = 0; seed < 50; ++seed) {
                Random random(seed);
                std::string patch = decided(one.patch, random);
                for (const auto hook : {"$HOOK(", "$INSIDE("})
                    for (auto at = patch.find(hook); at != std::string::npos; at = patch.find(hook))
                        patch.replace(at, patch.find(')', at) - at + 1, "{}");
                CAPTURE(patch);
                CHECK(parse(patch).has_value());
            }
        }
}

TEST_CASE("a configuration depends on the seed only and has no two choices of a group") {
    std::vector<const Choice*> all;
    for (const auto table : {process_choices(), namespace_choices()})
        for (const auto& one : table) all.push_back(&one);
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Random one(seed);
        Random other(seed);
        const auto chosen = choose(all, one);
        const auto again = choose(all, other);
        CHECK(chosen.size() >= 2);
        CHECK(chosen.size() <= 8);
        REQUIRE(chosen.size() == again.size());
        std::set<std::string> groups;
        for (std::size_t i = 0; i < chosen.size(); ++i) {
            CHECK(chosen[i].patch == again[i].patch);
            CHECK(groups.insert(chosen[i].name.substr(0, chosen[i].name.find('/'))).second);
        }
    }
}

TEST_CASE("peer groups and stacked mounts have labels") {
    const Baseline before{.mountinfo = "1 0 8:1 / / rw shared:7 - ext4 /dev/sda rw"};
    const auto mounts = mounts_of(
        "20 1 8:1 /root / rw shared:30 master:7 - ext4 /dev/sda rw\n"
        "21 20 0:9 / /a ro,nosuid - tmpfs none rw\n"
        "22 21 0:10 / /a rw unbindable - tmpfs none rw\n",
        before);
    CHECK(text_at(mounts, ":/propagation") == "shared:1 master:host");
    CHECK(text_at(mounts, ":/filesystem") == "of the host");
    CHECK(text_at(mounts, ":a/propagation") == "private");
    CHECK(text_at(mounts, ":a #2/propagation") == "unbindable");
    CHECK(text_at(mounts, ":a #2/on") == ":a");
    CHECK(dump(*at(mounts, ":a/flags")) == R"(["nosuid","ro"])");
}

}  // namespace
}  // namespace cleat::conformance
