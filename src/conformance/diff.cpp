// Room: conformance. The differential mode: random configurations under several runtimes.
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <map>

#include "cleat/base/text.hpp"
#include "cleat/conformance/conformance.hpp"
#include "cleat/sys/files.hpp"
#include "diff_shrink.hpp"
#include "facts.hpp"
#include "interruption.hpp"
#include "workshop.hpp"

namespace cleat::conformance {
namespace {

using std::chrono::steady_clock;

struct Tallies {
    std::size_t run = 0, explained = 0, unexplained = 0;
    std::map<std::string, std::size_t> reasons = {};    ///< by line of the summary
    std::map<std::string, std::size_t> disagreed = {};  ///< facts on which peers disagree
};

/// A shrunk difference that was printed: its facts, and the names of its choices.
struct Known {
    std::set<std::string> facts;
    std::set<std::string> choices;
    std::size_t number = 0;
    std::size_t count = 1;
};

Result<void> print(const std::string& line) { return sys::write_all(STDOUT_FILENO, line); }

void count_explained(const Found& found, Tallies& tallies) {
    for (const auto& one : found.differences) {
        if (one.kind == Difference::Kind::PeersDisagree) ++tallies.disagreed[one.fact];
        for (const auto* row : one.reasons)
            ++tallies.reasons[concat(row->name, ": ", row->reason, " (", row->clause, ")")];
    }
}

std::string text_of(const Found& found, const std::vector<Judged>& runtimes) {
    std::string out;
    for (const auto& one : found.differences) {
        if (one.kind != Difference::Kind::Unexplained) continue;
        out += concat("  ", one.fact, "\n");
        for (std::size_t i = 0; i < runtimes.size(); ++i)
            out += concat("    ", runtimes[i].name, ": ", one.values[i],
                          found.errors[i].empty() ? "" : " ", found.errors[i], "\n");
    }
    for (const auto& one : found.choices)
        out += concat("  choice ", one.name, ": ", one.run.empty() ? "" : one.run + " ", one.patch,
                      "\n");
    return out + concat("  config.json: ", dump(found.config), "\n");
}

class Comparison {
 public:
    Comparison(const DiffOptions& options, Runner& runner, std::vector<const Choice*> choices)
        : options_(options), runner_(runner), choices_(std::move(choices)) {}

    Result<void> run() {
        const Interruption interruption;
        const auto end = steady_clock::now() + options_.time;
        for (std::uint32_t i = 0; i < options_.count && !interruption.came(); ++i) {
            if (options_.time.count() > 0 && steady_clock::now() >= end) break;
            show_progress(i, options_.count, concat(tallies_.unexplained, " unexplained"));
            TRY(run_one(i));
        }
        show_progress(0, 0, "");
        return {};
    }
    [[nodiscard]] Result<void> summarize() const;
    [[nodiscard]] bool is_good() const noexcept { return tallies_.unexplained == 0; }

 private:
    Result<void> run_one(std::uint32_t index);
    Result<void> report(Found found, std::uint32_t index);
    std::set<std::string> new_facts(const Found& found);

    const DiffOptions& options_;
    Runner& runner_;
    std::vector<const Choice*> choices_;
    Tallies tallies_;
    std::vector<Known> known_;
};

Result<void> Comparison::run_one(std::uint32_t index) {
    constexpr unsigned kSeedShift = 32;
    Random random((std::uint64_t{options_.seed} << kSeedShift) + index);
    // The first one is the default config.json itself.
    auto found =
        TRY(compare(runner_, index == 0 ? std::vector<Chosen>{} : choose(choices_, random)));
    // Again, as a difference that is not repeated is a matter of time.
    if (!unexplained(found).empty()) {
        auto again = TRY(compare(runner_, found.choices));
        const auto facts = unexplained(again);
        for (const auto& fact : unexplained(found))
            if (!facts.contains(fact))
                TRY(print(concat("configuration ", index, ": seen once: ", fact, "\n")));
        found = std::move(again);
    }
    ++tallies_.run;
    count_explained(found, tallies_);
    if (unexplained(found).empty()) {
        if (!found.differences.empty()) ++tallies_.explained;
        return {};
    }
    ++tallies_.unexplained;
    return report(std::move(found), index);
}

std::set<std::string> Comparison::new_facts(const Found& found) {
    std::set<std::string> names;
    for (const auto& one : found.choices) names.insert(one.name);
    auto left = unexplained(found);
    for (auto& known : known_) {
        if (!std::ranges::includes(names, known.choices)) continue;
        std::size_t removed = 0;
        for (const auto& fact : known.facts) removed += left.erase(fact);
        known.count += removed > 0 ? 1 : 0;
    }
    return left;
}

Result<void> Comparison::report(Found found, std::uint32_t index) {
    const auto wanted = new_facts(found);
    if (wanted.empty()) return {};
    auto smallest = TRY(shrink(runner_, std::move(found), wanted));
    Known known{.facts = unexplained(smallest), .choices = {}, .number = known_.size() + 1};
    for (const auto& one : smallest.choices) known.choices.insert(one.name);
    const auto shown = new_facts(smallest);
    std::erase_if(smallest.differences,
                  [&](const Difference& one) { return !shown.contains(one.fact); });
    known_.push_back(known);
    return print(concat("difference ", known.number, ": seed ", options_.seed, ", configuration ",
                        index, "\n", text_of(smallest, runner_.runtimes())));
}

Result<void> Comparison::summarize() const {
    std::string out;
    for (const auto& one : known_)
        out += concat("difference ", one.number, ": ", one.count, " times\n");
    for (const auto& [fact, count] : tallies_.disagreed)
        out += concat("the peers disagree: ", fact, ": ", count, " times\n");
    for (const auto& [reason, count] : tallies_.reasons)
        out += concat("explained: ", reason, ": ", count, " times\n");
    out += concat(tallies_.run, " configurations, ", tallies_.explained,
                  " with an explained difference, ", tallies_.unexplained,
                  " with an unexplained difference\n");
    return print(out);
}

}  // namespace

Result<bool> diff(const DiffOptions& options) {
    if (options.peers.empty())
        return fail(ErrorKind::InvalidArgument, "no runtime to compare with (--diff PATH)");
    std::vector<Judged> runtimes;
    runtimes.push_back(TRY(look_at(options.runtime.empty() ? "/proc/self/exe" : options.runtime)));
    for (const auto& name : options.peers) runtimes.push_back(TRY(look_at(name)));
    name_apart(runtimes);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    const auto workshop = TRY(Workshop::make());
    const Circumstances known{
        .host = facts({}), .cgroups = Cgroups::look(), .features = {}, .spec = {}};
    Runner runner({.directory = workshop.path(),
                   .probe = workshop.probe(),
                   .limit = options.limit,
                   .runtimes = runtimes});
    TRY(print(concat("seed ", options.seed, "\n")));
    Comparison comparison(options, runner, possible_choices(known));
    TRY(comparison.run());
    TRY(comparison.summarize());
    return comparison.is_good();
}

}  // namespace cleat::conformance
