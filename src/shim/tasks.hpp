// Room: shim. The containers of this shim and their processes: what may be asked of them in which
// state, and what is told of them. All of it is known here; the runtime is only asked to act.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cleat/lifecycle/lifecycle.hpp"
#include "errands.hpp"
#include "events.hpp"
#include "loop.hpp"
#include "making.hpp"
#include "messages.hpp"
#include "oom.hpp"
#include "server.hpp"
#include "status.hpp"
#include "stdio.hpp"

namespace cleat::shim {

enum class Stage { New, Created, Running, Paused, Stopped };

struct Method;

/// A call that waits until the one before it is done with the process.
struct Deferred {
    const Method& method;
    TaskRequest request;
    Caller caller;
};

/// The container's init (without an exec id) or one more process.
struct Process {
    std::string exec_id = {};
    Stage stage = Stage::New;
    Streams streams = {};
    pid_t pid = 0;
    pid_t logger = 0;
    Exit exit = {};
    bool ended = false;         ///< it has been reaped
    bool told = false;          ///< and its end is known to who waits
    bool busy = false;          ///< an errand changes it
    unsigned kills = 0;         ///< that errands are about; who asked hears before the end is told
    std::string document = {};  ///< process.json of an exec that is not started yet
    std::unique_ptr<Stdio> stdio = {};
    std::vector<Caller> waiters = {};
    std::vector<Deferred> deferred = {};
    Loop::Task when_told = {};
};
using ProcessPtr = std::shared_ptr<Process>;

struct Container {
    std::string id;
    std::string bundle;
    lifecycle::Settings settings;
    bool own_pid_namespace = true;
    bool rootfs_mounted = false;
    std::optional<Images> images = {};  ///< what it is restored from at its start
    Owner owner = {};
    ProcessPtr init = std::make_shared<Process>();
    std::map<std::string, ProcessPtr> execs = {};
    std::unique_ptr<OomAlarm> oom = {};
};
using ContainerPtr = std::shared_ptr<Container>;

/// What a call is about.
struct Target {
    ContainerPtr container;
    ProcessPtr process;
};

class Tasks {
 public:
    struct Home {
        Loop& loop;
        Errands& errands;
        Events& events;
        std::string name_space;
        std::function<void(Caller, const Answer&)> answer;
        Loop::Task shut_down;  ///< nothing is left to be done here
    };
    explicit Tasks(Home home) : home_(std::move(home)) {}

    void call(const Request& request, Caller caller);
    /// A child that was no errand.
    void ended(pid_t pid, int status);
    [[nodiscard]] bool empty() const noexcept { return containers_.empty(); }

 private:
    friend struct Method;
    friend struct MethodTable;
    using Run = void (Tasks::*)(const TaskRequest& request, Caller caller);

    void create(const TaskRequest& request, Caller caller);
    void start(const TaskRequest& request, Caller caller);
    void remove(const TaskRequest& request, Caller caller);
    void state(const TaskRequest& request, Caller caller);
    void wait(const TaskRequest& request, Caller caller);
    void kill(const TaskRequest& request, Caller caller);
    void exec(const TaskRequest& request, Caller caller);
    void resize(const TaskRequest& request, Caller caller);
    void close_io(const TaskRequest& request, Caller caller);
    void pids(const TaskRequest& request, Caller caller);
    void pause(const TaskRequest& request, Caller caller);
    void resume(const TaskRequest& request, Caller caller);
    void checkpoint(const TaskRequest& request, Caller caller);
    void update(const TaskRequest& request, Caller caller);
    void stats(const TaskRequest& request, Caller caller);
    void connect(const TaskRequest& request, Caller caller);
    void shutdown(const TaskRequest& request, Caller caller);

    void dispatch(const Method& method, const TaskRequest& request, Caller caller);
    void deny(Caller caller, Code code, std::string_view text);
    void deny(Caller caller, const Error& error, std::string_view context);
    /// An answer without a content.
    void consent(Caller caller) { home_.answer(caller, std::string()); }
    /// What a request is about; without it the caller is told so.
    [[nodiscard]] std::optional<Target> find(const TaskRequest& request, Caller caller);
    [[nodiscard]] ContainerPtr find_container(const TaskRequest& request, Caller caller);
    [[nodiscard]] ContainerPtr container_of(const std::string& id) const;

    /// Has the work done for a process that is busy until then; what waits comes after it.
    struct Job {
        Target target;
        std::array<int, 3> standard = {-1, -1, -1};
        Errands::Work work;
        std::function<void(Result<Yield>)> done;
    };
    void busy_with(Job job);
    /// The same for work that answers with nothing and fails with its error.
    void busy_with(const Target& target, Errands::Work work, Caller caller, Loop::Task done = {});

    void resume_deferred(Process& process);
    void created(const ContainerPtr& container, const TaskRequest& request, Yield yield);
    void born(const ContainerPtr& container, Yield yield);
    void restore_init(const Target& target, Caller caller);
    void start_init(const Target& target, Caller caller);
    void start_exec(const Target& target, Caller caller);
    void started(const Target& target, Caller caller);
    void remove_exec(const Target& target, Caller caller);
    void remove_container(const Target& target, Caller caller);
    void end_when_drained(const Target& target, Caller caller);
    void removed(const Target& target, Caller caller);
    void set_frozen(const TaskRequest& request, Caller caller, Stage wanted);

    void process_ended(const ContainerPtr& container, Process& process, int status);
    void settle(const ContainerPtr& container);
    void tell_end(const Container& container, Process& process);
    void end_logger(pid_t logger);
    void think_of_the_end();

    Home home_;
    std::map<std::string, ContainerPtr> containers_;
    bool shutdown_refused_ = false;
    Loop::Ticket grace_ = 0;
};

}  // namespace cleat::shim
