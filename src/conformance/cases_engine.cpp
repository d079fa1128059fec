// Room: conformance. Cases: what engines rely on beyond the specification.
#include "cases.hpp"

namespace cleat::conformance {
namespace {

constexpr Case kCases[] = {
    {"engine.version", "--version names the program and its version", "Podman, conmon", kMust, "",
     "", "", "bare --version; out has version"},
    {"engine.version.spec", "--version names the version of the specification", "Podman, conmon",
     kShould, "", "", "", "bare --version; out has spec:"},
    {"engine.pid-file", "the pid file has the pid and nothing else, no line break",
     "containerd, runc shim", kMust, "", "", "wait",
     "create; state; remember STATE pid; look pid; text = $STATE"},
    {"engine.state.pid.stopped", "the pid of a stopped container is 0", "containerd, runc shim",
     kMust, "", "", "", "create; start; gone; wait stopped; state; pid = 0"},
    {"engine.state.created", "the state has the time of creation", "Podman, conmon", kMust, "", "",
     "wait", "create; state; created like 20*"},
    {"engine.state.rootfs", "the state has the root file system", "containerd, runc shim", kShould,
     "", "", "wait", "create; state; rootfs = $ROOTFS"},
    {"engine.state.unknown", "an unknown container does not exist, in these words",
     "containerd, runc shim", kShould, "", "", "", "!state; err has \"does not exist\""},
    {"engine.create.exists", "a taken id already exists, in these words", "containerd, runc shim",
     kMust, "", "", "wait", "create; !create; err has \"already exists\""},
    {"engine.list.json", "list as JSON has the states", "Buildah", kMust, "", "", "wait",
     "create; start; says ready; json list --format json; 0/id = $ID; 0/status = running; 0/pid = "
     "$PID; 0/bundle = $BUNDLE"},
    {"engine.list.quiet", "list -q has the ids", "Buildah", kMust, "", "", "wait",
     "create; call list -q; out has $ID"},
    {"engine.ps.json", "ps as JSON has the pids on the host", "containerd, runc shim", kMust,
     "root", "", "wait", "create; start; says ready; json ps --format json $ID; . has $PID"},
    {"engine.kill.number", "a signal by its number", "containerd, runc shim", kMust, "", "", "wait",
     "create; start; says ready; kill 10; says signal 10; kill 15; says signal 15"},
    {"engine.kill.name", "a signal by its name, with and without SIG", "all engines", kMust, "", "",
     "wait", "create; start; says ready; kill SIGUSR1; says signal 10; kill HUP; says signal 1"},
    {"engine.kill.all", "kill --all is for every process", "containerd, runc shim", kMust,
     "cgroup:pids", "", "leave:2 wait",
     "create; start; says ready; kill --all KILL; gone; wait stopped"},
    {"engine.kill.stopped", "a stopped container is not running, in these words",
     "containerd, runc shim", kShould, "", "", "",
     "create; start; gone; wait stopped; !kill KILL; err has \"not running\""},
    {"engine.delete.force.running", "delete --force ends a running container", "all engines", kMust,
     "", "", "leave:3 wait", "create; start; says ready; delete --force; gone; !state; clean"},
    {"engine.delete.force.created", "delete --force ends a created container", "all engines", kMust,
     "", "", "wait", "create; delete --force; gone; !state; clean"},
    {"engine.delete.force.missing", "delete --force of nothing is done", "Podman, conmon", kMust,
     "", "", "", "delete --force"},
    {"engine.delete.created",
     "a container that was never started can be deleted, whatever the specification says",
     "containerd, runc shim", kMust, "", "", "wait", "create; delete; gone; !state; clean"},
    {"engine.log.json", "an error is one line of JSON in the log", "containerd, runc shim", kMust,
     "", "", "",
     "!call --log $DIR/log --log-format json create --bundle $DIR/none $ID; look log; json/level = "
     "error; json/msg exists; json/time like 20*"},
    {"engine.log.stderr", "an error is on standard error, too", "Podman, conmon", kMust, "", "", "",
     "!call create --bundle $DIR/none $ID; err like *; err != \"\""},
    {"engine.exec", "a process is in the container's namespaces", "all engines", kMust, "root", "",
     "wait",
     "create; start; says ready; proc; remember MNT ns/mnt; remember NET ns/net; remember UTS "
     "ns/uts; exec |; ns/mnt = $MNT; ns/net = $NET; ns/uts = $UTS; pid > 1"},
    {"engine.exec.cgroup", "a process is in the container's cgroup", "all engines", kMust,
     "cgroup:pids", "", "wait", "create; start; says ready; exec |; cgroup has $ID"},
    {"engine.exec.exit-status", "exec ends with the status of the process", "all engines", kMust,
     "", "", "wait",
     "create; start; says ready; !call exec $ID /probe --conformance-part probe exit:7; status = "
     "7"},
    {"engine.exec.missing", "a program that is not there is an error", "all engines", kMust, "", "",
     "wait", "create; start; says ready; !call exec $ID /no/such/program; err != \"\""},
    {"engine.exec.flags", "cwd, env and user by flags", "Podman, conmon", kMust, "root", "", "wait",
     "create; start; says ready; exec --cwd /tmp --env A=1 --user 5:6 |; cwd = /tmp; env has A=1; "
     "uid = 5; gid = 6"},
    {"engine.exec.process", "a process document", "containerd, runc shim", kMust, "root", "",
     "wait",
     "create; start; says ready; process "
     "{\"cwd\":\"/"
     "tmp\",\"env\":[\"A=1\"],\"user\":{\"uid\":5,\"gid\":6,\"additionalGids\":[7]},"
     "\"noNewPrivileges\":true} |; cwd = /tmp; env has A=1; uid = 5; gid = 6; groups = [7]; nnp = "
     "1"},
    {"engine.exec.process.limits", "limits of a process document", "containerd, runc shim", kMust,
     "", "", "wait",
     "create; start; says ready; process "
     "{\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":200,\"hard\":200}]} |; rlimits/NOFILE = "
     "[200,200]"},
    {"engine.exec.process.capabilities", "capabilities of a process document",
     "containerd, runc shim", kMust, "root", "", "wait",
     "create; start; says ready; process "
     "{\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"effective\":[\"CAP_KILL\"],\"permitted\":["
     "\"CAP_KILL\"]}} |; caps/bounding = [\"CAP_KILL\"]; caps/effective = [\"CAP_KILL\"]"},
    {"engine.exec.detach", "exec --detach returns, and has written the pid file",
     "containerd, runc shim", kMust, "", "", "wait",
     "create; start; says ready; call exec --detach --pid-file $DIR/xpid $ID /probe "
     "--conformance-part probe pause; look xpid; text > 1"},
    {"engine.exec.flags-end", "flags end at the first word of the command", "all engines", kMust,
     "", "", "wait",
     "create; start; says ready; call exec $ID /probe --conformance-part probe --detach -t; out "
     "has --detach"},
    {"engine.exec.stopped", "nothing is executed in a stopped container", "containerd, runc shim",
     kMust, "", "", "", "create; start; gone; wait stopped; !call exec $ID /probe"},
    {"engine.exec.unknown", "nothing is executed in no container", "containerd, runc shim", kShould,
     "", "", "", "!call exec $ID /probe; err has \"does not exist\""},
    {"engine.exec.seccomp", "a process has the container's filter", "all engines", kMust, "",
     R"({"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}}})",
     "wait", "create; start; says ready; exec | mkdir:/tmp/new; seccomp = 2; did/0 = EPERM"},
    {"engine.exec.created", "a process can be executed in a created container", "Podman, conmon",
     kShould, "", "", "wait", "create; exec |; pid > 1"},
    {"engine.exec.affinity", "processors for a process, but not for init",
     "config.md#linux-process", kMust, "since:1.2 root",
     R"({"process":{"execCPUAffinity":{"initial":"0","final":"0"}}})", "wait",
     "create; start; says ready; process {\"execCPUAffinity\":{\"initial\":\"0\",\"final\":\"0\"}} "
     "|; sched/cpus = 0"},
    {"engine.pause", "pause and resume", "all engines", kMust, "cgroup:freezer", "", "wait",
     "create; start; says ready; pause; state; status = paused; resume; state; status = running; "
     "kill TERM; says signal 15"},
    {"engine.pause.exec", "nothing is executed in a paused container", "containerd, runc shim",
     kMust, "cgroup:freezer", "", "wait",
     "create; start; says ready; pause; !call exec $ID /probe; resume"},
    {"engine.pause.delete", "a paused container is not deleted", "all engines", kMust,
     "cgroup:freezer", "", "wait",
     "create; start; says ready; pause; !delete; state; status = paused; resume"},
    {"engine.pause.delete-force", "delete --force ends a paused container", "Podman, conmon", kMust,
     "cgroup:freezer", "", "leave:2 wait",
     "create; start; says ready; pause; delete --force; gone; !state; clean"},
    {"engine.update.stdin", "limits from standard input; others stay", "containerd, runc shim",
     kMust, "cgroup:pids cgroup:memory",
     R"({"linux":{"resources":{"memory":{"limit":67108864},"pids":{"limit":50}}}})", "wait",
     "create; start; says ready; feed {\"pids\":{\"limit\":99}} | update --resources=- $ID; "
     "cgroup; pids.limit = 99; memory.limit = 67108864"},
    {"engine.update.file", "limits from a file", "Podman, conmon", kMust, "cgroup:pids", "", "wait",
     "create; start; says ready; make file limits {\"pids\":{\"limit\":98}}; call update "
     "--resources $DIR/limits $ID; cgroup; pids.limit = 98"},
    {"engine.update.flag", "limits by flags", "all engines", kMust, "cgroup:pids", "", "wait",
     "create; start; says ready; call update --pids-limit 97 $ID; cgroup; pids.limit = 97"},
    {"engine.update.memory", "a limit of memory", "containerd, runc shim", kMust, "cgroup:memory",
     "", "wait",
     "create; start; says ready; feed {\"memory\":{\"limit\":134217728}} | update --resources=- "
     "$ID; cgroup; memory.limit = 134217728"},
    {"engine.events.stats", "statistics as one object", "containerd, runc shim", kShould,
     "cgroup:pids", "", "wait",
     "create; start; says ready; json events --stats $ID; type = stats; id = $ID; "
     "data/pids/current > 0; data/memory exists; data/cpu/usage/total exists"},
    {"engine.features.quiet", "features says nothing on standard error", "CRI-O", kMust, "features",
     "", "", "call features; err = \"\""},
    {"engine.features.rro", "features tells of rro and of user namespaces", "CRI-O", kShould,
     "features", "", "", "features; mountOptions has rro; linux/namespaces has user"},
    {"engine.console.no-terminal", "a console socket without terminal is refused", "all engines",
     kShould, "", "", "", "listen console; !create --console-socket $DIR/console; !state"},
    {"engine.console.missing", "terminal without a console socket is refused", "all engines", kMust,
     "", R"({"process":{"terminal":true}})", "", "!create; !state; clean"},
    {"engine.exec.console", "exec with a terminal", "containerd, runc shim", kMust, "root", "",
     "wait",
     "create; start; says ready; listen console; call exec --detach --tty --console-socket "
     "$DIR/console $ID /probe --conformance-part probe; accept; terminal = 1; screen; tty = 1"},
    {"engine.no-pivot", "create --no-pivot", "containerd, runc shim", kMust, "root", "", "",
     "run --no-pivot; uid = 0; mounts/proc exists"},
    {"engine.no-new-keyring", "create --no-new-keyring", "containerd, runc shim", kMust, "root", "",
     "", "run --no-new-keyring; keyring lacks _ses.$ID"},
    {"engine.keyring", "a container has a session keyring of its own", "all engines", kShould,
     "root", "", "", "run; keyring has _ses.$ID"},
    {"engine.run", "run creates, starts, waits and deletes", "Buildah", kMust, "", "", "",
     "call run --bundle $BUNDLE $ID; report; pid = 1; !state; clean"},
    {"engine.run.exit-status", "run ends with the status of the process", "Buildah", kMust, "", "",
     "exit:5", "!call run --bundle $BUNDLE $ID; status = 5; !state; clean"},
    {"engine.run.detach", "run --detach returns and leaves the container running", "all engines",
     kMust, "", "", "wait",
     "call run --detach --bundle $BUNDLE --pid-file $DIR/pid $ID; says ready; state; status = "
     "running; remember STATE pid; look pid; text = $STATE"},
    {"engine.checkpoint.help", "checkpoint --help is understood", "Podman, conmon", kShould, "", "",
     "", "bare checkpoint --help"},
    {"engine.restore.probe", "restore tells that a flag needs its argument", "Podman, conmon",
     kShould, "", "", "", "!bare restore --lsm-mount-context; err has argument"},
    {"engine.root.option", "containers of another root are not seen", "containerd, runc shim",
     kMust, "", "", "wait", "create; !bare --root $DIR/other state $ID"},
};

}  // namespace

std::span<const Case> engine_cases() noexcept { return cases_of<kCases>(); }

}  // namespace cleat::conformance
