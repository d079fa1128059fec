// Room: launch. criu(8) as a worker. The host process talks to it; the child becomes it, in the
// cgroups of the container that is to be and with the caller's standard streams, which CRIU
// connects what it restores to.
#include "cleat/launch/criu.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <span>
#include <utility>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/cgroup/cgroup.hpp"
#include "cleat/kernel/apply.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/message.hpp"
#include "cleat/sys/tree.hpp"
#include "clone.hpp"
#include "confinement.hpp"

namespace cleat::launch {
namespace {

constexpr int kSocket = 3;
constexpr std::string_view kInPlace = "!";  ///< the child's only word before CRIU speaks for it
constexpr int kCannotExecute = 127;
constexpr int kOutOfTheWay = 256;  ///< descriptors that must not be in the way of 3, 4, …

/// Engines call with a short PATH, or none, and CRIU is mostly in a directory for administrators.
std::optional<std::string> find_criu() {
    const char* path = ::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): one thread
    const std::string places =
        concat(path == nullptr ? "" : path, ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin");
    for (const auto directory : split(places, ':')) {
        if (!directory.starts_with('/')) continue;
        auto candidate = concat(directory, "/criu");
        if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return std::nullopt;
}

/// All that the child needs, made before it is there.
struct Child {
    const CriuWork& work;
    const std::string program;
    kernel::Context context;
    int socket;
    int errors;  ///< a file for what it cannot do
};

Result<void> mount_root(const CriuWork& work) {
    if (work.rootfs.empty()) return {};
    // What is half restored is nothing without who restores it; a dump must let go what it holds.
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return fail_errno("tie criu to its caller", errno);
    if (::unshare(CLONE_NEWNS) < 0) return fail_errno("make mount namespace", errno);
    TRY(sys::set_mount_attributes(sys::kHere, "/", {.propagation = MS_SLAVE},
                                  sys::Depth::Recursive));
    const auto tree = TRY(sys::Tree::clone(sys::kHere, work.rootfs.c_str(), sys::Depth::Recursive));
    return tree.attach(sys::kHere, work.mount_point.c_str());
}

/// CRIU reaches descriptors that a message names through the process that made its socket, which is
/// why this one does: its directories are in the worker's mount namespace. The host gets the other
/// end; that it comes says that the worker is where it belongs.
Result<sys::Fd> make_socket(const Child& child) {
    auto [own, its] = TRY(sys::seqpacket_pair());
    const int fd = its.get();
    TRY(sys::send_message(child.socket, std::as_bytes(std::span(kInPlace)), std::span(&fd, 1)));
    return std::move(own);
}

/// Numbers that CRIU knows them by. First all of them go where none of these numbers is.
Result<void> number_descriptors(const Child& child, int socket) {
    std::vector<int> wanted = {socket};
    std::vector<sys::Fd> directories;
    for (const auto& path : child.work.directories) {
        directories.push_back(TRY(sys::open_at(sys::kHere, path.c_str(), O_RDONLY | O_DIRECTORY)));
        wanted.push_back(directories.back().get());
    }
    wanted.insert(wanted.end(), child.work.descriptors.begin(), child.work.descriptors.end());
    for (auto& fd : wanted) {
        fd = ::fcntl(fd, F_DUPFD_CLOEXEC, kOutOfTheWay);
        if (fd < 0) return fail_errno("copy descriptor", errno);
    }
    for (std::size_t i = 0; i < wanted.size(); ++i)
        if (::dup2(wanted[i], kSocket + static_cast<int>(i)) < 0)
            return fail_errno("copy descriptor", errno);
    const auto next = static_cast<unsigned>(kSocket) + static_cast<unsigned>(wanted.size());
    ::close_range(next, ~0U, CLOSE_RANGE_CLOEXEC);
    return {};
}

Result<void> become_criu(Child& child) {
    if (!child.context.cgroup_tasks.empty()) TRY(kernel::apply(plan::JoinCgroups{}, child.context));
    TRY(mount_root(child.work));
    const auto connection = TRY(make_socket(child));
    TRY(number_descriptors(child, connection.get()));
    ::sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const std::string socket = concat(kSocket);
    // execve(2) changes nothing of what it is given.
    const std::array<char*, 4> arguments = {const_cast<char*>("criu"), const_cast<char*>("swrk"),
                                            const_cast<char*>(socket.c_str()), nullptr};
    ::execv(child.program.c_str(), arguments.data());
    return fail_errno(concat("execute ", child.program), errno);
}

[[noreturn]] void run_child(Child& child) noexcept {
    const auto failed = become_criu(child);
    if (!failed) static_cast<void>(sys::write_all(child.errors, describe(failed.error())));
    ::_exit(kCannotExecute);
}

const plan::Clone* clone_step(const plan::Plan& plan) {
    for (const auto& step : plan.host)
        if (const auto* clone = std::get_if<plan::Clone>(&step.action)) return clone;
    return nullptr;
}

class Worker {
 public:
    Worker(const CriuWork& work, const plan::Plan& confinement)
        : work_(work), plan_(confinement), confinement_(confinement) {}

    Result<void> run(std::string program);

 private:
    Result<kernel::Context> confine();
    Result<void> start(std::string program);
    Result<void> talk();
    Result<void> finish();
    [[nodiscard]] std::unexpected<Error> died();

    const CriuWork& work_;
    const plan::Plan& plan_;
    Confinement confinement_;
    ChildGuard child_;
    sys::Fd socket_;
    sys::Fd errors_;
};

Result<kernel::Context> Worker::confine() {
    TRY(confinement_.make());
    kernel::Context context;
    context.cgroup_tasks = TRY(cgroup::open_v1_tasks(plan_.cgroups));
    const auto* clone = clone_step(plan_);
    if (clone != nullptr && clone->into_cgroup)
        context.unified_cgroup = TRY(cgroup::open_unified(plan_.cgroups.at(*clone->into_cgroup)));
    return context;
}

Result<void> Worker::start(std::string program) {
    auto [own, its] = TRY(sys::seqpacket_pair());
    errors_ = sys::Fd(::memfd_create("errors", MFD_CLOEXEC));
    if (!errors_) return fail_errno("make file for errors", errno);
    Child child{.work = work_,
                .program = std::move(program),
                .context = TRY(confine()),
                .socket = its.get(),
                .errors = errors_.get()};
    auto cloned = TRY(clone_process({.cgroup = child.context.unified_cgroup.get()}));
    if (cloned.pid == 0) run_child(child);
    child_.take(cloned.pid, std::move(cloned.pidfd));
    socket_ = std::move(own);  // `its` closes: the end of the child is the end of file
    return {};
}

std::unexpected<Error> Worker::died() {
    if (::lseek(errors_.get(), 0, SEEK_SET) == 0)
        if (const auto text = sys::read_all(errors_.get()); text && !text->empty())
            return fail(ErrorKind::System, *text);
    const auto status = child_.reap();
    return fail(ErrorKind::System, concat("criu ended with status ", status ? *status : -1));
}

Result<void> Worker::talk() {
    constexpr std::size_t kLongest = std::size_t{64} << 10U;
    std::string buffer(kLongest, '\0');
    auto in_place = sys::receive_message(socket_.get(), std::as_writable_bytes(std::span(buffer)));
    if (!in_place || in_place->fds.empty()) return died();
    socket_ = std::move(in_place->fds[0]);
    confinement_.end_stand_in();
    auto next = CriuWork::Answer(TRY(work_.first(child_.pid())));
    while (next) {
        // An end that came before is told by what is received.
        const auto sent = sys::send_message(socket_.get(), std::as_bytes(std::span(*next)));
        if (!sent && sent.error().errno_value != EPIPE) return sent;
        auto got = sys::receive_message(socket_.get(), std::as_writable_bytes(std::span(buffer)));
        const bool reset = !got && got.error().errno_value == ECONNRESET;
        if (reset || (got && got->size == 0)) return died();
        if (!got) return std::unexpected(std::move(got).error());
        next =
            TRY(work_.answer(std::string_view(buffer).substr(0, got->size), std::move(got->fds)));
    }
    return {};
}

/// What it was asked for is done by now, whatever its own end is like: after a pre-dump it waits
/// for more, and calls it a failure that there is none.
Result<void> Worker::finish() {
    ::shutdown(socket_.get(), SHUT_WR);
    const int status = TRY(child_.reap());
    if (status != 0) log({.level = LogLevel::Debug, .message = concat("criu ended with ", status)});
    confinement_.keep();
    return {};
}

Result<void> Worker::run(std::string program) {
    TRY(start(std::move(program)));
    TRY(talk());
    return finish();
}

}  // namespace

Result<void> have_criu_do(const CriuWork& work) {
    auto program = find_criu();
    if (!program) return fail(ErrorKind::Unsupported, "criu is not in PATH");
    const plan::Plan none;
    return Worker(work, work.confinement != nullptr ? *work.confinement : none)
        .run(*std::move(program));
}

bool has_criu() { return find_criu().has_value(); }

}  // namespace cleat::launch
