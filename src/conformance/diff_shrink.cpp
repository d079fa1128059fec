// Room: conformance. The smallest configuration that still shows a difference.
#include "diff_shrink.hpp"

#include <algorithm>

namespace cleat::conformance {
namespace {

bool shares_one(const std::set<std::string>& one, const std::set<std::string>& other) {
    return std::ranges::any_of(one, [&](const std::string& fact) { return other.contains(fact); });
}

}  // namespace

Result<Found> compare(Runner& runner, const std::vector<Chosen>& choices) {
    const auto reports = TRY(runner.run(choices));
    Found out{.choices = choices,
              .differences = differences(runner.runtimes(), reports),
              .config = {},
              .errors = {}};
    if (const Value* const config = at(reports[0], "config")) out.config = *config;
    for (const auto& report : reports)
        out.errors.push_back(text_at(report, "outcome") == "ran" ? "" : text_at(report, "error"));
    return out;
}

std::set<std::string> unexplained(const Found& found) {
    std::set<std::string> out;
    for (const auto& one : found.differences)
        if (one.kind == Difference::Kind::Unexplained) out.insert(one.fact);
    return out;
}

Result<Found> shrink(Runner& runner, Found found, const std::set<std::string>& wanted) {
    for (std::size_t i = 0; i < found.choices.size();) {
        auto fewer = found.choices;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
        auto tried = TRY(compare(runner, fewer));
        if (shares_one(unexplained(tried), wanted))
            found = std::move(tried);
        else
            ++i;
    }
    return found;
}

}  // namespace cleat::conformance
