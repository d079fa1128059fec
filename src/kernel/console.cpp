// Room: kernel. The container's terminal. Runs in init, or in one more process of a container. The
// multiplexer must be that of a devpts, and the terminal comes from it and never from a name that
// the image could have put there (CVE-2025-52565, CVE-2026-88264).
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/tree.hpp"
#include "failed.hpp"

namespace cleat::kernel {
namespace {

constexpr unsigned kPtmxMajor = 5;  // Documentation/admin-guide/devices.txt
constexpr unsigned kPtmxMinor = 2;
constexpr ino_t kPtmxInode = 2;  // of every devpts instance
constexpr int kTerminalFlags = O_RDWR | O_NOCTTY | O_CLOEXEC;
constexpr mode_t kTerminalMode = 0620;
constexpr const char* kConsole = "/dev/console";

Result<sys::Fd> open_multiplexer(const Context& context) {
    const auto place = TRY(context.root.open_no_follow("/dev/pts/ptmx", O_PATH));
    const auto status = TRY(sys::stat_fd(place.get()));
    const auto magic = TRY(sys::filesystem_magic(place.get()));
    if (magic != DEVPTS_SUPER_MAGIC || !S_ISCHR(status.st_mode) || status.st_ino != kPtmxInode ||
        status.st_rdev != ::makedev(kPtmxMajor, kPtmxMinor))
        return fail(ErrorKind::InvalidConfig, "/dev/pts/ptmx is not that of a devpts");
    return sys::reopen(context.proc.get(), place.get(), kTerminalFlags);
}

Result<sys::Fd> open_terminal(int master) {
    int locked = 0;
    if (::ioctl(master, TIOCSPTLCK, &locked) < 0) return failed("unlock terminal");
    sys::Fd terminal(::ioctl(master, TIOCGPTPEER, kTerminalFlags));
    if (!terminal) return failed("open terminal");
    return terminal;
}

Result<void> set_size(int terminal, const spec::Box& size) {
    ::winsize window{};
    window.ws_row = static_cast<unsigned short>(size.height);
    window.ws_col = static_cast<unsigned short>(size.width);
    if (::ioctl(terminal, TIOCSWINSZ, &window) < 0) return failed("set size of terminal");
    return {};
}

/// The group stays what the devpts gives (its gid option).
Result<void> give_to_owner(int terminal, Uid owner) {
    constexpr gid_t kSameGroup = static_cast<gid_t>(-1);
    if (::fchown(terminal, owner.value, kSameGroup) < 0) return failed("set owner of terminal");
    if (::fchmod(terminal, kTerminalMode) < 0) return failed("set mode of terminal");
    return {};
}

Result<sys::Fd> open_console(const Context& context) {
    auto there = context.root.open_no_follow(kConsole, O_PATH);
    if (!there && there.error().errno_value == ENOENT) return context.root.ensure_file(kConsole);
    auto console = TRY(std::move(there));
    const auto status = TRY(sys::stat_fd(console.get()));
    if (S_ISLNK(status.st_mode) || S_ISDIR(status.st_mode))
        return fail_errno("something else is there", EEXIST);
    return console;
}

Result<void> bind_console(int terminal, const Context& context) {
    const auto target = TRY(open_console(context));
    const auto tree = TRY(sys::Tree::clone(terminal, "", sys::Depth::Top));
    return tree.attach_to(target.get());
}

/// Standard input, output and error, and the session's controlling terminal.
Result<void> take_over(int terminal) {
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::dup2(terminal, standard) < 0) return failed("use terminal");
    if (::ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0) return failed("control terminal");
    return {};
}

Result<void> set_up(const plan::SetUpConsole& step, Context& context) {
    auto master = TRY(open_multiplexer(context));
    const auto terminal = TRY(open_terminal(master.get()));
    if (step.size) TRY(set_size(terminal.get(), *step.size));
    TRY(give_to_owner(terminal.get(), step.owner));
    if (step.bind_console) {
        auto bound = bind_console(terminal.get(), context);
        if (!bound) return std::unexpected(with_context(std::move(bound).error(), kConsole));
    }
    TRY(take_over(terminal.get()));
    context.console_master = std::move(master);
    return {};
}

}  // namespace

Result<void> apply(const plan::SetUpConsole& step, Context& context) {
    auto done = set_up(step, context);
    if (!done) return std::unexpected(with_context(std::move(done).error(), "terminal"));
    return done;
}

}  // namespace cleat::kernel
