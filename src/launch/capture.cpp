// Room: launch. Programs of the host's that are waited for: ps(1), whose output is wanted, and
// those that mount for the shim. Runs in the host process, or in an errand.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "cleat/base/text.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/sys/files.hpp"
#include "clone.hpp"
#include "words.hpp"

namespace cleat::launch {
namespace {

constexpr int kCannotExecute = 127;

using Streams = std::array<int, 3>;

[[noreturn]] void execute(char* const* arguments, const Streams& streams) noexcept {
    ::sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int i = 0; i < static_cast<int>(streams.size()); ++i)
        ::dup2(streams[static_cast<std::size_t>(i)], i);
    ::execvp(arguments[0], arguments);
    const std::string_view reason = ::strerrordesc_np(errno);
    for (const std::string_view text : {std::string_view("cannot be executed: "), reason})
        static_cast<void>(::write(STDOUT_FILENO, text.data(), text.size()) < 0);
    ::_exit(kCannotExecute);
}

/// A file in memory holds what is written to it also for who is left behind, as no pipe would.
Result<sys::Fd> memory_file() {
    sys::Fd file(::memfd_create("output", MFD_CLOEXEC));
    if (!file) return fail_errno("make file for output", errno);
    return file;
}

Result<int> run(const std::vector<std::string>& command, const Streams& streams) {
    const auto arguments = pointers(command);
    const auto process = TRY(clone_process({}));
    if (process.pid == 0) execute(arguments.data(), streams);
    return sys::wait_child(process.pid);
}

}  // namespace

Result<std::string> output_of(const std::vector<std::string>& command) {
    const auto output = TRY(memory_file());
    const int status = TRY(run(command, {STDIN_FILENO, output.get(), STDERR_FILENO}));
    if (status != 0)
        return fail(ErrorKind::System, concat(command[0], " ended with status ", status));
    if (::lseek(output.get(), 0, SEEK_SET) < 0) return fail_errno("seek", errno);
    return sys::read_all(output.get());
}

Result<void> run_program(const std::vector<std::string>& command) {
    const auto output = TRY(memory_file());
    const auto null = TRY(sys::open_at(sys::kHere, "/dev/null", O_RDONLY));
    const int status = TRY(run(command, {null.get(), output.get(), output.get()}));
    if (status == 0) return {};
    return fail(ErrorKind::System,
                concat(command[0], " ended with status ", status, last_words(output.get())));
}

}  // namespace cleat::launch
