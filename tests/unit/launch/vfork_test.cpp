// Unit tests of launch/vfork.cpp.
#include "../../../src/launch/vfork.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <memory>
#include <string>

#include "cleat/sys/process.hpp"

namespace cleat::launch {
namespace {

bool is_skipped() {
    if (!kHasVfork) MESSAGE("skipped: this build has no children in their parent's memory");
    return !kHasVfork;
}

int status_of(pid_t pid) {
    int status = -1;
    return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int threads() {
    std::ifstream file("/proc/self/status");
    for (std::string word; file >> word;)
        if (word == "Threads:") return file >> word ? std::stoi(word) : -1;
    return -1;
}

}  // namespace

TEST_CASE("parent and child run at once, in the same memory") {
    if (is_skipped()) return;
    std::atomic<int> said = 0;
    Vfork vfork;
    REQUIRE(vfork.begin({}, [&said] {
        said = 1;
        said.notify_one();
        said.wait(1);  // the parent goes on while there is a child
        ::_exit(said + 40);
    }));
    const auto child = vfork.meet();
    REQUIRE(child);
    said.wait(0);
    CHECK(said == 1);
    said = 2;
    said.notify_one();
    CHECK(status_of(child->pid) == 42);
}

TEST_CASE("a child is met by its pid and pidfd, and the thread ends with it") {
    if (is_skipped()) return;
    pid_t pid_of_child = 0;
    Vfork vfork;
    REQUIRE(vfork.begin({}, [&pid_of_child] {
        pid_of_child = ::getpid();
        ::_exit(0);
    }));
    const auto child = vfork.meet();
    REQUIRE(child);
    CHECK(sys::wait_gone(child->pidfd.get(), std::chrono::seconds{10}) == true);
    vfork.join();
    CHECK(child->pid == pid_of_child);
    CHECK(threads() == 1);
    CHECK(status_of(child->pid) == 0);
}

TEST_CASE("the parent's memory is its own again once the child has executed a program") {
    if (is_skipped()) return;
    Vfork vfork;
    REQUIRE(vfork.begin({}, [] {
        const char* words[] = {"/bin/sleep", "1000", nullptr};
        ::execve(words[0], const_cast<char**>(words), nullptr);
        ::_exit(1);
    }));
    const auto child = vfork.meet();
    REQUIRE(child);
    vfork.join();  // returns though the child lives
    CHECK(threads() == 1);
    CHECK(::kill(child->pid, SIGKILL) == 0);
    int status = 0;
    CHECK(::waitpid(child->pid, &status, 0) == child->pid);
    CHECK(WTERMSIG(status) == SIGKILL);
}

TEST_CASE("the child has descriptors, a directory, an errno and new memory of its own") {
    if (is_skipped()) return;
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const std::string here(64, '\0');
    std::unique_ptr<std::string> of_child;
    Vfork vfork;
    errno = EDOM;
    REQUIRE(vfork.begin({}, [&] {
        const bool closed = ::close(null) == 0 && ::chdir("/proc") == 0 && ::close(-1) < 0;
        of_child = std::make_unique<std::string>(1000, 'c');
        ::_exit(closed && errno == EBADF ? 0 : 1);
    }));
    const auto child = vfork.meet();
    REQUIRE(child);
    CHECK(status_of(child->pid) == 0);
    vfork.join();
    CHECK(errno == EDOM);
    CHECK(::fcntl(null, F_GETFD) == FD_CLOEXEC);
    CHECK(::access("self/status", F_OK) < 0);
    REQUIRE(of_child);
    CHECK(*of_child == std::string(1000, 'c'));
    static_cast<void>(of_child.release());  // of the piece that the parent has lent
    ::close(null);
}

TEST_CASE("a child that is killed leaves its parent well") {
    if (is_skipped()) return;
    for (int i = 0; i < 20; ++i) {
        Vfork vfork;
        REQUIRE(vfork.begin({}, [] {
            for (std::string text;; text += 'x')
                if (text.size() > 5000) text = {};
        }));
        const auto child = vfork.meet();
        REQUIRE(child);
        CHECK(::kill(child->pid, SIGKILL) == 0);
        int status = 0;
        CHECK(::waitpid(child->pid, &status, 0) == child->pid);
        vfork.join();
        CHECK(std::string(100'000, 'y').back() == 'y');
    }
}

TEST_CASE("a clone that the kernel refuses is an error, without a child") {
    if (is_skipped()) return;
    Vfork vfork;
    REQUIRE(vfork.begin({.flags = CLONE_NEWNS | CLONE_FS}, [] { ::_exit(0); }));
    const auto child = vfork.meet();
    REQUIRE_FALSE(child);
    CHECK(child.error().errno_value == EINVAL);
    vfork.join();
    CHECK(::waitpid(-1, nullptr, WNOHANG) < 0);
    CHECK(errno == ECHILD);
}

}  // namespace cleat::launch
