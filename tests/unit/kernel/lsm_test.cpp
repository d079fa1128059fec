// Tests of room kernel: labels of security modules.
#include <doctest/doctest.h>
#include <fcntl.h>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "forked.hpp"

using namespace cleat;

TEST_CASE("a profile on a host without AppArmor is an error, no confinement is none") {
    if (sys::exists_at(sys::kHere, "/sys/kernel/security/apparmor")) {
        MESSAGE("skipped: this host has AppArmor");
        return;
    }
    kernel::Context context;
    context.proc = *sys::open_proc();
    const auto done = kernel::apply(plan::SetAppArmor{"docker-default"}, context);
    REQUIRE(!done);
    CHECK(done.error().kind == ErrorKind::Unsupported);
    CHECK(done.error().what ==
          "AppArmor profile \"docker-default\": AppArmor is not enabled on this host");
    CHECK(kernel::apply(plan::SetAppArmor{"unconfined"}, context));
    CHECK(kernel::apply(plan::SetAppArmor{""}, context));
}

TEST_CASE("a label on a host without SELinux is an error") {
    if (sys::exists_at(sys::kHere, "/sys/fs/selinux/enforce")) {
        MESSAGE("skipped: this host has SELinux");
        return;
    }
    kernel::Context context;
    context.proc = *sys::open_proc();
    const auto done =
        kernel::apply(plan::SetSelinuxLabel{"system_u:system_r:container_t:s0"}, context);
    REQUIRE(!done);
    CHECK(done.error().kind == ErrorKind::Unsupported);
    CHECK(kernel::apply(plan::SetSelinuxLabel{""}, context));
}
