// Unit tests of kernel/seccomp_names.cpp.
#include <doctest/doctest.h>
#include <seccomp.h>

#include <cstdlib>
#include <memory>

#include "../../../src/kernel/seccomp_filter.hpp"

namespace cleat::kernel {

TEST_CASE("what x86_64 numbers say of the other two is what libseccomp says of the names") {
    constexpr int kNoCall = -10000;  // libseccomp has a number of its own for each
    constexpr int kMost = 1000;
    int known = 0;
    for (int number = 0; number < kMost; ++number) {
        const std::unique_ptr<char, decltype(&std::free)> name(
            ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, number), &std::free);
        if (!name) continue;
        ++known;
        for (const Architecture other :
             {Architecture{SCMP_ARCH_X86}, Architecture{SCMP_ARCH_X32}}) {
            CAPTURE(name.get());
            const auto beside = syscall_number_beside(other, number);
            const auto library = syscall_number(other, name.get());
            if (beside && *beside > kNoCall) CHECK(beside == library);
            if (beside && *beside <= kNoCall) CHECK(library.value_or(0) <= kNoCall);
        }
    }
    CHECK(known > 300);
    CHECK(syscall_number_beside({SCMP_ARCH_X86}, 0) == 3);
    CHECK(syscall_number_beside({SCMP_ARCH_X32}, 0) == 0x40000000);
    CHECK_FALSE(syscall_number_beside({SCMP_ARCH_X32}, 59));  // execve is 520 there
    CHECK_FALSE(syscall_number_beside({SCMP_ARCH_AARCH64}, 0));
    CHECK_FALSE(syscall_number_beside({SCMP_ARCH_X86}, -1));
}

}  // namespace cleat::kernel
