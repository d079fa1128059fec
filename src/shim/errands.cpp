// Room: shim. Errands: in the daemon up to the clone, the work itself in the child.
#include "errands.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <span>
#include <utility>

#include "cleat/base/protobuf.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/message.hpp"
#include "log.hpp"

namespace cleat::shim {

using protobuf::Reader;
using protobuf::Writer;
namespace {

constexpr int kReplySocket = 3;  // in the child; the log is behind it
constexpr int kSignalBase = 128;
constexpr std::size_t kMostBytes = 150000;  // less than a socket takes at once

std::string encode(const Result<Yield>& yield) {
    if (yield) return Writer().message(1, yield->bytes).take();
    const auto& error = yield.error();
    return Writer()
        .number(2, static_cast<std::uint64_t>(error.kind) + 1)
        .text(3, std::string_view(describe(error)).substr(0, kMostBytes))
        .take();
}

Result<Yield> decode(std::string_view bytes, std::vector<sys::Fd> fds) {
    Yield yield{.bytes = {}, .fds = std::move(fds)};
    Error error;
    bool failed = false;
    Reader reader(bytes);
    while (reader.next()) {
        if (reader.field() == 1) yield.bytes = reader.text();
        if (reader.field() == 2) error.kind = static_cast<ErrorKind>(reader.number() - 1);
        if (reader.field() == 3) error.what = reader.text();
        failed = failed || reader.field() > 1;
    }
    if (failed) return std::unexpected(std::move(error));
    return yield;
}

/// In the child. It lives for one piece of work, so its heap grows once and never shrinks.
int work_and_tell(const Errands::Work& work) {
    constexpr int kHeapStep = 1 << 20;
    constexpr int kHeapKept = 1 << 30;
    ::mallopt(M_TOP_PAD, kHeapStep);
    ::mallopt(M_TRIM_THRESHOLD, kHeapKept);
    log_of_errand();
    auto yield = work();
    if (yield && yield->bytes.size() > kMostBytes)
        yield = fail(ErrorKind::System, "the answer is too long");
    std::vector<int> fds;
    if (yield)
        for (const auto& fd : yield->fds) fds.push_back(fd.get());
    const auto bytes = encode(yield);
    return sys::send_message(kReplySocket, std::as_bytes(std::span(bytes)), fds) ? 0 : 1;
}

}  // namespace

class Errands::Errand final : Watcher {
 public:
    Errand(Loop& loop, sys::Fd socket, Done done)
        : loop_(loop), socket_(std::move(socket)), done_(std::move(done)) {
        static_cast<void>(loop_.add(socket_.get(), Wanted::Input, *this));
    }
    Errand(const Errand&) = delete;
    Errand& operator=(const Errand&) = delete;
    ~Errand() { loop_.remove(socket_.get()); }

    /// Nothing, if it has said nothing yet.
    void ready() override {
        if (!done_) return;
        const auto size = ::recv(socket_.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
        if (size > 0) tell(receive(static_cast<std::size_t>(size)));
        if (size == 0) loop_.remove(socket_.get());
    }

    /// It is gone: what it has not said by now is never said.
    void end() {
        ready();
        if (done_) tell(fail(ErrorKind::System, "the process that did it was ended"));
    }

 private:
    void tell(Result<Yield> yield) {
        loop_.remove(socket_.get());
        std::exchange(done_, nullptr)(std::move(yield));
    }

    [[nodiscard]] Result<Yield> receive(std::size_t size) const {
        std::string bytes(size, '\0');
        auto received =
            TRY(sys::receive_message(socket_.get(), std::as_writable_bytes(std::span(bytes))));
        return decode(bytes, std::move(received.fds));
    }

    Loop& loop_;
    sys::Fd socket_;
    Done done_;
};

Errands::Errands(Loop& loop, int log, Ended ended)
    : loop_(loop), log_(log), ended_(std::move(ended)) {}

Errands::~Errands() = default;

Result<Errands::Begun> Errands::begin(std::array<int, 3> standard, const Work& work) const {
    auto [own, other] = TRY(sys::seqpacket_pair());
    const auto null = TRY(sys::open_at(sys::kHere, "/dev/null", O_RDWR));
    for (int& fd : standard)
        if (fd < 0) fd = null.get();
    const pid_t pid =
        TRY(launch::send_on({.standard = standard, .kept = {other.get(), log_}, .work = [&work] {
                                 return work_and_tell(work);
                             }}));
    return Begun{.pid = pid, .socket = std::move(own)};
}

void Errands::send(const std::array<int, 3>& standard, const Work& work, Done done) {
    auto begun = begin(standard, work);
    if (!begun) {
        loop_.later([done = std::move(done), error = std::move(begun).error()] {
            done(std::unexpected(error));
        });
        return;
    }
    errands_.emplace(begun->pid,
                     std::make_unique<Errand>(loop_, std::move(begun->socket), std::move(done)));
}

/// What an errand leaves behind becomes a child of this process when the errand ends, and so after
/// it has said what it is. All that is said is heard before the end of such a one is told.
void Errands::reap() {
    for (;;) {
        int status = 0;
        const pid_t pid = ::waitpid(-1, &status, WNOHANG);
        if (pid <= 0) return;
        if (const auto found = errands_.find(pid); found != errands_.end()) {
            const auto errand = std::move(found->second);
            errands_.erase(found);
            errand->end();
            continue;
        }
        for (const auto& [_, errand] : errands_) errand->ready();
        ended_(pid, WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status));
    }
}

}  // namespace cleat::shim
