#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

#include "../../../src/plan/json.hpp"
#include "sample.hpp"

namespace cleat::plan {
namespace {

template <std::size_t... Index>
std::vector<Step> one_of_each(std::index_sequence<Index...>) {
    return {Step{.action = Action(std::in_place_index<Index>), .origin = "/x"}...};
}

std::vector<Step> one_of_each() {
    return one_of_each(std::make_index_sequence<std::variant_size_v<AnyStep>>{});
}

}  // namespace

TEST_CASE("every kind has a name of its own in kebab case") {
    const auto steps = one_of_each();
    const auto names = sample::kinds(steps);
    CHECK(names.front() == "start-scope");
    CHECK(names.back() == "exec");
    CHECK(std::ranges::find(names, "set-no-new-privileges") != names.end());
    for (std::size_t i = 0; i < names.size(); ++i) {
        CHECK(names[i].find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string_view::npos);
        for (std::size_t j = 0; j < i; ++j) CHECK(names[i] != names[j]);
    }
}

TEST_CASE("every kind has words, on one line") {
    for (const auto& step : one_of_each()) {
        const auto words = print_step(step);
        CHECK_FALSE(words.empty());
        CHECK(words.find('\n') == std::string::npos);
    }
}

TEST_CASE("a plan in JSON has its lists, each step with its kind and origin") {
    Plan plan;
    plan.init = {{.action = SetHostname{.name = "a\"b\n"}, .origin = "/hostname"}};
    CHECK(print_json(plan) == R"({"slots":0,"init":[{"kind":"set-hostname","origin":"/hostname",)"
                              R"("name":"a\"b\u000a"}]})");
}

TEST_CASE("members that say nothing are left out of JSON") {
    CHECK(Json(JsonObject{{"a", false},
                          {"b", std::optional<int>{}},
                          {"c", std::vector<std::string>{}},
                          {"d", 0},
                          {"e", std::vector<std::string>{"x", "y"}}})
              .text == R"({"d":0,"e":["x","y"]})");
}

}  // namespace cleat::plan
