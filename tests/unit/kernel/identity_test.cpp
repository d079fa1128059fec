// Tests of room kernel: users, groups and capabilities.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "forked.hpp"

using namespace cleat;

namespace {

constexpr std::uint64_t kChown = std::uint64_t{1} << CAP_CHOWN;
constexpr std::uint64_t kKill = std::uint64_t{1} << CAP_KILL;
constexpr std::uint64_t kBindService = std::uint64_t{1} << CAP_NET_BIND_SERVICE;
constexpr std::uint64_t kSome = kChown | kKill | kBindService;

/// The line of /proc/self/status with that name, without the name.
std::string status_of(const std::string& name) {
    const auto text = sys::read_text_at(sys::kHere, "/proc/self/status");
    if (!text) return "unreadable";
    const auto begin = text->find("\n" + name + ":") + name.size() + 3;
    return text->substr(begin, text->find('\n', begin) - begin);
}

plan::SetUser user(std::uint32_t uid) {
    return {.uid = Uid{uid}, .gid = Gid{0}, .additional_gids = {}, .keep_groups = false};
}

plan::SetUser keeping_groups(std::uint32_t uid) {
    return {.uid = Uid{uid}, .gid = Gid{0}, .additional_gids = {}, .keep_groups = true};
}

/// The steps in the plan's order.
Result<void> become(const plan::SetUser& user, const plan::SetCapabilities& capabilities) {
    kernel::Context context;
    TRY(kernel::apply(plan::SetBoundingSet{kSome}, context));
    TRY(kernel::apply(user, context));
    return kernel::apply(capabilities, context);
}

}  // namespace

TEST_CASE("a process of another user has exactly the capabilities it was given") {
    if (test::skip_without_root()) return;
    const auto text = test::text_from_child([] {
        const auto done =
            become({.uid = Uid{1000}, .gid = Gid{1001}, .additional_gids = {Gid{5}, Gid{77}}},
                   {.effective = kChown,
                    .permitted = kChown | kKill,
                    .inheritable = kKill,
                    .ambient = kKill});
        if (!done) return describe(done.error());
        return status_of("Uid") + "|" + status_of("Gid") + "|" + status_of("Groups") + "|" +
               status_of("CapInh") + "|" + status_of("CapPrm") + "|" + status_of("CapEff") + "|" +
               status_of("CapBnd") + "|" + status_of("CapAmb");
    });
    CHECK(text ==
          "1000\t1000\t1000\t1000|1001\t1001\t1001\t1001|5 77 |"
          "0000000000000020|0000000000000021|0000000000000001|0000000000000421|0000000000000020");
}

TEST_CASE("no supplementary group is left when none is asked for") {
    if (test::skip_without_root()) return;
    const auto text = test::text_from_child([] {
        const gid_t groups[] = {10, 11};
        if (::setgroups(2, groups) < 0) return std::string("setgroups");
        const auto done = become(user(0), {.effective = kSome, .permitted = kSome});
        return done ? "groups:" + status_of("Groups") : describe(done.error());
    });
    CHECK((text == "groups:" || text == "groups: "));
}

TEST_CASE("kept groups are kept") {
    if (test::skip_without_root()) return;
    const auto text = test::text_from_child([] {
        const gid_t groups[] = {10, 11};
        if (::setgroups(2, groups) < 0) return std::string("setgroups");
        const auto done = become(keeping_groups(0), {});
        return done ? status_of("Groups") : describe(done.error());
    });
    CHECK(text == "10 11 ");
}

TEST_CASE("capabilities are not kept beyond their setting") {
    if (test::skip_without_root()) return;
    const auto ended = test::in_child([] {
        if (!become(user(1000), {.permitted = kChown})) return 1;
        return ::prctl(PR_GET_KEEPCAPS) == 0 ? 0 : 2;
    });
    CHECK(ended.exit_code == 0);
}

TEST_CASE("a capability that the process does not have is named") {
    if (test::skip_without_root()) return;
    const auto text = test::text_from_child([] {
        if (!become(user(0), {.effective = kChown, .permitted = kChown}))
            return std::string("become");
        kernel::Context context;
        const auto done =
            kernel::apply(plan::SetCapabilities{.permitted = kChown | kKill}, context);
        return done ? std::string("taken") : describe(done.error());
    });
    CHECK(text == "set capabilities without having cap_kill: operation not permitted [EPERM]");
}

TEST_CASE("a bounding set that is right already needs no privilege") {
    if (test::skip_without_root()) return;
    const auto text = test::text_from_child([] {
        kernel::Context context;
        if (!become(user(1000), {})) return std::string("become");
        if (!kernel::apply(plan::SetBoundingSet{kSome}, context)) return std::string("same set");
        const auto done = kernel::apply(plan::SetBoundingSet{kChown}, context);
        return done ? std::string("dropped") : describe(done.error());
    });
    CHECK(text == "drop cap_kill from the bounding set: operation not permitted [EPERM]");
}

TEST_CASE("a pipe on stdin is given to the user, a device and a file are not") {
    if (test::skip_without_root()) return;
    const auto owner = [](int fd) {
        const auto text = test::text_from_child([fd]() -> std::string {
            ::dup2(fd, 0);
            const auto done = become(user(1000), {});
            if (!done) return describe(done.error());
            struct ::stat status{};
            ::fstat(0, &status);
            return std::to_string(status.st_uid);
        });
        return text;
    };
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    CHECK(owner(ends[0]) == "1000");
    ::close(ends[0]);
    ::close(ends[1]);

    const sys::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    CHECK(owner(null.get()) == "0");
    char name[] = "/tmp/cleat-identity-XXXXXX";
    const sys::Fd file(::mkstemp(name));
    CHECK(owner(file.get()) == "0");
    ::unlink(name);

    const sys::Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(master);
    ::unlockpt(master.get());
    const sys::Fd slave(::open(::ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(slave);
    CHECK(owner(slave.get()) == "1000");
}

TEST_CASE("ids that a user namespace does not map do not stop the giving of stdio") {
    const auto ended = test::in_child([] {
        int ends[2];
        if (::pipe(ends) < 0 || ::dup2(ends[0], 0) < 0) return 1;
        if (::unshare(CLONE_NEWUSER) < 0) return 77;
        kernel::Context context;
        const auto done = kernel::apply(keeping_groups(5), context);
        // No ids at all are mapped: the pipe is no fault, the gid is.
        return !done && done.error().what == "set gid 0" ? 0 : 2;
    });
    if (ended.exit_code == 77) {
        MESSAGE("skipped: no user namespaces for this user");
        return;
    }
    CHECK(ended.exit_code == 0);
}

TEST_CASE("no_new_privs is set") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        if (!kernel::apply(plan::SetNoNewPrivileges{}, context)) return 1;
        return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 2;
    });
    CHECK(ended.exit_code == 0);
}
