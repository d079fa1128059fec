// Room: shim. `start`: runs in the process that containerd executes and waits for, and then in the
// one that becomes the daemon. What is slow is done there: who waits has its answer before.
#include "start.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "address.hpp"
#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/sys/files.hpp"
#include "daemon.hpp"
#include "log.hpp"
#include "making.hpp"
#include "options.hpp"

namespace cleat::shim {
namespace {

constexpr int kListener = 3;

std::string_view variable(const char* name) {
    const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
    return value == nullptr ? std::string_view() : std::string_view(value);
}

/// containerd reads the log from a fifo. Open for reading, too, so that neither its absence nor its
/// end is of concern here.
Result<sys::Fd> open_log() {
    auto log = sys::open_at(sys::kHere, "log", O_RDWR | O_NONBLOCK);
    return log ? std::move(log) : sys::open_at(sys::kHere, "/dev/null", O_RDWR);
}

/// If memory runs out, the shim goes after the daemons of the host and with its containers. Its
/// score is inherited from who started it.
void raise_oom_score() {
    constexpr int kMost = 1000;
    constexpr const char* kFile = "/proc/self/oom_score_adj";
    const auto text = sys::read_text_at(sys::kHere, kFile);
    const auto score = text ? parse_number<int>(std::string_view(*text).substr(0, text->find('\n')))
                            : std::nullopt;
    if (!score || *score >= kMost) return;
    static_cast<void>(sys::write_text_at(sys::kHere, kFile, concat(*score + 1)));
}

/// A cgroup that is there in one hierarchy at least; containers leave it for their own.
Result<void> join_cgroup(const std::string& path) {
    constexpr const char* kTop = "/sys/fs/cgroup";
    if (path.empty()) return {};
    auto places = TRY(sys::list_directory_at(sys::kHere, kTop));
    places.emplace_back(".");
    bool joined = false;
    for (const auto& place : places) {
        const auto file = concat(kTop, "/", place, "/", path, "/cgroup.procs");
        if (!TRY(sys::is_there_at(sys::kHere, file.c_str()))) continue;
        TRY(sys::write_text_at(sys::kHere, file.c_str(), "0"));
        joined = true;
    }
    if (joined) return {};
    return fail(ErrorKind::NotFound, concat("ShimCgroup ", quoted(path), " does not exist"));
}

/// Core scheduling (PR_SCHED_CORE(2const)): a cookie of its own for the process group.
void share_core() {
    constexpr int kSchedCore = 62;  // PR_SCHED_CORE
    constexpr int kCreate = 1;
    constexpr int kProcessGroup = 2;
    if (variable("SCHED_CORE").empty()) return;
    if (::prctl(kSchedCore, kCreate, 0, kProcessGroup, 0) < 0)
        warn(concat("SCHED_CORE: no cookie for core scheduling: ", errno_name(errno)));
}

/// For ps(1), in the memory that has the command line: the words have the same length.
void show_as_daemon(std::string_view action) {
    constexpr std::string_view kServe = "serve";
    std::ranges::copy(kServe, const_cast<char*>(action.data()));
}

/// Runs in the memory of `start`, which is over. A daemon that cannot be leaves no socket behind:
/// containerd is refused there, and removes the rest.
int become_daemon(std::string_view program, const Arguments& arguments) {
    std::vector<std::string> words{std::string(program),
                                   "-namespace",
                                   arguments.name_space,
                                   "-address",
                                   arguments.address,
                                   "-id",
                                   arguments.id,
                                   "-socket",
                                   arguments.socket,
                                   "-ttrpc-address",
                                   arguments.ttrpc_address,
                                   "serve"};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    show_as_daemon(arguments.action);
    raise_oom_score();
    Result<void> served;
    if (::chdir("/") < 0 || ::fcntl(kListener, F_SETFD, 0) < 0)
        served = fail_errno("prepare daemon", errno);
    else
        served = serve(argv.data(), arguments);
    if (served) return 0;
    log({.level = LogLevel::Error, .message = describe(served.error())});
    static_cast<void>(sys::remove_file_at(sys::kHere, arguments.socket.c_str()));
    return 1;
}

/// Returns only if there is no daemon. The answer is given first, as afterwards nothing but the end
/// may be done here; containerd believes it if the exit status is 0.
Result<void> leave_daemon(std::string_view program, const Arguments& arguments,
                          const sys::Fd& listener, std::string_view answer) {
    const auto null = TRY(sys::open_at(sys::kHere, "/dev/null", O_RDWR));
    const auto log_file = TRY(open_log());
    static_cast<void>(::signal(SIGPIPE, SIG_IGN));
    TRY(sys::write_all(STDOUT_FILENO, answer));
    return launch::hand_over({.standard = {null.get(), null.get(), log_file.get()},
                              .kept = {listener.get()},
                              .work = [&] { return become_daemon(program, arguments); }});
}

std::string ttrpc_path(const Bootstrap& bootstrap) {
    std::string_view address = bootstrap.ttrpc_address;
    if (address.empty()) address = variable("TTRPC_ADDRESS");
    if (address.starts_with(kScheme)) address.remove_prefix(kScheme.size());
    return std::string(address);
}

/// The new daemon's cgroup, its core, itself.
Result<void> begin(std::string_view program, const Arguments& arguments, const Bootstrap& bootstrap,
                   const sys::Fd& listener) {
    const auto options = read_options(bootstrap.options);
    if (options) TRY(join_cgroup(options->shim_cgroup));
    share_core();
    return leave_daemon(program, arguments, listener,
                        write_bootstrap(concat(kScheme, arguments.socket), bootstrap));
}

}  // namespace

Result<void> serve(char** argv, const Arguments& arguments) {
    TRY(launch::seal_own_executable(argv));
    return serve({.listener = sys::Fd(kListener),
                  .log = sys::Fd(STDERR_FILENO),
                  .socket = arguments.socket,
                  .ttrpc_address = arguments.ttrpc_address,
                  .name_space = arguments.name_space});
}

Result<std::string> start(std::string_view program, const Arguments& arguments) {
    constexpr mode_t kMode = 0644;
    const auto bootstrap = read_bootstrap(TRY(sys::read_all(STDIN_FILENO)), arguments);
    auto daemon = arguments;
    daemon.socket = socket_of(arguments, bootstrap);
    daemon.ttrpc_address = ttrpc_path(bootstrap);
    const auto address = concat(kScheme, daemon.socket);
    const auto listener = TRY(take_socket(daemon.socket));
    auto begun = sys::replace_file_at(sys::kHere, kAddressFile, address, kMode);
    if (begun && !listener) return write_bootstrap(address, bootstrap);
    if (begun) begun = begin(program, daemon, bootstrap, listener);
    if (listener) static_cast<void>(sys::remove_file_at(sys::kHere, daemon.socket.c_str()));
    return std::unexpected(std::move(begun).error());
}

}  // namespace cleat::shim
