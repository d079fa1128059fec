// Room: kernel. System call filters: compiled by the host process before the clone (the profile is
// parsed there, once), loaded by init right before or after it gives up its privileges.
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "cleat/base/log.hpp"
#include "cleat/base/shortcuts.hpp"
#include "cleat/kernel/apply.hpp"
#include "failed.hpp"
#include "seccomp_filter.hpp"
#include "seccomp_ranges.hpp"

namespace cleat::kernel {
namespace {

constexpr std::string_view kPointer = "/linux/seccomp";

std::unexpected<Error> refuse(std::string what, std::string pointer) {
    return std::unexpected(Error{
        .kind = ErrorKind::InvalidConfig, .what = std::move(what), .pointer = std::move(pointer)});
}

/// Calls that init itself makes between loading the filter and the listener's descriptor being with
/// its reader: if they waited for the reader, nobody would ever go on.
bool must_not_notify(std::string_view name) { return name == "write" || name == "sendmsg"; }

Result<void> check_rule(const spec::SeccompSyscall& rule, std::size_t index) {
    const std::string pointer = pointer_push(concat(kPointer, "/syscalls"), index);
    if (rule.action == spec::SeccompAction::Notify) {
        const auto found = std::ranges::find_if(rule.names, must_not_notify);
        if (found != rule.names.end())
            return refuse(concat("SCMP_ACT_NOTIFY cannot be used for ", *found),
                          pointer_push(pointer + "/names",
                                       static_cast<std::size_t>(found - rule.names.begin())));
    }
    constexpr std::uint32_t kArguments = 6;
    for (std::size_t i = 0; i < rule.args.size(); ++i)
        if (rule.args[i].index >= kArguments)
            return refuse("a system call has six arguments, 0 to 5",
                          pointer_push(pointer + "/args", i) + "/index");
    return {};
}

Result<void> check(const spec::Seccomp& seccomp) {
    if (seccomp.default_action == spec::SeccompAction::Notify)
        return refuse("SCMP_ACT_NOTIFY cannot be the default action",
                      concat(kPointer, "/defaultAction"));
    for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i)
        TRY(check_rule(seccomp.syscalls[i], i));
    return {};
}

/// Processes of this machine have no other architectures, as far as the emitter knows the machine.
bool can_occur(Architecture architecture) {
    constexpr std::uint32_t kX86[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32};
    constexpr std::uint32_t kArm[] = {SCMP_ARCH_AARCH64, SCMP_ARCH_ARM};
    const std::uint32_t native = ::seccomp_arch_native();
    if (std::ranges::find(kX86, native) != std::end(kX86))
        return std::ranges::find(kX86, architecture.token) != std::end(kX86);
    if (std::ranges::find(kArm, native) != std::end(kArm))
        return std::ranges::find(kArm, architecture.token) != std::end(kArm);
    return true;
}

/// 0 for one that this libseccomp does not know.
Architecture architecture_of(std::string_view name) {
    constexpr std::string_view kPrefix = "SCMP_ARCH_";
    std::string text(name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name);
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return {text == "native" ? ::seccomp_arch_native() : ::seccomp_arch_resolve_name(text.c_str())};
}

/// Known is what any architecture has.
Result<void> refuse_unknown(const spec::Seccomp& seccomp) {
    const Architecture native{::seccomp_arch_native()};
    for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i) {
        const auto& names = seccomp.syscalls[i].names;
        const auto unknown = std::ranges::find_if(
            names, [native](const auto& name) { return !syscall_number(native, name); });
        if (unknown == names.end()) continue;
        return refuse(concat("unknown system call ", quoted(*unknown)),
                      pointer_push(concat(kPointer, "/syscalls/", i, "/names"),
                                   static_cast<std::size_t>(unknown - names.begin())));
    }
    return {};
}

struct Flag {
    std::string_view name;
    unsigned long value;
};

Result<unsigned long> flags_of(const spec::Seccomp& seccomp) {
    // TSYNC spreads a filter to the other threads: init has none, and with a listener the kernel
    // wants it told what to do about them. WAIT_KILLABLE_RECV is refused without a listener.
    const bool listener = notifies(seccomp);
    const Flag table[] = {
        {"SECCOMP_FILTER_FLAG_TSYNC", 0},
        {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
        {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
        {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
         listener ? SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV : 0},
    };
    unsigned long flags = listener ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
    // Engines count on this where they ask for nothing: the mitigation costs every process time.
    if (!seccomp.flags) return flags | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    for (const auto& name : *seccomp.flags) {
        const auto found = std::ranges::find(table, name, &Flag::name);
        if (found == std::end(table))
            return fail(ErrorKind::InvalidConfig, concat("unknown seccomp flag ", quoted(name)));
        flags |= found->value;
    }
    return flags;
}

}  // namespace

bool notifies(const spec::Seccomp& seccomp) noexcept {
    return std::ranges::any_of(seccomp.syscalls, [](const spec::SeccompSyscall& rule) {
        return rule.action == spec::SeccompAction::Notify;
    });
}

std::vector<Architecture> seccomp_architectures(const spec::Seccomp& seccomp) {
    std::vector<Architecture> list{{::seccomp_arch_native()}};
    for (const auto& name : seccomp.architectures) {
        const Architecture architecture = architecture_of(name);
        const bool known = std::ranges::find(list, architecture) != list.end();
        if (architecture.token != 0 && !known && can_occur(architecture))
            list.push_back(architecture);
    }
    return list;
}

std::uint32_t seccomp_return(spec::SeccompAction action,
                             std::optional<std::uint32_t> errno_ret) noexcept {
    const std::uint32_t data = errno_ret.value_or(EPERM) & SECCOMP_RET_DATA;
    switch (action) {
        case spec::SeccompAction::Kill:
        case spec::SeccompAction::KillThread:
            return SECCOMP_RET_KILL_THREAD;
        case spec::SeccompAction::KillProcess:
            return SECCOMP_RET_KILL_PROCESS;
        case spec::SeccompAction::Trap:
            return SECCOMP_RET_TRAP;
        case spec::SeccompAction::Errno:
            return SECCOMP_RET_ERRNO | data;
        case spec::SeccompAction::Trace:
            return SECCOMP_RET_TRACE | data;
        case spec::SeccompAction::Allow:
            return SECCOMP_RET_ALLOW;
        case spec::SeccompAction::Log:
            return SECCOMP_RET_LOG;
        case spec::SeccompAction::Notify:
            return SECCOMP_RET_USER_NOTIF;
    }
    return SECCOMP_RET_KILL_PROCESS;
}

bool has_repeated_argument(const spec::SeccompSyscall& rule) noexcept {
    std::uint32_t seen = 0;
    for (const auto& arg : rule.args) {
        if ((seen >> arg.index & 1U) != 0) return true;
        seen |= 1U << arg.index;
    }
    return false;
}

bool wants_enosys(const spec::Seccomp& seccomp) noexcept {
    return seccomp.default_action == spec::SeccompAction::Errno &&
           seccomp.default_errno_ret.value_or(EPERM) != ENOSYS;
}

Result<SeccompPrograms> compile_seccomp(const spec::Seccomp& seccomp) {
    TRY(check(seccomp));
    const auto architectures = seccomp_architectures(seccomp);
    SeccompPrograms programs(1);
    const bool is_ours = std::ranges::all_of(architectures, can_emit);
    if (is_ours && kShortcuts) {
        programs[0] = emit_tables(seccomp_tables(seccomp, architectures));
    } else {
        programs[0] = TRY(compile_with_library(seccomp, architectures));
        prepend_enosys(programs[0], seccomp, architectures);
    }
    if (is_ours && programs[0].size() > BPF_MAXINSNS) {
        auto parts = emit_parts(seccomp_tables(seccomp, architectures));
        if (!parts.empty()) programs = std::move(parts);
    }
    if (programs[0].size() > BPF_MAXINSNS)
        return refuse(
            concat("the profile makes a filter of ", programs[0].size(),
                   " instructions, the kernel takes ", BPF_MAXINSNS, ", and it cannot be divided"),
            std::string(kPointer));
    return programs;
}

Result<SeccompPrograms> compile_seccomp(const plan::LoadSeccomp& step) {
    if (step.unknown_calls == plan::UnknownCalls::Refuse) TRY(refuse_unknown(step.seccomp));
    if (step.program.empty()) return compile_seccomp(step.seccomp);
    SeccompPrograms programs(1);
    auto& program = programs[0];
    program.resize(step.program.size() / sizeof(::sock_filter));
    std::memcpy(program.data(), step.program.data(), program.size() * sizeof(::sock_filter));
    return programs;
}

Result<void> apply(const plan::LoadSeccomp& step, Context& context) {
    constexpr unsigned long kListener =
        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    const unsigned long flags = TRY(flags_of(step.seccomp));
    if (context.seccomp.empty()) return fail(ErrorKind::Internal, "no seccomp filter was compiled");
    long result = 0;
    for (auto& filter : context.seccomp) {
        const bool last = &filter == &context.seccomp.back();
        const ::sock_fprog program{.len = static_cast<unsigned short>(filter.size()),
                                   .filter = filter.data()};
        result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, last ? flags : flags & ~kListener,
                           &program);
        if (result < 0) return failed("load the seccomp filter");
    }
    if ((flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0)
        context.seccomp_listener = sys::Fd(static_cast<int>(result));
    return {};
}

}  // namespace cleat::kernel
