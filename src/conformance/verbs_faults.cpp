// Room: conformance. The verbs of scripts in which the runtime is killed, starved or called several
// times at once.
#include <fcntl.h>
#include <signal.h>

#include <thread>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "facts.hpp"
#include "part.hpp"
#include "script.hpp"

namespace cleat::conformance {
namespace {

using std::chrono::steady_clock;

constexpr int kSignalBase = 128;
constexpr int kMoments = 10;

/// VERB [FLAG…] [WORD…]: with the bundle if it is needed, and the id.
std::vector<std::string> words_of(Stage& stage, std::span<const std::string> given) {
    std::vector<std::string> out{given[0]};
    given = given.subspan(1);
    if (out[0] == "create") {
        out.insert(out.end(), {"--bundle", stage.bundle()});
        stage.made.push_back(stage.id);
    }
    for (; !given.empty() && given[0].starts_with('-'); given = given.subspan(1))
        out.push_back(given[0]);
    out.push_back(stage.id);
    out.insert(out.end(), given.begin(), given.end());
    return out;
}

/// A call that nobody waits for yet.
Result<pid_t> spawn_call(Stage& stage, std::span<const std::string> given) {
    constexpr mode_t kMode = 0666;
    const std::string file = stage.path("out");
    const sys::Fd out =
        TRY(sys::open_at(sys::kHere, file.c_str(), O_WRONLY | O_CREAT | O_APPEND, kMode));
    return stage.children.start({.words = stage.command(words_of(stage, given)), .out = out.get()});
}

/// Brings a container to where VERB can be called, in the regular way.
Outcome prepare(Stage& stage, const std::string& verb) {
    static_cast<void>(sys::remove_file_at(sys::kHere, stage.path("out").c_str()));
    if (verb == "create") return std::nullopt;
    return play(stage, verb == "start" ? "create" : "create; start; says ready");
}

/// The end of a round: by force, and then nothing is left.
Outcome end_round(Stage& stage) { return play(stage, "?delete --force; clean"); }

/// One call, ended by a signal after some time; without one it is let alone. Gives how long it
/// took.
Outcome cut_once(Stage& stage, std::span<const std::string> words, Signal signal,
                 std::chrono::microseconds& time) {
    const auto begin = steady_clock::now();
    const auto pid = spawn_call(stage, words);
    if (!pid) return Broken{"the runtime can be executed", describe(pid.error())};
    if (signal.number != 0) {
        std::this_thread::sleep_for(time);
        ::kill(*pid, signal.number);
    }
    const bool ended = stage.children.wait(*pid, stage.limit).has_value();
    time = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begin);
    if (ended) return std::nullopt;
    stage.children.kill(*pid);
    return Broken{concat(words[0], " comes to an end"), "it runs on"};
}

/// cut SIGNAL VERB WORD…: the call is ended by the signal, at moments spread over the time it
/// takes; each time `delete --force` has to leave nothing.
Outcome do_cut(Stage& stage, const Statement& statement) {
    const auto signal = parse_signal(statement.words.at(0));
    const auto words = std::span(statement.words).subspan(1);
    std::chrono::microseconds whole{};
    for (int moment = 0; signal && moment <= kMoments; ++moment) {
        auto time = whole * moment / kMoments;
        auto broken = prepare(stage, words[0]);
        if (!broken) broken = cut_once(stage, words, moment == 0 ? Signal{0} : *signal, time);
        if (!broken) broken = end_round(stage);
        if (broken) {
            broken->seen += concat(" (", words[0], " was ended at ", moment, " of ", kMoments, ")");
            return broken;
        }
        if (moment == 0) whole = time;
    }
    return std::nullopt;
}

/// What has to hold after a call for want of descriptors.
Outcome judge_starved(Stage& stage, const std::string& verb) {
    const Ended& last = stage.last;
    if (last.hung) return Broken{concat(verb, " answers"), stage.last_words()};
    if (last.status >= kSignalBase && last.status != 255)
        return Broken{concat(verb, " does not crash"), stage.last_words()};
    if (last.status != 0 && last.err.empty() && last.out.empty())
        return Broken{concat(verb, " says why it fails"), stage.last_words()};
    const bool failed = last.status != 0;
    if (verb == "create" && failed) return perform(stage, "clean");
    if (verb == "state" && !failed) {
        const auto state = parse(last.out);
        if (state && text_at(*state, "status") == "running") return std::nullopt;
        return Broken{"the status is running", last.out};
    }
    return verb == "delete" ? perform(stage, "alive") : std::nullopt;
}

/// starved FROM TO VERB WORD…: the call may have so many descriptors, and so many, and so on.
Outcome do_starved(Stage& stage, const Statement& statement) {
    const auto first = parse_number<int>(statement.words.at(0)).value_or(3);
    const auto last = parse_number<int>(statement.words.at(1)).value_or(3);
    const auto words = std::span(statement.words).subspan(2);
    for (int limit = first; limit <= last; ++limit) {
        auto broken = prepare(stage, words[0]);
        if (!broken) {
            stage.around = {"/proc/self/exe", kPart, "under", concat("nofile:", limit), "--"};
            const auto called = stage.call_runtime(words_of(stage, words));
            stage.around.clear();
            if (!called) return Broken{"the runtime can be executed", describe(called.error())};
            broken = judge_starved(stage, words[0]);
        }
        if (!broken) broken = end_round(stage);
        if (!broken) continue;
        broken->seen += concat(" (with ", limit, " descriptors)");
        return broken;
    }
    return std::nullopt;
}

/// under [CONDITION…]: all calls from now on (part.hpp)
Outcome do_under(Stage& stage, const Statement& statement) {
    stage.around.clear();
    if (statement.words.empty()) return std::nullopt;
    stage.around = {"/proc/self/exe", kPart, "under"};
    stage.around.insert(stage.around.end(), statement.words.begin(), statement.words.end());
    stage.around.emplace_back("--");
    return std::nullopt;
}

/// race N VERB WORD…: so many calls at once; {"succeeded": how many, "failed":…}
Outcome do_race(Stage& stage, const Statement& statement) {
    const auto count = parse_number<int>(statement.words.at(0)).value_or(2);
    const auto words = std::span(statement.words).subspan(1);
    std::vector<pid_t> calls;
    for (int i = 0; i < count; ++i) {
        const auto pid = spawn_call(stage, words);
        if (!pid) return Broken{"the runtime can be executed", describe(pid.error())};
        calls.push_back(*pid);
    }
    int succeeded = 0;
    for (const pid_t pid : calls) {
        const auto status = stage.children.wait(pid, stage.limit);
        if (!status) stage.children.kill(pid);
        if (!status) return Broken{concat(words[0], " answers"), "one of them runs on"};
        succeeded += *status == 0 ? 1 : 0;
    }
    stage.seen = object();
    put(stage.seen, "succeeded", number(succeeded));
    put(stage.seen, "failed", number(count - succeeded));
    return std::nullopt;
}

/// begin VERB WORD…: the call goes on while the script does
Outcome do_begin(Stage& stage, const Statement& statement) {
    const auto pid = spawn_call(stage, statement.words);
    if (!pid) return Broken{"the runtime can be executed", describe(pid.error())};
    stage.begun = *pid;
    return std::nullopt;
}

/// ended [SIGNAL]: the call that was begun comes to an end (by a signal); {"status":…}
Outcome do_ended(Stage& stage, const Statement& statement) {
    const auto signal = parse_signal(statement.rest);
    if (signal) ::kill(stage.begun, signal->number);
    const auto status = stage.children.wait(stage.begun, stage.limit);
    if (!status) stage.children.kill(stage.begun);
    if (!status) return Broken{"the call comes to an end", "it runs on"};
    stage.seen = object();
    put(stage.seen, "status", number(*status));
    return std::nullopt;
}

/// damage KIND: what the runtime keeps of the state is empty, half, null or garbage; or whole again
Outcome do_damage(Stage& stage, const Statement& statement) {
    const std::string directory = concat(stage.state_root(), "/", stage.id, "/");
    for (const char* const name : {"state.json", "status"}) {
        const std::string path = directory + name;
        const std::string whole = sys::read_text_at(sys::kHere, path.c_str()).value_or("");
        if (whole.empty()) continue;
        if (statement.rest != "whole") stage.names["WHOLE"] = whole;
        const std::string text = statement.rest == "half"    ? whole.substr(0, whole.size() / 2)
                                 : statement.rest == "null"  ? "null"
                                 : statement.rest == "whole" ? stage.names["WHOLE"]
                                 : statement.rest == "empty" ? ""
                                                             : "\x01garbage{[";
        constexpr mode_t kMode = 0600;
        if (!sys::replace_file_at(sys::kHere, path.c_str(), text, kMode))
            return Broken{"the case can be prepared: damage", path};
        return std::nullopt;
    }
    return Broken{"the case can be prepared: damage", concat("no state in ", directory)};
}

/// reboot: neither processes nor cgroups are there any more, the state is
Outcome do_reboot(Stage& stage, const Statement& /*statement*/) {
    ::kill(stage.pid, SIGKILL);
    if (auto broken = perform(stage, "gone")) return broken;
    stage.known.cgroups.sweep(stage.cgroup());
    return std::nullopt;
}

/// parent CONTROLLER FILE VALUE: the container's cgroup is one in which containers are; "parent
/// gone": it is removed again
Outcome do_parent(Stage& stage, const Statement& statement) {
    constexpr mode_t kMode = 0755;
    if (statement.rest == "gone") {
        stage.known.cgroups.remove(stage.cgroup());
        return std::nullopt;
    }
    const auto* const found = stage.known.cgroups.with(statement.words.at(0));
    if (found == nullptr) return Broken{"the case can be prepared: parent", statement.rest};
    const std::string path = found->point + stage.cgroup();
    auto done = sys::make_directories(path, kMode);
    if (done)
        done = sys::write_text_at(sys::kHere, concat(path, "/", statement.words.at(1)).c_str(),
                                  statement.words.at(2));
    if (done) return std::nullopt;
    return Broken{"the case can be prepared: parent", describe(done.error())};
}

/// hang-up: nobody listens at the socket any more
Outcome do_hang_up(Stage& stage, const Statement& /*statement*/) {
    stage.socket.reset();
    return std::nullopt;
}

constexpr Verb kVerbs[] = {
    {"cut", do_cut},       {"starved", do_starved}, {"under", do_under},   {"race", do_race},
    {"begin", do_begin},   {"ended", do_ended},     {"damage", do_damage}, {"reboot", do_reboot},
    {"parent", do_parent}, {"hang-up", do_hang_up},
};

}  // namespace

std::span<const Verb> faults_verbs() noexcept { return kVerbs; }

}  // namespace cleat::conformance
