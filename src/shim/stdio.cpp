// Room: shim. Fifos and terminals, in the daemon.
#include "stdio.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"

namespace cleat::shim {
namespace {

Result<void> unblock(const sys::Fd& fd) {
    if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK) < 0) return fail_errno("unblock pipe", errno);
    return {};
}

Result<sys::Fd> open_fifo(const std::string& path, int flags) {
    return sys::open_at(sys::kHere, path.c_str(), flags | O_NONBLOCK);
}

Result<sys::Fd> copy_of(const sys::Fd& fd) {
    sys::Fd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return fail_errno("copy terminal", errno);
    return copy;
}

}  // namespace

Result<Pipe> make_pipe(const Owner& owner) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) return fail_errno("make pipe", errno);
    Pipe pipe{.read = sys::Fd(ends[0]), .write = sys::Fd(ends[1])};
    for (const int end : ends)
        if ((owner.uid != 0 || owner.gid != 0) && ::fchown(end, owner.uid, owner.gid) < 0)
            return fail_errno("give pipe away", errno);
    return pipe;
}

Result<void> Stdio::open(const Streams& streams, const Owner& owner) {
    terminal_ = streams.terminal;
    if (is_fifo(streams.in)) TRY(open_input(streams.in, owner));
    if (is_fifo(streams.out)) TRY(open_output(STDOUT_FILENO, streams.out, owner));
    if (is_fifo(streams.err) && !terminal_) TRY(open_output(STDERR_FILENO, streams.err, owner));
    return {};
}

Result<void> Stdio::open_input(const std::string& path, const Owner& owner) {
    fifos_[STDIN_FILENO] = TRY(open_fifo(path, O_RDONLY));
    keeper_ = TRY(open_fifo(path, O_WRONLY));
    if (terminal_) return {};
    auto pipe = TRY(make_pipe(owner));
    TRY(unblock(pipe.write));
    pipes_[STDIN_FILENO] = std::move(pipe.write);
    ends_[STDIN_FILENO] = std::move(pipe.read);
    return {};
}

/// Open for reading, too, so that a reader who goes away is no error for the container, and the
/// next one finds what was written meanwhile.
Result<void> Stdio::open_output(int stream, const std::string& path, const Owner& owner) {
    const auto index = static_cast<std::size_t>(stream);
    fifos_[index] = TRY(open_fifo(path, O_RDWR));
    if (terminal_) return {};
    auto pipe = TRY(make_pipe(owner));
    TRY(unblock(pipe.read));
    pipes_[index] = std::move(pipe.read);
    ends_[index] = std::move(pipe.write);
    return {};
}

std::array<int, 3> Stdio::ends() const noexcept {
    return {ends_[0].get(), ends_[1].get(), ends_[2].get()};
}

std::unique_ptr<Relay> Stdio::output(Relay::Ends ends) {
    return std::make_unique<Relay>(loop_, std::move(ends), [this] {
        if (drained() && drained_) std::exchange(drained_, nullptr)();
    });
}

void Stdio::begin(sys::Fd console) {
    for (auto& end : ends_) end.reset();
    if (console) {
        static_cast<void>(unblock(console));
        auto input = copy_of(console);
        auto output_end = copy_of(console);
        console_ = std::move(console);
        if (fifos_[0] && input)
            in_ = std::make_unique<Relay>(
                loop_,
                Relay::Ends{
                    .from = std::move(fifos_[0]), .to = *std::move(input), .way = Relay::Way::Copy},
                nullptr);
        if (fifos_[1] && output_end)
            out_ = output({.from = *std::move(output_end),
                           .to = std::move(fifos_[1]),
                           .way = Relay::Way::Copy});
        return;
    }
    if (pipes_[0])
        in_ = std::make_unique<Relay>(
            loop_, Relay::Ends{.from = std::move(fifos_[0]), .to = std::move(pipes_[0])}, nullptr);
    if (pipes_[1]) out_ = output({.from = std::move(pipes_[1]), .to = std::move(fifos_[1])});
    if (pipes_[2]) err_ = output({.from = std::move(pipes_[2]), .to = std::move(fifos_[2])});
}

Result<void> Stdio::resize(std::uint32_t width, std::uint32_t height) const {
    if (!console_) return {};
    ::winsize size{};
    size.ws_col = static_cast<unsigned short>(width);
    size.ws_row = static_cast<unsigned short>(height);
    if (::ioctl(console_.get(), TIOCSWINSZ, &size) < 0)
        return fail_errno("set size of terminal", errno);
    return {};
}

void Stdio::drop_input() {
    keeper_.reset();
    in_.reset();
}

}  // namespace cleat::shim
