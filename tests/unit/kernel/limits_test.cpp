// Tests of room kernel: resource limits.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include "cleat/kernel/apply.hpp"
#include "forked.hpp"

using namespace cleat;

TEST_CASE("a limit is set, soft and hard") {
    const auto ended = test::in_child([] {
        kernel::Context context;
        if (!kernel::apply(plan::SetRlimit{RLIMIT_NOFILE, 33, 44}, context)) return 1;
        ::rlimit now{};
        ::getrlimit(RLIMIT_NOFILE, &now);
        return now.rlim_cur == 33 && now.rlim_max == 44 ? 0 : 2;
    });
    CHECK(ended.exit_code == 0);
}

TEST_CASE("a limit that cannot be raised is named with both values") {
    const auto text = test::text_from_child([] {
        kernel::Context context;
        if (::setgid(65534) < 0 || ::setuid(65534) < 0) return std::string("skipped");
        if (!kernel::apply(plan::SetRlimit{RLIMIT_NOFILE, 33, 44}, context))
            return std::string("not lowered");
        const auto done = kernel::apply(plan::SetRlimit{RLIMIT_NOFILE, 33, 45}, context);
        return done ? std::string("raised") : describe(done.error());
    });
    if (text == "skipped") {
        MESSAGE("skipped: needs root");
        return;
    }
    CHECK(text ==
          "raise the hard limit RLIMIT_NOFILE from 44 to 45: operation not permitted [EPERM]");
}

TEST_CASE("a soft limit above the hard one is refused") {
    kernel::Context context;
    const auto done = kernel::apply(plan::SetRlimit{RLIMIT_CORE, 2, 1}, context);
    REQUIRE(!done);
    CHECK(describe(done.error()) == "set RLIMIT_CORE to 2 of 1: invalid argument [EINVAL]");
}
