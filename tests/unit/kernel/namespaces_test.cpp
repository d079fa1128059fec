// Tests of room kernel: namespaces, from the path to the loopback.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <ctime>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/process.hpp"
#include "forked.hpp"

using namespace cleat;
using spec::NamespaceType;

namespace {

kernel::Context context_with_slot() {
    kernel::Context context;
    context.slots.resize(1);
    context.proc = *sys::open_proc();
    return context;
}

std::string open_error(NamespaceType type, const std::string& path) {
    auto context = context_with_slot();
    const auto done = kernel::apply(plan::OpenNamespace{type, path, {}}, context);
    return done ? (context.slots[0] ? "" : "no descriptor") : describe(done.error());
}

/// Runs `body` in a new user namespace whose ids begin at 100000 outside; 77 if there is none.
template <class Body>
test::Ended in_user_namespace(Body&& body) {
    int made[2];
    int mapped[2];
    if (::pipe(made) < 0 || ::pipe(mapped) < 0) return {};
    const pid_t pid = ::fork();
    if (pid == 0) {
        char ready = 'y';
        auto context = context_with_slot();
        if (::unshare(CLONE_NEWUSER) < 0) ready = 'n';
        if (::write(made[1], &ready, 1) != 1 || ::read(mapped[0], &ready, 1) != 1) ::_exit(1);
        const auto run = [&] { return body(context); };
        ::_exit(ready == 'y' ? test::without_exceptions(run) : 77);
    }
    if (pid < 0) return {};
    char ready = 'n';
    const std::string directory = "/proc/" + std::to_string(pid);
    const bool done =
        ::read(made[0], &ready, 1) == 1 && ready == 'y' &&
        sys::write_text_at(sys::kHere, (directory + "/uid_map").c_str(), "0 100000 9") &&
        sys::write_text_at(sys::kHere, (directory + "/gid_map").c_str(), "0 100000 9");
    int status = 0;
    if (::write(mapped[1], done ? "y" : "n", 1) != 1 || ::waitpid(pid, &status, 0) != pid)
        return {};
    for (const int fd : {made[0], made[1], mapped[0], mapped[1]}) ::close(fd);
    return {.exit_code = WEXITSTATUS(status)};
}

::timespec read_clock(clockid_t clock) {
    ::timespec now{};
    static_cast<void>(::clock_gettime(clock, &now));
    return now;
}

ino_t inode_of(const char* path) {
    struct ::stat status{};
    return ::stat(path, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

TEST_CASE("a namespace is opened by its path and must be of its type") {
    CHECK(open_error(NamespaceType::Network, "/proc/self/ns/net").empty());
    CHECK(open_error(NamespaceType::Pid, "/proc/self/ns/pid").empty());
    CHECK(open_error(NamespaceType::Mount, "/proc/self/ns/mnt") ==
          "namespace path \"/proc/self/ns/mnt\" is the runtime's own mount namespace: leave the "
          "entry out");
    CHECK(open_error(NamespaceType::Ipc, "/proc/self/ns/ipc").empty());
    CHECK(open_error(NamespaceType::Uts, "/proc/self/ns/uts").empty());
    CHECK(open_error(NamespaceType::User, "/proc/self/ns/user").empty());
    CHECK(open_error(NamespaceType::Cgroup, "/proc/self/ns/cgroup").empty());
    CHECK(open_error(NamespaceType::Time, "/proc/self/ns/time").empty());
    CHECK(open_error(NamespaceType::Network, "/proc/self/ns/uts") ==
          "namespace path \"/proc/self/ns/uts\" is not a network namespace");
    CHECK(open_error(NamespaceType::Network, "/dev/null") ==
          "namespace path \"/dev/null\" is not a network namespace");
    CHECK(open_error(NamespaceType::Ipc, "/no/where") ==
          "ipc namespace: open /no/where: no such file or directory [ENOENT]");
}

TEST_CASE("a fifo in a namespace's place does not stop the start") {
    char name[] = "/tmp/cleat-fifo-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    const std::string path = std::string(name) + "/fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    CHECK(open_error(NamespaceType::Uts, path).find("is not a uts namespace") != std::string::npos);
    ::unlink(path.c_str());
    ::rmdir(name);
}

TEST_CASE("a namespace is joined") {
    if (test::skip_without_root()) return;
    const auto ended = test::in_child([] {
        auto context = context_with_slot();
        const plan::OpenNamespace open{NamespaceType::Uts, "/proc/self/ns/uts", {}};
        if (!kernel::apply(open, context)) return 1;
        const auto before = inode_of("/proc/self/ns/uts");
        if (!kernel::apply(plan::UnshareNamespaces{CLONE_NEWUTS}, context)) return 2;
        if (inode_of("/proc/self/ns/uts") == before) return 3;
        if (!kernel::apply(plan::JoinNamespace{NamespaceType::Uts, {}}, context)) return 4;
        return inode_of("/proc/self/ns/uts") == before ? 0 : 5;
    });
    CHECK(ended.exit_code == 0);
}

TEST_CASE("joining the user namespace that one is in is no fault") {
    const auto ended = test::in_child([] {
        auto context = context_with_slot();
        const plan::OpenNamespace open{NamespaceType::User, "/proc/self/ns/user", {}};
        if (!kernel::apply(open, context)) return 1;
        return kernel::apply(plan::JoinNamespace{NamespaceType::User, {}}, context) ? 0 : 2;
    });
    CHECK(ended.exit_code == 0);
}

TEST_CASE("a failed join names the namespace") {
    auto context = context_with_slot();
    const auto done = kernel::apply(plan::JoinNamespace{NamespaceType::Network, {}}, context);
    REQUIRE(!done);
    CHECK(describe(done.error()) == "join network namespace: bad file descriptor [EBADF]");
    const auto all = kernel::apply(plan::JoinContainer{CLONE_NEWPID | CLONE_NEWNS, {}}, context);
    REQUIRE(!all);
    CHECK(all.error().what == "join the container's namespaces (pid, mount)");
}

TEST_CASE("a container's namespaces are joined all at once, with its root") {
    if (test::skip_without_root()) return;
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t container = ::fork();
    if (container == 0) {
        const bool apart = ::unshare(CLONE_NEWNS | CLONE_NEWUTS) == 0;
        static_cast<void>(!::write(ready[1], apart ? "y" : "n", 1));
        ::pause();
        ::_exit(0);
    }
    REQUIRE(container > 0);
    char answer = 'n';
    REQUIRE(::read(ready[0], &answer, 1) == 1);
    REQUIRE(answer == 'y');
    const auto ended = test::in_child([container] {
        auto context = context_with_slot();
        context.slots[0] = *sys::open_pidfd(container);
        if (!kernel::apply(plan::JoinContainer{CLONE_NEWNS | CLONE_NEWUTS, {}}, context)) return 1;
        const std::string there = "/proc/" + std::to_string(container) + "/ns/mnt";
        if (inode_of("/proc/self/ns/mnt") != inode_of(there.c_str())) return 2;
        return context.root ? 0 : 3;
    });
    CHECK(ended.exit_code == 0);
    ::kill(container, SIGKILL);
    ::waitpid(container, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST_CASE("a time namespace has its offsets and is entered at once") {
    if (test::skip_without_root()) return;
    if (inode_of("/proc/self/ns/time") == 0) {
        MESSAGE("skipped: a kernel without time namespaces");
        return;
    }
    const auto ended = test::in_child([] {
        auto context = context_with_slot();
        const plan::NewTimeNamespace step{
            {{"monotonic", {.secs = 100'000}}, {"boottime", {.secs = 7'000'000, .nanosecs = 5}}}};
        const auto before = read_clock(CLOCK_MONOTONIC);
        if (!kernel::apply(step, context)) return 1;
        auto now = read_clock(CLOCK_MONOTONIC);
        if (now.tv_sec - before.tv_sec < 99'000) return 2;
        now = read_clock(CLOCK_BOOTTIME);
        return now.tv_sec >= 7'000'000 ? 0 : 3;
    });
    CHECK(ended.exit_code == 0);
}

TEST_CASE("a mapped root that is not dumpable can set time offsets and stays so") {
    if (test::skip_without_root()) return;
    const auto ended = in_user_namespace([](kernel::Context& context) {
        if (!kernel::apply(plan::ProtectInit{}, context)) return 1;
        if (!kernel::apply(plan::BecomeRoot{}, context)) return 2;
        if (::geteuid() != 0 || ::getegid() != 0 || ::getgroups(0, nullptr) != 0) return 3;
        int signal = 0;
        ::prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0);
        if (signal != SIGKILL) return 4;
        const auto done =
            kernel::apply(plan::NewTimeNamespace{{{"monotonic", {.secs = 1}}}}, context);
        if (!done) return 5;
        return ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 6;
    });
    if (ended.exit_code == 77) {
        MESSAGE("skipped: no user or time namespaces for this user");
        return;
    }
    CHECK(ended.exit_code == 0);
}

TEST_CASE("a new network namespace gets its loopback") {
    if (test::skip_without_root()) return;
    const auto ended = test::in_child([] {
        kernel::Context context;
        if (::unshare(CLONE_NEWNET) < 0) return 1;
        if (!kernel::apply(plan::BringUpLoopback{}, context)) return 2;
        const sys::Fd socket(::socket(AF_UNIX, SOCK_DGRAM, 0));
        ::ifreq request{};
        std::strcpy(request.ifr_name, "lo");  // fits
        if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) < 0) return 3;
        return (request.ifr_flags & (IFF_UP | IFF_LOOPBACK)) == (IFF_UP | IFF_LOOPBACK) ? 0 : 4;
    });
    CHECK(ended.exit_code == 0);
}

TEST_CASE("host and domain names are set") {
    if (test::skip_without_root()) return;
    const auto text = test::text_from_child([]() -> std::string {
        kernel::Context context;
        if (::unshare(CLONE_NEWUTS) < 0) return "unshare";
        if (!kernel::apply(plan::SetHostname{"box"}, context)) return "hostname";
        if (!kernel::apply(plan::SetDomainname{"example.org"}, context)) return "domainname";
        ::utsname names{};
        ::uname(&names);
        const auto refused = kernel::apply(plan::SetHostname{std::string(70, 'x')}, context);
        if (refused) return "too long a name";
        return std::string(names.nodename) + " " + names.domainname;
    });
    CHECK(text == "box example.org");
}

TEST_CASE("each open hierarchy is joined once") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    kernel::Context context;
    context.cgroup_tasks.emplace_back(::dup(ends[1]));
    context.cgroup_tasks.emplace_back(ends[1]);
    REQUIRE(kernel::apply(plan::JoinCgroups{}, context));
    CHECK(context.cgroup_tasks.empty());
    char text[8] = {};
    CHECK(::read(ends[0], text, sizeof text) == 2);
    CHECK(std::string(text) == "00");
    ::close(ends[0]);
}
