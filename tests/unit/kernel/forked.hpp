// Tests of room kernel: what a step does to a process is looked at in a child that may be spoilt.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace cleat::test {

/// How a child ended.
struct Ended {
    int exit_code = -1;
    int signal = 0;
};

/// An exception must end the child, or it would go on with the tests of its parent.
template <class Body>
auto without_exceptions(Body& body) noexcept {
    return body();
}

/// Runs `body` in a child; what it returns is the child's exit code.
template <class Body>
Ended in_child(Body&& body) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(without_exceptions(body));
    int status = 0;
    if (pid < 0 || ::waitpid(pid, &status, 0) != pid) return {};
    if (WIFSIGNALED(status)) return {.signal = WTERMSIG(status)};
    return {.exit_code = WEXITSTATUS(status)};
}

/// Runs `body` in a child; gives back the text that it returns.
template <class Body>
std::string text_from_child(Body&& body) {
    int ends[2];
    if (::pipe(ends) < 0) return "no pipe";
    const pid_t pid = ::fork();
    if (pid == 0) {
        const std::string text = without_exceptions(body);
        const auto written = ::write(ends[1], text.data(), text.size());
        ::_exit(written < 0 ? 1 : 0);
    }
    ::close(ends[1]);
    std::string text;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(got));
    ::close(ends[0]);
    if (pid > 0) ::waitpid(pid, nullptr, 0);
    return text;
}

inline bool is_root() { return ::geteuid() == 0; }

inline bool skip_without_root() {
    if (is_root()) return false;
    MESSAGE("skipped: needs root");
    return true;
}

}  // namespace cleat::test
