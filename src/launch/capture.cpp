// Room: launch. A program of the host's whose output is wanted: ps(1). Runs in the host process.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "cleat/base/text.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/sys/files.hpp"
#include "clone.hpp"

namespace cleat::launch {
namespace {

constexpr int kCannotExecute = 127;

[[noreturn]] void execute(char** arguments, int output) noexcept {
    ::sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::dup2(output, STDOUT_FILENO);
    ::execvp(arguments[0], arguments);
    ::_exit(kCannotExecute);
}

}  // namespace

Result<std::string> output_of(std::vector<std::string> command) {
    sys::Fd output(::memfd_create("output", MFD_CLOEXEC));
    if (!output) return fail_errno("make file for output", errno);
    std::vector<char*> arguments;
    for (auto& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const auto process = TRY(clone_process({}));
    if (process.pid == 0) execute(arguments.data(), output.get());
    const int status = TRY(sys::wait_child(process.pid));
    if (status != 0)
        return fail(ErrorKind::System, concat(command[0], " ended with status ", status));
    if (::lseek(output.get(), 0, SEEK_SET) < 0) return fail_errno("seek", errno);
    return sys::read_all(output.get());
}

}  // namespace cleat::launch
