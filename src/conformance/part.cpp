// Room: conformance. Which part of a case this process plays.
#include "part.hpp"

#include <grp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "cleat/base/text.hpp"
#include "cleat/conformance/conformance.hpp"
#include "cleat/sys/files.hpp"
#include "diff_run.hpp"
#include "worker.hpp"

namespace cleat::conformance {
namespace {

constexpr int kUnknown = 64;

struct Kind {
    std::string_view name;
    int flag;
};
constexpr Kind kKinds[] = {{"net", CLONE_NEWNET},   {"ipc", CLONE_NEWIPC},
                           {"uts", CLONE_NEWUTS},   {"mnt", CLONE_NEWNS},
                           {"user", CLONE_NEWUSER}, {"cgroup", CLONE_NEWCGROUP}};

}  // namespace

int hold(const std::vector<std::string>& names) {
    for (const auto& name : names)
        for (const auto& kind : kKinds)
            if (kind.name == name && ::unshare(kind.flag) != 0) {
                static_cast<void>(sys::write_all(STDOUT_FILENO, errno_name(errno)));
                return 1;
            }
    static_cast<void>(sys::write_all(STDOUT_FILENO, "ready"));
    while (::pause() != 0) continue;
    return 0;
}

namespace {

void limit(int resource, std::string_view value) {
    const auto number = parse_number<::rlim_t>(value).value_or(RLIM_INFINITY);
    const ::rlimit both{.rlim_cur = number, .rlim_max = number};
    ::setrlimit(static_cast<::__rlimit_resource>(resource), &both);
}

/// Conditions that a program inherits from its caller.
void impose(std::string_view condition, std::string_view value) {
    const int number = parse_number<int>(value).value_or(0);
    if (condition.starts_with("umask:")) ::umask(static_cast<mode_t>(number));
    if (condition.starts_with("nice:")) ::setpriority(PRIO_PROCESS, 0, number);
    if (condition.starts_with("oom:"))
        static_cast<void>(sys::write_text_at(sys::kHere, "/proc/self/oom_score_adj", value));
    if (condition.starts_with("ignore:")) static_cast<void>(::signal(number, SIG_IGN));
    if (condition.starts_with("descriptor:")) ::dup2(STDIN_FILENO, number);
    ::sigset_t one;
    ::sigemptyset(&one);
    if (condition.starts_with("block:") && ::sigaddset(&one, number) == 0)
        ::sigprocmask(SIG_BLOCK, &one, nullptr);
    ::cpu_set_t processors;
    CPU_ZERO(&processors);
    CPU_SET(static_cast<unsigned>(number), &processors);
    if (condition.starts_with("affinity:")) ::sched_setaffinity(0, sizeof processors, &processors);
}

void meet(std::string_view condition) {
    const std::string_view value = condition.substr(condition.find(':') + 1);
    std::array<int, 2> ends{};
    if (condition.starts_with("nofile:")) limit(RLIMIT_NOFILE, value);
    if (condition.starts_with("fsize:")) limit(RLIMIT_FSIZE, value);
    impose(condition, value);
    const auto group = parse_number<::gid_t>(value).value_or(0);
    if (condition.starts_with("groups:") && ::geteuid() == 0) ::setgroups(1, &group);
    // The program's words have the text, and they are there until it is executed.
    if (condition.starts_with("env:")) ::putenv(const_cast<char*>(value.data()));
    if (condition == "closed") ::close_range(STDIN_FILENO, STDERR_FILENO, 0);
    if (condition != "unread" || ::pipe(ends.data()) != 0) return;
    ::dup2(ends[1], STDOUT_FILENO);
    for (const int end : ends) ::close(end);
}

}  // namespace

int under(const std::vector<std::string>& words) {
    const auto dashes = std::ranges::find(words, "--");
    std::for_each(words.begin(), dashes, meet);
    std::vector<char*> program;
    const auto first = dashes == words.end() ? dashes : dashes + 1;
    for (auto word = first; word != words.end(); ++word)
        program.push_back(const_cast<char*>(word->c_str()));  // execve(2) changes nothing
    program.push_back(nullptr);
    if (program.size() > 1) ::execvp(program[0], program.data());
    return kUnknown;
}

bool is_part(int argc, char** argv) noexcept {
    return argc > 2 && std::string_view(argv[1]) == kPart;
}

int play_part(int argc, char** argv) {
    const std::vector<std::string> arguments(argv, argv + argc);
    const std::vector<std::string> words(arguments.begin() + 3, arguments.end());
    if (arguments[2] == "probe") return probe(words, arguments);
    if (arguments[2] == "hook") return hook(words);
    if (arguments[2] == "hold") return hold(words);
    if (arguments[2] == "under") return under(words);
    if (arguments[2] == "case") return work(words);
    if (arguments[2] == "diff") return run_choices(words);
    return kUnknown;
}

}  // namespace cleat::conformance
