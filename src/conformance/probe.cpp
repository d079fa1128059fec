// Room: conformance. The probe and the hook: this program as it runs inside a container that
// another runtime made, or as that runtime's hook. It has what a container has: no file is certain.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "acts.hpp"
#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "facts.hpp"
#include "part.hpp"

namespace cleat::conformance {
namespace {

constexpr int kFailure = 1;
constexpr mode_t kMode = 0666;

bool print(const std::string& line) {
    return sys::write_all(STDOUT_FILENO, line + '\n').has_value();
}

/// Until TERM or INT; what else is waited for is printed by name.
int wait_for_signals() {
    ::sigset_t signals;
    ::sigemptyset(&signals);
    for (const int one : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP, SIGWINCH})
        ::sigaddset(&signals, one);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    static_cast<void>(print("ready"));
    int got = 0;
    while (::sigwait(&signals, &got) == 0) {
        static_cast<void>(print(concat("signal ", got)));
        if (got == SIGTERM || got == SIGINT) return 0;
    }
    return kFailure;
}

/// The last act says how the process goes on; nullopt if it is one like the others.
std::optional<int> end(const std::string& last) {
    if (last == "wait") return wait_for_signals();
    if (last == "pause") {
        while (::pause() != 0) continue;
    }
    if (last.starts_with("exit:")) return parse_number<int>(last.substr(5)).value_or(kFailure);
    if (last.starts_with("die:")) {
        ::raise(parse_number<int>(last.substr(4)).value_or(SIGKILL));
        return kFailure;
    }
    return std::nullopt;
}

}  // namespace

int probe(const std::vector<std::string>& acts, const std::vector<std::string>& arguments) {
    if (acts.size() == 1 && acts[0] == "pause") return end(acts[0]).value_or(0);
    Value out = facts(arguments);
    Value did = array();
    for (const auto& one : acts) append(did, act(one));
    put(out, "did", std::move(did));
    if (!print(dump(out))) return kFailure;
    return acts.empty() ? 0 : end(acts.back()).value_or(0);
}

int hook(const std::vector<std::string>& words) {
    if (words.size() < 2) return kFailure;
    Value entry = object();
    put(entry, "name", text(words[1]));
    const auto input = words[1] == "process" ? std::string() : sys::read_all(STDIN_FILENO);
    const auto state = input ? parse(*input) : Result<Value>(fail(ErrorKind::Internal, "no input"));
    put(entry, "state", state.value_or(Value{}));
    put(entry, "stdin", text(input.value_or("")));
    put(entry, "facts", facts(words));
    // Only before the root is changed does a file of the host have its path here.
    put(entry, "host", text(sys::exists_at(sys::kHere, words[0].c_str()) ? "yes" : "no"));
    Value did = array();
    for (std::size_t i = 2; i < words.size(); ++i) append(did, act(words[i]));
    put(entry, "did", std::move(did));
    const auto log =
        sys::open_at(sys::kHere, words[0].c_str(), O_WRONLY | O_APPEND | O_CREAT, kMode);
    if (!log || !sys::write_all(log->get(), dump(entry) + '\n')) return kFailure;
    return words.size() > 2 ? end(words.back()).value_or(0) : 0;
}

}  // namespace cleat::conformance
