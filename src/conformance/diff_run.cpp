// Room: conformance. One configuration under one runtime: a process in a mount namespace of its own
// that makes the container, looks at it from inside and outside, ends it and looks for leftovers.
#include "diff_run.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "acts.hpp"
#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/tree.hpp"
#include "diff_look.hpp"
#include "diff_report.hpp"
#include "facts.hpp"
#include "part.hpp"
#include "script.hpp"
#include "worker.hpp"

namespace cleat::conformance {
namespace {

constexpr int kFailure = 1;
constexpr mode_t kDirectory = 0755;
constexpr mode_t kFile = 0644;
constexpr int kTreeDepth = 3;

/// What the container's program tries; the names are those of acts.cpp.
constexpr Case kCase{.id = "diff",
                     .title = "",
                     .clause = "",
                     .level = Level::Must,
                     .needs = "",
                     .patch = "",
                     .acts =
                         "list:/dev stat:/dev/ptmx stat:/dev/console bytes:/dev/zero "
                         "bytes:/dev/random open:/proc/kcore:r open:/proc/sys/kernel/hostname:w "
                         "write:/written:x open:/sys/kernel/uevent_helper:w bytes:/etc/file "
                         "list:/etc list:/data write:/data/written:x mknod:/tmp/node:c:1:3 "
                         "sethostname:other setuid:0 read:/proc/sys/net/ipv4/ip_forward wait",
                     .script = ""};

/// How the runtime is called.
struct Manner {
    bool run = false;
    bool exec = false;
    std::string signal = "TERM";
    std::vector<std::string> conditions;
};

struct Run {
    Stage& stage;
    Manner manner = {};
    Baseline before = {};
    Value report = object();
    std::vector<std::string> cgroups = {};
    pid_t runtime = 0;  ///< of `run`, which waits for the container
};

/// Sources of bind mounts: a directory, a file, a link, a tree with a mount in it, and a mount with
/// flags.
Result<void> make_sources(const std::string& source, const std::string& rootfs) {
    for (const char* const name : {"/dir/below", "/tree/sub", "/flags"})
        TRY(sys::make_directories(source + name, kDirectory));
    for (const char* const name : {"/file", "/dir/file"})
        TRY(sys::replace_file_at(sys::kHere, (source + name).c_str(), "source\n", kFile));
    for (const auto& words :
         {concat("symlink:dir:", source, "/link"), concat("symlink:/data:", rootfs, "/link")})
        if (const auto made = act(words); made.text != "ok")
            return fail(ErrorKind::System, concat(words, ": ", made.text));
    if (::geteuid() != 0) return {};
    const auto sub = TRY(sys::Tree::make({.type = "tmpfs", .attributes = MOUNT_ATTR_NODEV}));
    TRY(sub.attach(sys::kHere, (source + "/tree/sub").c_str()));
    const auto flags = TRY(sys::Tree::make(
        {.type = "tmpfs", .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC}));
    TRY(flags.attach(sys::kHere, (source + "/flags").c_str()));
    return {};
}

Manner manner_of(const Value& choices) {
    Manner out;
    for (const auto& one : choices.elements) {
        const std::string run = text_at(one, "run");
        if (run == "run") out.run = true;
        if (run == "exec") out.exec = true;
        if (run.starts_with("signal:")) out.signal = run.substr(7);
        if (run.starts_with("under:")) out.conditions.push_back(run.substr(6));
    }
    return out;
}

Result<void> prepare(Run& run, const Value& choices) {
    Stage& stage = run.stage;
    stage.names["SRC"] = stage.path("bundle/source");
    TRY(stage.set_up());
    TRY(make_sources(stage.names["SRC"], stage.rootfs()));
    run.manner = manner_of(choices);
    const std::string all = dump(choices);
    if (all.find("$HOLD") != std::string::npos)
        if (const auto broken = perform(stage, "hold net ipc uts cgroup"))
            return fail(ErrorKind::System, broken->seen);
    for (const auto& one : choices.elements)
        merge(stage.config, TRY(parse(stage.filled(text_at(one, "patch")))));
    TRY(stage.write_config());
    run.before = baseline_of(parse_number<pid_t>(stage.names["HOLD"]).value_or(0));
    if (!run.manner.conditions.empty()) {
        stage.around = {stage.probe, kPart, "under"};
        for (const auto& one : run.manner.conditions) stage.around.push_back(one);
        stage.around.emplace_back("--");
    }
    return {};
}

pid_t pid_in(const Stage& stage) {
    return parse_number<pid_t>(content_of(stage.path("pid"))).value_or(0);
}

/// `run` in the foreground, or create and start. True if the runtime did not refuse.
Result<bool> begin(Run& run) {
    Stage& stage = run.stage;
    const std::vector<std::string> flags{"--bundle", stage.bundle(), "--pid-file",
                                         stage.path("pid"), stage.id};
    std::vector<std::string> words{run.manner.run ? "run" : "create"};
    words.insert(words.end(), flags.begin(), flags.end());
    if (run.manner.run) {
        const auto out = TRY(sys::open_at(sys::kHere, stage.path("out").c_str(),
                                          O_WRONLY | O_CREAT | O_APPEND, kFile));
        const auto err = TRY(sys::open_at(sys::kHere, stage.path("err").c_str(),
                                          O_WRONLY | O_CREAT | O_APPEND, kFile));
        run.runtime = TRY(stage.children.start(
            {.words = stage.command(words), .out = out.get(), .err = err.get()}));
        return true;
    }
    TRY(stage.call_runtime(words));
    if (stage.last.status == 0) {
        stage.pid = pid_in(stage);
        put(run.report, "created", state_facts(state_of(stage, stage.id)));
        TRY(stage.call_runtime({"start", stage.id}));
    }
    put(run.report, "error", text(stage.last_words()));
    return stage.last.status == 0;
}

/// Waits until the program waits for signals, or has ended.
bool is_ready(Run& run) {
    Stage& stage = run.stage;
    bool ended = false;
    static_cast<void>(eventually(stage, [&] {
        // The pid file of `run` may come later than the program's output.
        if (stage.output().find("\nready\n") != std::string::npos && pid_in(stage) > 0) return true;
        const pid_t pid = run.manner.run ? run.runtime : stage.pid;
        ended = stage.children.status_of(pid).has_value() ||
                !sys::exists_at(sys::kHere, concat("/proc/", pid).c_str());
        return ended;
    }));
    if (run.manner.run) stage.pid = pid_in(stage);
    return stage.output().find("\nready\n") != std::string::npos;
}

void look(Run& run) {
    Stage& stage = run.stage;
    const std::string output = stage.output();
    const auto facts = parse(std::string_view(output).substr(0, output.find('\n')));
    if (facts) put(run.report, "inside", inside_facts(*facts, kCase.acts, run.before));
    put(run.report, "outside", look_outside(stage.pid, run.before));
    for (const char* const controller : {"pids", "memory", "devices", "cpu", "freezer"})
        run.cgroups.push_back(cgroup_of(stage.pid, controller));
}

/// A second process, by `exec` with the words alone.
void look_at_exec(Run& run) {
    Stage& stage = run.stage;
    static_cast<void>(stage.call_runtime({"exec", stage.id, "/probe", kPart, "probe"}));
    const auto facts = parse(std::string_view(stage.last.out).substr(0, stage.last.out.find('\n')));
    put(run.report, "exec-succeeds", boolean(stage.last.status == 0));
    if (!facts) return;
    Value exec = inside_facts(*facts, "", run.before);
    for (const char* const number : {"pid", "ppid", "sid"}) put(exec, number, text("N"));
    put(run.report, "exec", std::move(exec));
}

/// Ends the program, by the signal of the configuration or else by SIGKILL.
void end_program(Run& run) {
    Stage& stage = run.stage;
    static_cast<void>(stage.call_runtime({"kill", stage.id, run.manner.signal}));
    put(run.report, "kill-succeeds", boolean(stage.last.status == 0));
    const pid_t last = run.manner.run ? run.runtime : stage.pid;
    constexpr std::chrono::milliseconds kSoon{300};
    if (!stage.children.wait(last, kSoon))
        static_cast<void>(stage.call_runtime({"kill", stage.id, "KILL"}));
    const auto status = stage.children.wait(last, stage.limit);
    put(run.report, "exit", number(status.value_or(-1)));
}

void end(Run& run) {
    Stage& stage = run.stage;
    if (stage.pid > 0) end_program(run);
    if (run.manner.run) return;
    if (stage.pid > 0)
        static_cast<void>(eventually(stage, [&] {
            const auto state = state_of(stage, stage.id);
            return !state || text_at(*state, "status") == "stopped";
        }));
    put(run.report, "stopped", state_facts(state_of(stage, stage.id)));
    static_cast<void>(stage.call_runtime({"delete", stage.id}));
    put(run.report, "delete-succeeds", boolean(stage.last.status == 0));
}

void look_afterwards(Run& run) {
    Stage& stage = run.stage;
    static_cast<void>(eventually(stage, [&] {
        stage.children.reap();
        return std::ranges::all_of(Children::running(),
                                   [&](pid_t pid) { return pid == run.before.holder; });
    }));
    std::ranges::sort(run.cgroups);
    const auto same = std::ranges::unique(run.cgroups);
    run.cgroups.erase(same.begin(), same.end());
    std::erase_if(run.cgroups, [](const std::string& path) { return path.size() <= 1; });
    run.cgroups.push_back(stage.cgroup());
    put(run.report, "left", look_left(stage, run.before, run.cgroups));
    put(run.report, "hooks", hook_facts(content_of(stage.rootfs() + "/hooks.log"), run.before));
    if (text_at(run.report, "outcome") == "ran")
        put(run.report, "rootfs", tree_of(stage.rootfs(), kTreeDepth));
}

Result<void> perform_run(Run& run, const Value& choices) {
    Stage& stage = run.stage;
    TRY(prepare(run, choices));
    put(run.report, "config", stage.config);
    const bool begun = TRY(begin(run));
    const bool ready = begun && is_ready(run);
    put(run.report, "outcome",
        text(ready                    ? "ran"
             : begun && stage.pid > 0 ? "ended early"
                                      : "refused"));
    if (run.manner.run && !ready) put(run.report, "error", text(content_of(stage.path("err"))));
    if (ready) look(run);
    if (ready && run.manner.exec) look_at_exec(run);
    if (ready || !run.manner.run) end(run);
    look_afterwards(run);
    return {};
}

}  // namespace

int run_choices(const std::vector<std::string>& words) {
    enum { WordRuntime, WordDirectory, WordProbe, WordName, WordLimit, WordChoices, WordCount };
    if (words.size() != WordCount) return kFailure;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    Stage stage{.subject = &kCase,
                .runtime = words[WordRuntime],
                .directory = words[WordDirectory],
                .probe = words[WordProbe],
                .id = words[WordName],
                .limit = std::chrono::seconds(parse_number<int>(words[WordLimit]).value_or(1)),
                .known = {}};
    const auto choices = parse(words[WordChoices]);
    if (!choices) return kFailure;
    if (!enter_own_mounts(words[WordDirectory])) return kFailure;
    stage.known = {.host = facts({}), .cgroups = Cgroups::look(), .features = {}, .spec = {}};
    Run run{.stage = stage};
    if (const auto done = perform_run(run, *choices); !done) {
        put(run.report, "outcome", text("the run cannot be prepared"));
        put(run.report, "error", text(describe(done.error())));
    }
    stage.children.sweep({});
    stage.known.cgroups.sweep(stage.cgroup());
    const std::string out = normalized(dump(run.report), stage);
    return sys::write_all(STDOUT_FILENO, out) ? 0 : kFailure;
}

}  // namespace cleat::conformance
