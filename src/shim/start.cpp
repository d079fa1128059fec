// Room: shim. `start`: runs in the process that containerd executes and waits for, up to the fork
// of the daemon.
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
#include "making.hpp"
#include "options.hpp"
#include "sha256.hpp"

namespace cleat::shim {
namespace {

constexpr std::string_view kScheme = "unix://";

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

Result<void> leave_daemon(Service service, const std::string& cgroup) {
    TRY(join_cgroup(cgroup));
    const auto null = TRY(sys::open_at(sys::kHere, "/dev/null", O_RDWR));
    const launch::Errand errand{
        .standard = {null.get(), null.get(), service.log.get()},
        .kept = {service.listener.get()},
        .work = [&service] {
            constexpr int kListener = 3;
            static_cast<void>(service.listener.release());
            static_cast<void>(service.log.release());
            service.listener = sys::Fd(kListener);
            service.log = sys::Fd(STDERR_FILENO);
            raise_oom_score();
            if (::chdir("/") < 0) return 1;
            const auto served = serve(std::move(service));
            if (!served) log({.level = LogLevel::Error, .message = describe(served.error())});
            return served ? 0 : 1;
        }};
    TRY(launch::send_on(errand));
    return {};
}

}  // namespace

Result<std::string> start(const Arguments& arguments) {
    constexpr mode_t kMode = 0644;
    auto bootstrap = read_bootstrap(TRY(sys::read_all(STDIN_FILENO)), arguments);
    const auto path = socket_of(arguments, bootstrap);
    const auto address = concat(kScheme, path);
    auto listener = TRY(take_socket(path));
    TRY(sys::replace_file_at(sys::kHere, kAddressFile, address, kMode));
    if (!listener) return write_bootstrap(address, bootstrap);
    std::string_view ttrpc = bootstrap.ttrpc_address;
    if (ttrpc.empty()) ttrpc = variable("TTRPC_ADDRESS");
    if (ttrpc.starts_with(kScheme)) ttrpc.remove_prefix(kScheme.size());
    share_core();
    const auto options = read_options(bootstrap.options);
    auto left = leave_daemon({.listener = std::move(listener),
                              .log = TRY(open_log()),
                              .socket = path,
                              .ttrpc_address = std::string(ttrpc),
                              .name_space = arguments.name_space},
                             options ? options->shim_cgroup : "");
    if (!left) {
        static_cast<void>(sys::remove_file_at(sys::kHere, path.c_str()));
        return std::unexpected(std::move(left).error());
    }
    return write_bootstrap(address, bootstrap);
}

}  // namespace cleat::shim
