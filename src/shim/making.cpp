// Room: shim. Making a container. Runs in the errand, whose streams are the container's.
#include "making.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/lifecycle/criu.hpp"
#include "cleat/sys/files.hpp"
#include "rootfs.hpp"
#include "stdio.hpp"

namespace cleat::shim {
namespace {

/// The logging program of this errand; ended unless kept.
class Logger {
 public:
    explicit Logger(pid_t pid) noexcept : pid_(pid) {}
    Logger(const Logger&) = delete;
    Logger& operator=(const Logger&) = delete;
    ~Logger() {
        if (pid_ > 0) ::kill(pid_, SIGTERM);
    }
    void keep() noexcept { pid_ = 0; }

 private:
    pid_t pid_;
};

/// Takes the place of what the errand came with.
Result<void> take(const OwnStreams& streams) {
    for (const auto& [fd, number] :
         {std::pair(streams.out.get(), STDOUT_FILENO), std::pair(streams.err.get(), STDERR_FILENO)})
        if (fd >= 0 && ::dup2(fd, number) < 0) return fail_errno("set stream", errno);
    return {};
}

/// v1's directory of the memory controller, or the unified one.
std::optional<plan::CgroupDirectory> memory_of(const store::State& state) {
    const auto counts = [](const store::KeptCgroup& each) {
        return std::ranges::find(each.controllers, "memory") != each.controllers.end();
    };
    auto found = std::ranges::find_if(state.cgroups, counts);
    if (found == state.cgroups.end())
        found = std::ranges::find_if(state.cgroups, &store::KeptCgroup::unified);
    if (found == state.cgroups.end()) return std::nullopt;
    return plan::CgroupDirectory{.controllers = {"memory"},
                                 .mountpoint = found->mountpoint,
                                 .path = found->path,
                                 .unified = found->unified};
}

Yield write_made(const Made& made) {
    Writer out;
    out.number(1, static_cast<std::uint64_t>(made.pid));
    out.number(2, static_cast<std::uint64_t>(made.logger));
    out.number(3, made.own_pid_namespace ? 1 : 0);
    if (made.memory)
        out.message(4, Writer()
                           .text(1, made.memory->mountpoint)
                           .text(2, made.memory->path)
                           .number(3, made.memory->unified ? 1 : 0));
    return {.bytes = out.take(), .fds = {}};
}

Result<void> leave_word(const Making& making, const std::string& bundle, pid_t pid) {
    constexpr mode_t kMode = 0600;
    TRY(sys::replace_file_at(sys::kHere, concat(bundle, "/", kRootFile).c_str(),
                             making.settings.root, kMode));
    return sys::replace_file_at(sys::kHere, concat(bundle, "/", kPidFile).c_str(), concat(pid),
                                kMode);
}

Result<Yield> tell_of(const Making& making, const std::string& bundle, lifecycle::Newborn& born,
                      pid_t logger) {
    TRY(leave_word(making, bundle, born.process.pid));
    const auto view = TRY(lifecycle::state(making.settings, making.id));
    auto yield = write_made({.pid = born.process.pid,
                             .logger = logger,
                             .own_pid_namespace = view.state.has_own_pid_namespace,
                             .memory = memory_of(view.state),
                             .console = {}});
    if (born.console) yield.fds.push_back(std::move(born.console));
    return yield;
}

Result<Yield> make(const Making& making, const TaskRequest& request,
                   const RuntimeOptions& options) {
    using enum plan::Options::Keyring;
    const auto streams = TRY(open_own_streams(
        making.streams, {.container = making.id.str(), .name_space = making.name_space}));
    Logger logger(streams.logger);
    TRY(take(streams));
    // Before there is anything to be deleted, what `delete` needs is there.
    TRY(leave_word(making, request.bundle, 0));
    auto born = TRY(lifecycle::create_near(
        making.settings,
        {.id = making.id,
         .bundle = request.bundle,
         .root_change = options.no_pivot_root ? plan::RootChange::Move : plan::RootChange::Pivot,
         .keyring = options.no_new_keyring ? Keep : New}));
    auto yield = tell_of(making, request.bundle, born, streams.logger);
    if (yield)
        logger.keep();
    else
        static_cast<void>(lifecycle::remove(making.settings, making.id, lifecycle::Force::Yes));
    return yield;
}

/// Does it in the mounted root, which is taken off again if that fails.
template <class Work>
Result<Yield> with_root(const TaskRequest& request, const Work& work) {
    const std::string rootfs = request.bundle + "/rootfs";
    const auto mounted = mount_root(request.rootfs, rootfs);
    auto made = mounted ? work() : Result<Yield>(std::unexpected(mounted.error()));
    if (made || request.rootfs.empty()) return made;
    const auto gone = unmount_root(rootfs);
    if (!gone) warn(describe(gone.error()));
    return made;
}

}  // namespace

Result<Yield> make_container(const Making& making, const TaskRequest& request,
                             const RuntimeOptions& options) {
    return with_root(request, [&] { return make(making, request, options); });
}

Result<Yield> await_restore(const Making& making, const TaskRequest& request) {
    return with_root(request, [&]() -> Result<Yield> {
        TRY(sys::open_at(sys::kHere, request.checkpoint.c_str(), O_PATH | O_DIRECTORY));
        TRY(leave_word(making, request.bundle, 0));
        return Yield{};
    });
}

Result<Yield> restore_container(const Making& making, const Images& images) {
    const auto streams = TRY(open_own_streams(
        making.streams, {.container = making.id.str(), .name_space = making.name_space}));
    Logger logger(streams.logger);
    TRY(take(streams));
    lifecycle::RestoreOptions options;
    options.criu.image_path = images.path;
    options.criu.work_path = images.work_path;
    auto born = TRY(lifecycle::restore_near(making.settings,
                                            {.id = making.id, .bundle = images.bundle}, options));
    auto yield = tell_of(making, images.bundle, born, streams.logger);
    if (yield)
        logger.keep();
    else
        static_cast<void>(lifecycle::remove(making.settings, making.id, lifecycle::Force::Yes));
    return yield;
}

Result<Yield> make_exec(const Making& making, const std::string& process) {
    const auto streams = TRY(open_own_streams(
        making.streams, {.container = making.id.str(), .name_space = making.name_space}));
    Logger logger(streams.logger);
    TRY(take(streams));
    auto born =
        TRY(lifecycle::exec_near(making.settings, {.id = making.id, .process_text = process}));
    logger.keep();
    auto yield = write_made(
        {.pid = born.process.pid, .logger = streams.logger, .memory = {}, .console = {}});
    if (born.console) yield.fds.push_back(std::move(born.console));
    return yield;
}

Made read_made(Yield& yield) {
    Made made;
    made.own_pid_namespace = false;
    Reader reader(yield.bytes);
    while (reader.next()) {
        if (reader.field() == 1) made.pid = static_cast<pid_t>(reader.number());
        if (reader.field() == 2) made.logger = static_cast<pid_t>(reader.number());
        if (reader.field() == 3) made.own_pid_namespace = reader.flag();
        if (reader.field() != 4) continue;
        plan::CgroupDirectory memory{.controllers = {"memory"}, .mountpoint = {}, .path = {}};
        Reader inner(reader.bytes());
        while (inner.next()) {
            if (inner.field() == 1) memory.mountpoint = inner.text();
            if (inner.field() == 2) memory.path = inner.text();
            if (inner.field() == 3) memory.unified = inner.flag();
        }
        made.memory = std::move(memory);
    }
    if (!yield.fds.empty()) made.console = std::move(yield.fds[0]);
    return made;
}

}  // namespace cleat::shim
