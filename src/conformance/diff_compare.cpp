// Room: conformance. The reports of several runtimes about one configuration, compared.
#include "diff_compare.hpp"

#include <algorithm>
#include <set>

#include "cleat/base/text.hpp"

namespace cleat::conformance {
namespace {

constexpr const char* kMissing = "(missing)";

void flatten(const Value& value, const std::string& path, std::map<std::string, std::string>& out) {
    if (value.kind != Value::Kind::Object || value.members.empty()) {
        out[path] = dump(value);
        return;
    }
    for (const auto& [name, child] : value.members)
        flatten(child, path.empty() ? name : concat(path, "/", name), out);
}

/// The row of the table that explains the value of one runtime.
const Explained* explanation_of(std::string_view runtime, const Difference& difference,
                                std::size_t index, const Value& config) {
    const auto rows = explained_differences();
    const auto found = std::ranges::find_if(rows, [&](const Explained& row) {
        return runtime.starts_with(row.runtime) && is_like(difference.fact, row.fact) &&
               difference.values[index].find(row.value) != std::string::npos &&
               holds(row.when, config);
    });
    return found == rows.end() ? nullptr : &*found;
}

void explain(Difference& difference, const std::vector<Judged>& runtimes, const Value& config) {
    using enum Difference::Kind;
    const std::string& own = difference.values[0];
    if (const auto* const row = explanation_of("judged", difference, 0, config)) {
        difference.kind = Explained;
        difference.reasons = {row};
        return;
    }
    std::set<std::string> others;
    for (std::size_t i = 1; i < runtimes.size(); ++i) {
        const auto* const row = difference.values[i] == own
                                    ? nullptr
                                    : explanation_of(runtimes[i].name, difference, i, config);
        if (row != nullptr)
            difference.reasons.push_back(row);
        else
            others.insert(difference.values[i]);
    }
    if (others.empty() || (others.size() == 1 && others.contains(own))) {
        difference.kind = difference.reasons.empty() ? PeersDisagree : Explained;
    } else if (others.size() > 1 && others.contains(own)) {
        difference.kind = PeersDisagree;
    }
}

/// Without a container there is nothing to compare but that there is none, and what is left.
bool is_compared(const std::string& fact, bool all_ran, bool same_outcome) {
    if (fact.starts_with("config/") || fact == "error") return false;
    if (fact == "outcome" || all_ran) return true;
    return same_outcome && fact.starts_with("left/");
}

}  // namespace

std::map<std::string, std::string> flattened(const Value& report) {
    std::map<std::string, std::string> out;
    flatten(report, "", out);
    return out;
}

std::vector<Difference> differences(const std::vector<Judged>& runtimes,
                                    const std::vector<Value>& reports) {
    std::vector<std::map<std::string, std::string>> all;
    std::set<std::string> facts;
    std::set<std::string> outcomes;
    for (const auto& report : reports) {
        all.push_back(flattened(report));
        for (const auto& [fact, value] : all.back()) facts.insert(fact);
        outcomes.insert(text_at(report, "outcome"));
    }
    const bool all_ran = outcomes.size() == 1 && outcomes.contains("ran");
    const Value* const config = at(reports[0], "config");
    std::vector<Difference> out;
    for (const auto& fact : facts) {
        if (!is_compared(fact, all_ran, outcomes.size() == 1)) continue;
        Difference one{.fact = fact, .values = {}};
        for (const auto& report : all) {
            const auto found = report.find(fact);
            one.values.push_back(found == report.end() ? kMissing : found->second);
        }
        if (std::ranges::count(one.values, one.values[0]) == std::ssize(one.values)) continue;
        explain(one, runtimes, config == nullptr ? object() : *config);
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace cleat::conformance
