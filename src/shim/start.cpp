// Room: shim. `start`: runs in the process that containerd executes and waits for, and then in the
// one that becomes the daemon.
#include "start.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/lifecycle/lifecycle.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/message.hpp"
#include "daemon.hpp"
#include "log.hpp"
#include "making.hpp"
#include "options.hpp"
#include "sha256.hpp"

namespace cleat::shim {
namespace {

constexpr std::string_view kScheme = "unix://";
constexpr int kListener = 3;

std::string_view variable(const char* name) {
    const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
    return value == nullptr ? std::string_view() : std::string_view(value);
}

/// Containers of one group share a shim. A config that cannot be read is told of by Create.
std::string group_of(const Arguments& arguments) {
    const auto annotations = lifecycle::annotations_of(".");
    if (annotations)
        for (const char* key : {"io.containerd.runc.v2.group", "io.kubernetes.cri.sandbox-id"})
            if (const auto found = annotations->find(key);
                found != annotations->end() && !found->second.empty())
                return found->second;
    return arguments.id;
}

std::string socket_of(const Arguments& arguments, const Bootstrap& bootstrap) {
    const std::string_view directory = bootstrap.socket_directory.empty()
                                           ? "/run/containerd/s"
                                           : std::string_view(bootstrap.socket_directory);
    const auto name =
        normal_path(concat(arguments.address, "/", arguments.name_space, "/", group_of(arguments)));
    return concat(directory, "/", sha256(name));
}

/// The listener, or none if a shim listens there already.
Result<sys::Fd> take_socket(const std::string& path) {
    constexpr mode_t kPrivate = 0700;
    TRY(sys::make_directories(path.substr(0, path.rfind('/')), kPrivate));
    auto listener = sys::listen_stream(path);
    if (listener || listener.error().errno_value != EADDRINUSE) return listener;
    if (sys::connect_stream(path)) return sys::Fd();
    TRY(sys::remove_file_at(sys::kHere, path.c_str()));
    return sys::listen_stream(path);
}

/// containerd reads the log from a fifo. Open for reading, too, so that neither its absence nor its
/// end is of concern here.
Result<sys::Fd> open_log() {
    auto log = sys::open_at(sys::kHere, "log", O_RDWR | O_NONBLOCK);
    return log ? std::move(log) : sys::open_at(sys::kHere, "/dev/null", O_RDWR);
}

/// If memory runs out, the shim goes after the daemons of the host and with its containers.
void raise_oom_score() {
    constexpr int kMost = 1000;
    const auto text =
        sys::read_text_at(sys::kHere, concat("/proc/", ::getppid(), "/oom_score_adj").c_str());
    const auto score = text ? parse_number<int>(std::string_view(*text).substr(0, text->find('\n')))
                            : std::nullopt;
    if (!score || *score >= kMost) return;
    static_cast<void>(
        sys::write_text_at(sys::kHere, "/proc/self/oom_score_adj", concat(*score + 1)));
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
        if (!sys::exists_at(sys::kHere, file.c_str())) continue;
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

/// The daemon is executed anew, from a sealed copy (CVE-2019-5736) and with nothing in its heap,
/// while this process has its answer out already.
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
    raise_oom_score();
    log_to_stderr();
    Result<void> served;
    if (::chdir("/") < 0 || ::fcntl(kListener, F_SETFD, 0) < 0)
        served = fail_errno("prepare daemon", errno);
    else
        served = serve(argv.data(), arguments);
    if (!served) log({.level = LogLevel::Error, .message = describe(served.error())});
    return served ? 0 : 1;
}

Result<void> leave_daemon(std::string_view program, const Arguments& arguments,
                          const sys::Fd& listener) {
    const auto null = TRY(sys::open_at(sys::kHere, "/dev/null", O_RDWR));
    const auto log_file = TRY(open_log());
    TRY(launch::send_on({.standard = {null.get(), null.get(), log_file.get()},
                         .kept = {listener.get()},
                         .work = [&] { return become_daemon(program, arguments); }}));
    return {};
}

std::string ttrpc_path(const Bootstrap& bootstrap) {
    std::string_view address = bootstrap.ttrpc_address;
    if (address.empty()) address = variable("TTRPC_ADDRESS");
    if (address.starts_with(kScheme)) address.remove_prefix(kScheme.size());
    return std::string(address);
}

/// What the new daemon is: its cgroup, its core, itself.
Result<void> begin(std::string_view program, const Arguments& arguments, const Bootstrap& bootstrap,
                   const sys::Fd& listener) {
    const auto options = read_options(bootstrap.options);
    if (options) TRY(join_cgroup(options->shim_cgroup));
    share_core();
    return leave_daemon(program, arguments, listener);
}

}  // namespace

Result<void> serve(char** argv, const Arguments& arguments) {
    TRY(launch::execute_sealed(argv));
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
    TRY(sys::replace_file_at(sys::kHere, kAddressFile, address, kMode));
    if (!listener) return write_bootstrap(address, bootstrap);
    auto begun = begin(program, daemon, bootstrap, listener);
    if (begun) return write_bootstrap(address, bootstrap);
    static_cast<void>(sys::remove_file_at(sys::kHere, daemon.socket.c_str()));
    return std::unexpected(std::move(begun).error());
}

}  // namespace cleat::shim
