// Room: conformance. Cases: killed runtimes, full disks, want of descriptors, damage, races.
// Whatever happens, every call comes to an end, and after `delete --force` nothing is left.
#include "cases.hpp"

namespace cleat::conformance {
namespace {

constexpr const char* kErrors = "runtime.md#errors";
constexpr const char* kDelete = "runtime.md#delete";
constexpr const char* kKilled = "a runtime that is killed";
constexpr const char* kDamaged = "a state that is damaged";
constexpr const char* kRaces = "calls at the same time";
constexpr const char* kHung = "what never answers";

constexpr Case kCases[] = {
    {"faults.killed.create", "of a create that is killed at any moment nothing is left", kKilled,
     kMust, "", "", "wait", "cut KILL create"},
    {"faults.killed.start", "of a start that is killed at any moment nothing is left", kKilled,
     kMust, "", "", "wait", "cut KILL start"},
    {"faults.killed.exec", "of an exec that is killed at any moment nothing is left", kKilled,
     kMust, "", "", "wait", "cut KILL exec /probe"},
    {"faults.killed.delete", "a delete that is killed at any moment can be repeated", kKilled,
     kMust, "", "", "wait", "cut KILL delete --force"},
    {"faults.terminated.create", "of a create that is terminated at any moment nothing is left",
     kKilled, kMust, "", "", "wait", "cut TERM create"},

    {"faults.space", "without space for the state create fails, and leaves nothing", kErrors, kMust,
     "root", "", "wait",
     "tmpfs state size=4k; !create; err != \"\"; look state; names = []; clean"},
    {"faults.inodes", "without inodes for the state create fails, and leaves nothing", kErrors,
     kMust, "root", "", "wait", "tmpfs state nr_inodes=2; !create; look state; names = []; clean"},
    {"faults.file-size", "with a limit of file size nothing is left of a create", kErrors, kMust,
     "", "", "wait", "under fsize:64; ?create; under; ?delete --force; clean"},
    {"faults.descriptors.create", "a create that wants for descriptors says so and leaves nothing",
     kErrors, kMust, "", "", "wait", "starved 3 20 create"},
    {"faults.descriptors.state", "for want of descriptors no running container is called otherwise",
     "runtime.md#query-state", kMust, "", "", "wait", "starved 3 12 state"},
    {"faults.descriptors.delete", "for want of descriptors no running container is deleted",
     kDelete, kMust, "", "", "wait", "starved 3 12 delete"},

    {"faults.damage.empty", "a container whose state is empty can be deleted by force", kDamaged,
     kMust, "", "", "wait",
     "create; start; says ready; damage empty; !state; !kill KILL; ?delete --force; gone; clean"},
    {"faults.damage.half", "a container of whose state half is there can be deleted by force",
     kDamaged, kMust, "", "", "wait",
     "create; start; says ready; damage half; !state; !kill KILL; ?delete --force; gone; clean"},
    {"faults.damage.null", "a container whose state is null can be deleted by force", kDamaged,
     kMust, "", "", "wait",
     "create; start; says ready; damage null; !state; !kill KILL; ?delete --force; gone; clean"},
    {"faults.damage.garbage", "a container whose state is garbage can be deleted by force",
     kDamaged, kMust, "", "", "wait",
     "create; start; says ready; damage garbage; !state; !kill KILL; ?delete --force; gone; clean"},
    {"faults.damage.list", "a damaged container does not hide the others", kDamaged, kMust, "", "",
     "wait",
     "create; as b; config {\"linux\":{\"cgroupsPath\":\"$CGROUP\"}}; create; as -; damage "
     "garbage; "
     "call list -q; out has +b; damage whole; as b; ?delete --force; as -; ?delete --force; clean"},

    {"faults.race.create", "of calls of create with one id one succeeds, and its container works",
     kRaces, kMust, "", "", "wait",
     "race 8 create; succeeded = 1; state; status = created; start; says ready; state; status = "
     "running; ?delete --force; clean"},
    {"faults.race.start", "of calls of start one succeeds", kRaces, kMust, "", "", "wait",
     "create; race 4 start; succeeded = 1; state; status = running; ?delete --force; clean"},
    {"faults.race.delete", "calls of delete are not in each other's way", kRaces, kMust, "", "",
     "wait", "create; start; says ready; race 4 delete --force; ?delete --force; clean"},
    {"faults.race.create-delete", "a delete in the middle of a create leaves all or nothing",
     kRaces, kMust, "", "", "wait",
     "begin create; ?delete --force; ended; ?delete --force; clean; begin create; sleep 10; "
     "?delete --force; ended; ?delete --force; clean; begin create; sleep 30; ?delete --force; "
     "ended; ?delete --force; clean"},

    {"faults.init.killed", "a container whose process is killed from outside can be deleted",
     kDelete, kMust, "", "", "wait",
     "create; start; says ready; hurt KILL; gone; wait stopped; delete; clean"},
    {"faults.init.stopped", "a container whose process is stopped can be deleted by force", kHung,
     kMust, "", "", "wait", "create; start; says ready; hurt STOP; delete --force; gone; clean"},
    {"faults.init.paused", "a paused container can be deleted by force", kHung, kMust,
     "cgroup:freezer", "", "wait", "create; start; says ready; pause; delete --force; gone; clean"},
    {"faults.start.waits", "a start whose process does not answer ends with the container", kHung,
     kMust, "", "", "wait",
     "create; hurt STOP; begin start; sleep 100; delete --force; ended; clean"},
    {"faults.reboot", "what is left after a reboot is stopped, and can be deleted",
     "runtime.md#state", kMust, "root", "", "wait",
     "create; start; says ready; reboot; state; status = stopped; !start; delete; clean"},

    {"faults.hook", "a hook that never ends is ended in time, and nothing is left", kHung, kMust,
     "",
     R"({"hooks":{"createContainer":[{"path":"/probe","args":["hook","--conformance-part","probe","pause"],"timeout":1}]}})",
     "", "refused"},
    {"faults.cgroup.full", "below a cgroup that is full nothing is left of a container", kErrors,
     kMust, "v1 cgroup:pids", R"({"linux":{"cgroupsPath":"$CGROUP/inner"}})", "wait",
     "parent pids pids.max 0; ?create; ?start; ?delete --force; parent gone; clean"},
    {"faults.cgroup.frozen", "a create below a frozen cgroup comes to an end", kHung, kMust,
     "v1 cgroup:freezer", R"({"linux":{"cgroupsPath":"$CGROUP/inner"}})", "wait",
     "parent freezer freezer.state FROZEN; !create; ?delete --force; parent gone; clean"},
    {"faults.memory", "a limit of memory that is too small for any program leaves nothing", kErrors,
     kMust, "cgroup:memory", R"({"linux":{"resources":{"memory":{"limit":1048576}}}})", "",
     "?create; ?start; ?delete --force; clean"},
    {"faults.output.unread", "a container whose output nobody reads comes to its end", kHung, kMust,
     "", "", "", "under unread; create; start; under; gone; wait stopped; delete; clean"},
    {"faults.output.closed", "without standard streams nothing is left of a container", kErrors,
     kMust, "", "", "", "under closed; ?create; ?start; under; ?delete --force; clean"},
    {"faults.console.gone", "a console socket at which nobody listens is an error", kErrors, kMust,
     "", R"({"process":{"terminal":true}})", "",
     "listen console; hang-up; !create --console-socket $DIR/console; !state; clean"},
    {"faults.console.silent", "a console socket that nobody reads keeps nobody waiting", kHung,
     kMust, "", R"({"process":{"terminal":true}})", "",
     "listen console; ?create --console-socket $DIR/console; ?delete --force; clean"},
};

}  // namespace

std::span<const Case> faults_cases() noexcept { return cases_of<kCases>(); }

}  // namespace cleat::conformance
