// Room: conformance. The verbs of scripts that call the runtime.
#include <algorithm>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "part.hpp"
#include "script.hpp"

namespace cleat::conformance {
namespace {

constexpr int kSignalBase = 128;

/// Whether the last call went as wanted. To fail is to say so in time: neither to hang nor to
/// crash.
Outcome judged(const Stage& stage, const Statement& statement) {
    const std::string what = concat(statement.verb, " ", statement.rest);
    if (stage.last.hung) return Broken{concat(what, " answers"), stage.last_words()};
    const bool failed = stage.last.status != 0;
    const bool crashed = stage.last.status >= kSignalBase && stage.last.status != 255;
    if (statement.wanted == Wanted::Success && failed)
        return Broken{concat(what, " succeeds"), stage.last_words()};
    if (statement.wanted == Wanted::Failure && !failed)
        return Broken{concat(what, " fails"), "exit 0"};
    if (statement.wanted == Wanted::Failure && crashed)
        return Broken{concat(what, " fails with an error"), stage.last_words()};
    return std::nullopt;
}

void see_output(Stage& stage) {
    Value seen = object();
    put(seen, "status", number(stage.last.status));
    put(seen, "out", text(stage.last.out));
    put(seen, "err", text(stage.last.err));
    stage.seen = std::move(seen);
}

/// Calls, judges, and shows what came: as facts if it was to succeed and is JSON.
Outcome ask(Stage& stage, const Statement& statement, std::vector<std::string> words,
            Call how = {}) {
    const auto called = stage.call_runtime(std::move(words), std::move(how));
    if (!called) return Broken{"the runtime can be executed", describe(called.error())};
    see_output(stage);
    return judged(stage, statement);
}

/// VERB [FLAG…] ID [WORD…]: the flags are what begins with a dash.
std::vector<std::string> with_id(const Stage& stage, const Statement& statement) {
    std::vector<std::string> words{std::string(statement.verb)};
    auto next = statement.words.begin();
    while (next != statement.words.end() && next->starts_with("-")) words.push_back(*next++);
    words.push_back(stage.id);
    words.insert(words.end(), next, statement.words.end());
    return words;
}

Outcome simple(Stage& stage, const Statement& statement) {
    return ask(stage, statement, with_id(stage, statement));
}

Outcome see_json(Stage& stage, const Statement& statement, std::vector<std::string> words) {
    if (auto broken = ask(stage, statement, std::move(words))) return broken;
    if (statement.wanted == Wanted::Failure) return std::nullopt;
    auto document = parse(stage.last.out);
    if (!document)
        return Broken{concat(statement.verb, " prints JSON"),
                      concat(describe(document.error()), ": ", stage.last.out)};
    stage.seen = *std::move(document);
    return std::nullopt;
}

Outcome do_state(Stage& stage, const Statement& statement) {
    return see_json(stage, statement, with_id(stage, statement));
}

/// features, list…: without an id
Outcome do_features(Stage& stage, const Statement& statement) {
    std::vector<std::string> words = statement.words;
    words.insert(words.begin(), std::string(statement.verb));
    return see_json(stage, statement, std::move(words));
}

/// json WORDS…: prints JSON
Outcome do_json(Stage& stage, const Statement& statement) {
    return see_json(stage, statement, statement.words);
}

Outcome do_create(Stage& stage, const Statement& statement) {
    const std::string pid_file = stage.path("pid");
    static_cast<void>(sys::remove_file_at(sys::kHere, pid_file.c_str()));
    std::vector<std::string> words{"create", "--bundle", stage.bundle(), "--pid-file", pid_file};
    words.insert(words.end(), statement.words.begin(), statement.words.end());
    words.push_back(stage.id);
    stage.made.push_back(stage.id);
    if (auto broken = ask(stage, statement, std::move(words))) return broken;
    if (statement.wanted == Wanted::Failure) return std::nullopt;
    const auto text = sys::read_text_at(sys::kHere, pid_file.c_str());
    stage.pid = parse_number<pid_t>(text.value_or("")).value_or(0);
    if (stage.pid > 0) return std::nullopt;
    const auto state = state_of(stage, stage.id);
    const Value* const pid = state ? at(*state, "pid") : nullptr;
    stage.pid = pid == nullptr ? 0 : static_cast<pid_t>(pid->unsigned_integer);
    return std::nullopt;
}

/// The facts that the probe has printed.
Outcome do_report(Stage& stage, const Statement& /*statement*/) {
    bool ended = false;
    const auto complete = [&] {
        if (stage.output().find('\n') != std::string::npos) return true;
        if (ended) return true;
        ended = stage.pid > 0 && !sys::exists_at(sys::kHere, concat("/proc/", stage.pid).c_str());
        return false;
    };
    static_cast<void>(eventually(stage, complete));
    const std::string output = stage.output();
    auto document = parse(std::string_view(output).substr(0, output.find('\n')));
    if (!document) {
        const auto status = stage.children.status_of(stage.pid);
        return Broken{
            "the container's program runs and prints what it sees",
            concat("it printed \"", output, "\"",
                   status ? concat(", exit ", *status) : std::string(), "; ", stage.last_words())};
    }
    stage.seen = *std::move(document);
    return std::nullopt;
}

/// create, start, report
Outcome do_run(Stage& stage, const Statement& statement) {
    for (const char* const step : {"create", "start"})
        if (auto broken = perform(stage, concat(step, step[0] == 'c' ? " " + statement.rest : "")))
            return broken;
    return do_report(stage, statement);
}

Outcome nothing_exists(Stage& stage) {
    if (auto broken = perform(stage, "!state")) return broken;
    return perform(stage, "clean");
}

/// create fails, and nothing has come of it.
Outcome do_refused(Stage& stage, const Statement& /*statement*/) {
    if (auto broken = perform(stage, "!create")) return broken;
    return nothing_exists(stage);
}

/// As refused; but what is about the process may be found out by start.
Outcome do_refused_late(Stage& stage, const Statement& /*statement*/) {
    const auto created = stage.call_runtime({"create", "--bundle", stage.bundle(), stage.id});
    stage.made.push_back(stage.id);
    if (!created) return Broken{"the runtime can be executed", describe(created.error())};
    if (stage.last.hung) return Broken{"create answers", stage.last_words()};
    if (stage.last.status != 0) {
        see_output(stage);
        return nothing_exists(stage);
    }
    return perform(stage, "!start");
}

Outcome do_wait(Stage& stage, const Statement& statement) {
    std::string status;
    const bool reached = eventually(stage, [&] {
        const auto state = state_of(stage, stage.id);
        status = state ? text_at(*state, "status") : concat("no state (", stage.last_words(), ")");
        return status == statement.rest;
    });
    if (reached) return std::nullopt;
    return Broken{concat("status becomes ", statement.rest), status};
}

/// WORDS… | ACTS…: the command line of the probe after the bar.
std::pair<std::vector<std::string>, std::vector<std::string>> at_bar(const Statement& statement) {
    const auto bar = std::ranges::find(statement.words, "|");
    std::pair<std::vector<std::string>, std::vector<std::string>> out;
    out.first.assign(statement.words.begin(), bar);
    out.second = {"/probe", kPart, "probe"};
    if (bar != statement.words.end())
        out.second.insert(out.second.end(), bar + 1, statement.words.end());
    return out;
}

Outcome do_exec(Stage& stage, const Statement& statement) {
    auto [words, command] = at_bar(statement);
    words.insert(words.begin(), "exec");
    words.push_back(stage.id);
    words.insert(words.end(), command.begin(), command.end());
    if (auto broken = ask(stage, statement, std::move(words))) return broken;
    if (auto document = parse(stage.last.out)) stage.seen = *std::move(document);
    return std::nullopt;
}

/// process PATCH | ACTS…: exec with a process document, which is config.json's with a patch.
Outcome do_process(Stage& stage, const Statement& statement) {
    const auto bar = statement.rest.find('|');
    const auto patch = parse(statement.rest.substr(0, bar));
    Value process = *at(stage.config, "process");
    Value arguments = texts({"/probe", kPart, "probe"});
    if (bar != std::string::npos)
        for (const auto word : split(std::string_view(statement.rest).substr(bar + 1), ' '))
            if (!word.empty()) append(arguments, text(word));
    put(process, "args", std::move(arguments));
    if (patch) merge(process, *patch);
    const std::string file = stage.path("process.json");
    constexpr mode_t kMode = 0644;
    if (!sys::replace_file_at(sys::kHere, file.c_str(), dump(process), kMode))
        return Broken{"process.json can be written", file};
    if (auto broken = ask(stage, statement, {"exec", "--process", file, stage.id})) return broken;
    if (auto document = parse(stage.last.out)) stage.seen = *std::move(document);
    return std::nullopt;
}

/// call WORDS…: as they are
Outcome do_call(Stage& stage, const Statement& statement) {
    return ask(stage, statement, statement.words);
}

/// feed TEXT | WORDS…: with standard input
Outcome do_feed(Stage& stage, const Statement& statement) {
    const auto bar = statement.rest.find(" | ");
    std::vector<std::string> words;
    for (const auto word : split(std::string_view(statement.rest).substr(bar + 3), ' '))
        words.emplace_back(word);
    Call how{};
    how.in = statement.rest.substr(0, bar);
    return ask(stage, statement, std::move(words), std::move(how));
}

/// bare WORDS…: the runtime without --root
Outcome do_bare(Stage& stage, const Statement& statement) {
    std::vector<std::string> words = statement.words;
    words.insert(words.begin(), stage.runtime);
    auto ended = call(stage.children, {.words = words, .limit = stage.limit});
    if (!ended) return Broken{"the runtime can be executed", describe(ended.error())};
    stage.last = *std::move(ended);
    see_output(stage);
    if (auto broken = judged(stage, statement)) return broken;
    if (auto document = parse(stage.last.out)) stage.seen = *std::move(document);
    return std::nullopt;
}

/// each NAME PATH PATCH: for every name that the features tell at PATH, as $NAME in the patch, a
/// container can be created
Outcome do_each(Stage& stage, const Statement& statement) {
    const auto words = split(statement.raw, ' ');
    const Value* const told = words.size() < 3 ? nullptr : at(stage.known.features, words[1]);
    if (told == nullptr || told->elements.empty()) return std::nullopt;
    const std::string name(words[0]);
    const std::string_view patch = statement.raw.substr(words[0].size() + words[1].size() + 2);
    for (const auto& one : told->elements) {
        stage.names[name] = one.text;
        if (auto broken = perform(stage, concat("config ", patch))) return broken;
        for (const char* const step : {"create", "kill KILL", "gone", "wait stopped", "delete"})
            if (auto broken = perform(stage, step))
                return Broken{concat(one.text, ": ", broken->expected), broken->seen};
    }
    return std::nullopt;
}

/// as NAME: another container from now on
Outcome do_as(Stage& stage, const Statement& statement) {
    const auto dash = stage.id.find('+');
    stage.id = concat(stage.id.substr(0, dash), "+", statement.rest);
    if (statement.rest == "-") stage.id.resize(stage.id.size() - 2);
    return std::nullopt;
}

constexpr Verb kVerbs[] = {
    {"create", do_create},
    {"start", simple},
    {"state", do_state},
    {"kill", simple},
    {"delete", simple},
    {"pause", simple},
    {"resume", simple},
    {"update", simple},
    {"ps", simple},
    {"events", simple},
    {"features", do_features},
    {"json", do_json},
    {"report", do_report},
    {"run", do_run},
    {"refused", do_refused},
    {"refused-late", do_refused_late},
    {"wait", do_wait},
    {"exec", do_exec},
    {"process", do_process},
    {"call", do_call},
    {"feed", do_feed},
    {"bare", do_bare},
    {"each", do_each},
    {"as", do_as},
};

}  // namespace

std::span<const Verb> runtime_verbs() noexcept { return kVerbs; }

std::optional<Value> state_of(Stage& stage, const std::string& id) {
    if (!stage.call_runtime({"state", id}) || stage.last.status != 0) return std::nullopt;
    auto document = parse(stage.last.out);
    return document ? std::optional(*std::move(document)) : std::nullopt;
}

}  // namespace cleat::conformance
