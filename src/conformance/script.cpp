// Room: conformance. The scripts of cases.
#include "script.hpp"

#include <unistd.h>

#include <algorithm>

#include "cleat/base/text.hpp"
#include "expect.hpp"

namespace cleat::conformance {
namespace {

std::string_view trimmed(std::string_view line) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return line.substr(begin, line.find_last_not_of(" \t") - begin + 1);
}

const Verb* find_verb(std::string_view name) {
    for (const auto verbs : {runtime_verbs(), host_verbs(), socket_verbs(), faults_verbs()}) {
        const auto found = std::ranges::find(verbs, name, &Verb::name);
        if (found != verbs.end()) return &*found;
    }
    return nullptr;
}

/// Takes "v1:" and the like off; false if the statement is not for here.
bool is_for_here(const Stage& stage, std::string_view& line) {
    const bool unified = stage.known.cgroups.layout() == "v2";
    for (const auto& [prefix, here] : {std::pair{std::string_view("v1: "), !unified},
                                       {std::string_view("v2: "), unified},
                                       {std::string_view("root: "), ::geteuid() == 0}}) {
        if (!line.starts_with(prefix)) continue;
        line.remove_prefix(prefix.size());
        return here;
    }
    return true;
}

/// What follows "~".
Outcome perform_if_supported(Stage& stage, std::string_view line) {
    if (auto broken = perform(stage, concat("?", line))) return broken;
    if (stage.last.status == 0) return std::nullopt;
    stage.refused = stage.last_words();
    return perform(stage, "clean");
}

}  // namespace

Outcome perform(Stage& stage, std::string_view line) {
    line = trimmed(line);
    if (line.empty() || !is_for_here(stage, line)) return std::nullopt;
    if (line.starts_with('~')) return perform_if_supported(stage, line.substr(1));
    if (is_expectation(line)) return expect(stage.seen, stage.filled(line));
    Statement statement;
    std::string_view rest = line;
    if (rest.starts_with('!') || rest.starts_with('?')) {
        statement.wanted = rest[0] == '!' ? Wanted::Failure : Wanted::Any;
        rest.remove_prefix(1);
    }
    statement.verb = rest.substr(0, rest.find(' '));
    const Verb* const verb = find_verb(statement.verb);
    if (verb == nullptr) return Broken{"a statement of the script", concat("no verb: ", line)};
    rest.remove_prefix(statement.verb.size());
    statement.raw = trimmed(rest);
    statement.rest = stage.filled(statement.raw);
    for (const auto word : split(statement.rest, ' '))
        if (!word.empty()) statement.words.emplace_back(word);
    return verb->body(stage, statement);
}

Outcome play(Stage& stage, std::string_view script) {
    for (const auto line : split(script, '\n'))
        for (const auto statement : split(line, ';'))
            if (auto broken = perform(stage, statement); broken || !stage.refused.empty())
                return broken;
    return std::nullopt;
}

}  // namespace cleat::conformance
