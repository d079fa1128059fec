// Room: conformance. One call of a program. Its output goes to files in memory, not to pipes: a
// container that it leaves running has its output open, and nobody would ever see its end.
#include "call.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "cleat/sys/files.hpp"

namespace cleat::conformance {
namespace {

std::string content_from_start(int fd) {
    if (::lseek(fd, 0, SEEK_SET) < 0) return {};
    return sys::read_all(fd).value_or("");
}

}  // namespace

Result<sys::Fd> file_with(const std::string& content) {
    sys::Fd file(::memfd_create("conformance", MFD_CLOEXEC));
    if (!file) return fail_errno("make file in memory", errno);
    TRY(sys::write_all(file.get(), content));
    if (::lseek(file.get(), 0, SEEK_SET) < 0) return fail_errno("seek", errno);
    return file;
}

Result<Ended> call(Children& children, const Call& what) {
    const sys::Fd in = TRY(file_with(what.in));
    const sys::Fd out = TRY(file_with(""));
    const sys::Fd err = TRY(file_with(""));
    const pid_t pid = TRY(children.start({.words = what.words,
                                          .env = what.env,
                                          .in = what.in.empty() ? -1 : in.get(),
                                          .out = what.out < 0 ? out.get() : what.out,
                                          .err = what.err < 0 ? err.get() : what.err,
                                          .extra = what.extra}));
    Ended ended;
    const auto status = children.wait(pid, what.limit);
    if (!status) children.kill(pid);
    ended.hung = !status;
    ended.status = status.value_or(128 + SIGKILL);
    ended.out = content_from_start(out.get());
    ended.err = content_from_start(err.get());
    return ended;
}

}  // namespace cleat::conformance
