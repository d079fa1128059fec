// Tests of room kernel: keys and their files.
#include "../../../src/kernel/sysctl.hpp"

#include <doctest/doctest.h>
#include <sched.h>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "forked.hpp"

using namespace cleat;

TEST_CASE("a dotted and a slashed key are the same file") {
    CHECK(*kernel::sysctl_path("net.ipv4.ip_forward") == "sys/net/ipv4/ip_forward");
    CHECK(*kernel::sysctl_path("net/ipv4/ip_forward") == "sys/net/ipv4/ip_forward");
    CHECK(*kernel::sysctl_path("net.ipv4.conf.eth0/100.forwarding") ==
          "sys/net/ipv4/conf/eth0.100/forwarding");
    CHECK(*kernel::sysctl_path("net/ipv4/conf/eth0.100/forwarding") ==
          "sys/net/ipv4/conf/eth0.100/forwarding");
}

TEST_CASE("a key that leads elsewhere is no key") {
    for (const char* key : {"", ".", "net..ip", "net/../kernel/core_pattern", "/etc/passwd",
                            "net.ipv4.", "net/./ipv4", "net.//.x"}) {
        CAPTURE(key);
        CHECK(!kernel::sysctl_path(key));
    }
}

TEST_CASE("a sysctl of a new namespace is set there and not outside") {
    if (!test::is_root()) {
        MESSAGE("skipped: needs root");
        return;
    }
    const auto before = sys::read_text_at(sys::kHere, "/proc/sys/kernel/shm_rmid_forced");
    const auto ended = test::in_child([] {
        kernel::Context context;
        context.proc = *sys::open_proc();
        if (::unshare(CLONE_NEWIPC) < 0) return 1;
        if (!kernel::apply(plan::SetSysctl{"kernel.shm_rmid_forced", "1"}, context)) return 2;
        const auto now = sys::read_text_at(sys::kHere, "/proc/sys/kernel/shm_rmid_forced");
        return now && *now == "1\n" ? 0 : 3;
    });
    CHECK(ended.exit_code == 0);
    CHECK(*before == *sys::read_text_at(sys::kHere, "/proc/sys/kernel/shm_rmid_forced"));
}

TEST_CASE("an error names the key") {
    kernel::Context context;
    context.proc = *sys::open_proc();
    const auto missing = kernel::apply(plan::SetSysctl{"kernel.no_such_thing", "1"}, context);
    REQUIRE(!missing);
    CHECK(missing.error().what.find("sysctl \"kernel.no_such_thing\"") == 0);
    CHECK(missing.error().errno_value == ENOENT);
}
