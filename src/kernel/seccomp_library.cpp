// Room: kernel. Filters as libseccomp makes them. Runs in the host process, on the machines whose
// system call entry the emitter does not know.
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "failed.hpp"
#include "seccomp_filter.hpp"

namespace cleat::kernel {
namespace {

using Filter = std::unique_ptr<void, decltype(&::seccomp_release)>;

/// libseccomp's calls return a negative errno.
std::unexpected<Error> library_failed(std::string_view what, int result) {
    return fail_errno(concat("compile seccomp filter: ", what), -result);
}

/// libseccomp's action values are the kernel's, but for Trace and Errno data, which lie alike.
std::uint32_t library_action(std::uint32_t return_value) { return return_value; }
static_assert(SCMP_ACT_KILL_PROCESS == SECCOMP_RET_KILL_PROCESS &&
              SCMP_ACT_KILL_THREAD == SECCOMP_RET_KILL_THREAD &&
              SCMP_ACT_TRAP == SECCOMP_RET_TRAP && SCMP_ACT_NOTIFY == SECCOMP_RET_USER_NOTIF &&
              SCMP_ACT_LOG == SECCOMP_RET_LOG && SCMP_ACT_ALLOW == SECCOMP_RET_ALLOW &&
              SCMP_ACT_ERRNO(38) == (SECCOMP_RET_ERRNO | 38U) &&
              SCMP_ACT_TRACE(38) == (SECCOMP_RET_TRACE | 38U));

scmp_arg_cmp condition_of(const spec::SeccompArg& arg) {
    scmp_compare compare = SCMP_CMP_EQ;
    switch (arg.op) {
        case spec::SeccompOperator::NotEqual:
            compare = SCMP_CMP_NE;
            break;
        case spec::SeccompOperator::Less:
            compare = SCMP_CMP_LT;
            break;
        case spec::SeccompOperator::LessEqual:
            compare = SCMP_CMP_LE;
            break;
        case spec::SeccompOperator::Equal:
            compare = SCMP_CMP_EQ;
            break;
        case spec::SeccompOperator::GreaterEqual:
            compare = SCMP_CMP_GE;
            break;
        case spec::SeccompOperator::Greater:
            compare = SCMP_CMP_GT;
            break;
        case spec::SeccompOperator::MaskedEqual:
            compare = SCMP_CMP_MASKED_EQ;
            break;
    }
    return {.arg = arg.index, .op = compare, .datum_a = arg.value, .datum_b = arg.value_two};
}

/// EEXIST and EACCES: an earlier rule says so already, or it is what the default does.
bool is_harmless(int result) { return result == 0 || result == -EEXIST || result == -EACCES; }

int add(const Filter& filter, std::uint32_t action, int number,
        std::span<const scmp_arg_cmp> conditions) {
    return ::seccomp_rule_add_array(filter.get(), library_action(action), number,
                                    static_cast<unsigned>(conditions.size()), conditions.data());
}

Result<void> add_rule(const Filter& filter, const spec::SeccompSyscall& rule,
                      std::uint32_t default_return) {
    const std::uint32_t action = seccomp_return(rule.action, rule.errno_ret);
    if (action == default_return) return {};
    std::vector<scmp_arg_cmp> conditions;
    std::ranges::transform(rule.args, std::back_inserter(conditions), condition_of);
    const std::span<const scmp_arg_cmp> all = conditions;
    const std::size_t parts = has_repeated_argument(rule) ? conditions.size() : 1;
    for (const auto& name : rule.names) {
        const int number = ::seccomp_syscall_resolve_name(name.c_str());
        if (number == __NR_SCMP_ERROR) continue;
        for (std::size_t i = 0; i < parts; ++i) {
            const int result = add(filter, action, number, parts == 1 ? all : all.subspan(i, 1));
            if (!is_harmless(result)) return library_failed(name, result);
        }
    }
    return {};
}

Result<std::vector<::sock_filter>> exported(const Filter& filter) {
    const sys::Fd file(::memfd_create("seccomp", MFD_CLOEXEC));
    if (!file) return failed("compile seccomp filter");
    const int result = ::seccomp_export_bpf(filter.get(), file.get());
    if (result < 0) return library_failed("export", result);
    if (::lseek(file.get(), 0, SEEK_SET) < 0) return failed("compile seccomp filter");
    const std::string bytes = TRY(sys::read_all(file.get()));
    std::vector<::sock_filter> program(bytes.size() / sizeof(::sock_filter));
    std::memcpy(program.data(), bytes.data(), program.size() * sizeof(::sock_filter));
    return program;
}

/// The newest call of the profile or of the kernel floor, on one architecture.
std::uint32_t newest_number(const spec::Seccomp& seccomp, Architecture architecture) {
    // The last but one of Linux 5.14, and the last that every architecture has.
    int newest = syscall_number(architecture, "landlock_restrict_self").value_or(0) + 1;
    for (const auto& rule : seccomp.syscalls)
        for (const auto& name : rule.names)
            newest = std::max(newest, syscall_number(architecture, name).value_or(0));
    return static_cast<std::uint32_t>(newest);
}

}  // namespace

Result<std::vector<::sock_filter>> compile_with_library(
    const spec::Seccomp& seccomp, std::span<const Architecture> architectures) {
    const std::uint32_t default_return =
        seccomp_return(seccomp.default_action, seccomp.default_errno_ret);
    const Filter filter(::seccomp_init(library_action(default_return)), ::seccomp_release);
    if (filter == nullptr) return fail(ErrorKind::System, "compile seccomp filter: no memory");
    for (const auto architecture : architectures) {
        const int result = ::seccomp_arch_add(filter.get(), architecture.token);
        // EDOM: another byte order, which no process of this machine has.
        if (result < 0 && result != -EEXIST && result != -EDOM)
            return library_failed("architecture", result);
    }
    for (const auto& rule : seccomp.syscalls) TRY(add_rule(filter, rule, default_return));
    return exported(filter);
}

void prepend_enosys(std::vector<::sock_filter>& program, const spec::Seccomp& seccomp,
                    std::span<const Architecture> architectures) {
    if (!wants_enosys(seccomp)) return;
    constexpr std::uint32_t kNoCall = 0xffffffffU;  // what a tracer sets to skip a call
    std::vector<::sock_filter> stub;
    for (const auto architecture : architectures) {
        const std::uint32_t newest = newest_number(seccomp, architecture);
        const ::sock_filter part[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(::seccomp_data, arch)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture.token, 0, 4),
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(::seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kNoCall, 2, 0),
            BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        };
        stub.insert(stub.end(), std::begin(part), std::end(part));
    }
    program.insert(program.begin(), stub.begin(), stub.end());
}

}  // namespace cleat::kernel
