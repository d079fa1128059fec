// Tests of room kernel: session, directory, descriptors, keyring.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstdlib>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "forked.hpp"

using namespace cleat;

namespace {

/// A context whose root is `path`.
kernel::Context context_in(const std::string& path) {
    kernel::Context context;
    context.root = sys::RootFs(*sys::open_at(sys::kHere, path.c_str(), O_PATH | O_DIRECTORY));
    return context;
}

std::string working_directory() {
    char buffer[PATH_MAX];
    return ::getcwd(buffer, sizeof buffer) == nullptr ? "none" : buffer;
}

}  // namespace

TEST_CASE("init is not dumpable and ends with its creator") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        if (!kernel::apply(plan::ProtectInit{}, context)) return 1;
        int signal = 0;
        ::prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0);
        return ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && signal == SIGKILL ? 0 : 2;
    });
    CHECK(ended.exit_code == 0);
}

TEST_CASE("a session is new, and may be so already") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        if (!kernel::apply(plan::NewSession{}, context)) return 1;
        if (!kernel::apply(plan::NewSession{}, context)) return 2;
        return ::getsid(0) == ::getpid() ? 0 : 3;
    });
    CHECK(ended.exit_code == 0);
}

TEST_CASE("the working directory is made inside the root") {
    char name[] = "/tmp/cleat-cwd-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    const std::string root = name;
    const auto text = test::text_from_child([&] {
        auto context = context_in(root);
        ::umask(077);
        const auto done = kernel::apply(plan::ChangeDirectory{"/a/../a/b"}, context);
        if (::umask(0) != 077) return std::string("umask changed");
        return done ? working_directory() : describe(done.error());
    });
    CHECK(text == root + "/a/b");
    const auto status = sys::stat_at(sys::kHere, (root + "/a/b").c_str());
    REQUIRE(status);
    CHECK((status->st_mode & 07777) == 0755);
    ::rmdir((root + "/a/b").c_str());
    ::rmdir((root + "/a").c_str());
    ::rmdir(root.c_str());
}

TEST_CASE("a working directory behind a leaked descriptor is refused") {
    const auto text = test::text_from_child([] {
        const int leaked = ::open("/sys", O_RDONLY | O_DIRECTORY);
        kernel::Context context;
        const std::string path = "/proc/self/fd/" + std::to_string(leaked);
        const auto done = kernel::apply(plan::ChangeDirectory{path}, context);
        return done ? working_directory() : done.error().what.substr(0, 33);
    });
    CHECK(text == "working directory \"/proc/self/fd/");
}

TEST_CASE("a working directory that is not below the root is noticed") {
    if (!test::is_root()) {
        MESSAGE("skipped: needs root");
        return;
    }
    const auto text = test::text_from_child([]() -> std::string {
        // The context's root is the real one, the process's own is a directory in it.
        auto context = context_in("/");
        char name[] = "/tmp/cleat-cwd-XXXXXX";
        if (::mkdtemp(name) == nullptr || ::chroot(name) < 0) return "chroot";
        const auto done = kernel::apply(plan::ChangeDirectory{"/usr"}, context);
        const std::string what = done ? "taken" : done.error().what;
        if (::fchdir(context.root.fd()) == 0) ::rmdir(name + 1);
        return what;
    });
    CHECK(text == "working directory \"/usr\" is outside the container's root");
}

TEST_CASE("descriptors are closed at exec, the preserved ones are not") {
    const auto ended = test::in_child([] {
        for (int fd = 3; fd <= 6; ++fd) ::dup2(2, fd);
        kernel::Context context;
        if (!kernel::apply(plan::CloseFds{2}, context)) return 1;
        for (int fd = 3; fd <= 6; ++fd)
            if ((::fcntl(fd, F_GETFD) == FD_CLOEXEC) != (fd >= 5)) return fd;
        return 0;
    });
    CHECK(ended.exit_code == 0);
}

TEST_CASE("the umask is set") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        if (!kernel::apply(plan::SetUmask{027}, context)) return 1;
        return ::umask(0) == 027 ? 0 : 2;
    });
    CHECK(ended.exit_code == 0);
}

TEST_CASE("the session keyring is a new one with that name") {
    const auto ended = test::in_child([] {
        constexpr int kSession = -3;  // KEY_SPEC_SESSION_KEYRING
        constexpr int kDescribe = 6;  // KEYCTL_DESCRIBE
        kernel::Context context;
        if (!kernel::apply(plan::JoinSessionKeyring{"_ses.cleat-test"}, context)) return 1;
        char text[256] = {};
        if (::syscall(SYS_keyctl, kDescribe, kSession, text, sizeof text - 1) < 0) return 77;
        return std::string(text).ends_with(";3f1b0000;_ses.cleat-test") ? 0 : 2;
    });
    if (ended.exit_code == 77) {
        MESSAGE("skipped: a kernel without keyrings");
        return;
    }
    CHECK(ended.exit_code == 0);
}
