// Room: conformance. Cases: what once was a vulnerability of a runtime.
#include "cases.hpp"

namespace cleat::conformance {
namespace {

constexpr Case kCases[] = {
    {"security.exec.user.name-like-number", "a number is never looked up as a name",
     "CVE-2016-3697", kMust, "root", "", "wait",
     "make file bundle/rootfs/etc/passwd 1000:x:0:0:root:/root:/bin/sh; create; start; says ready; "
     "exec --user 1000 |; uid = 1000"},
    {"security.exec.user.too-large", "a uid beyond 32 bits is not the root's", "CVE-2026-46680",
     kMust, "", "", "wait", "create; start; says ready; !call exec --user 4294967296 $ID /probe"},
    {"security.exec.user.negative", "a negative uid is refused", "CVE-2026-30892", kMust, "", "",
     "wait", "create; start; says ready; !call exec --user=-1 $ID /probe"},
    {"security.exec.user.number-and-more", "a number with more behind it is refused",
     "CVE-2026-30892", kMust, "", "", "wait",
     "create; start; says ready; !call exec --user 0x1 $ID /probe; !call exec --user 1a $ID "
     "/probe"},
    {"security.exec.user.one", "uid 1 is uid 1", "CVE-2026-30892", kMust, "root", "", "wait",
     "create; start; says ready; exec --user 1 |; uid = 1; euid = 1"},
    {"security.exec.inheritable", "exec makes no capability inheritable", "CVE-2022-29162", kMust,
     "root", "", "wait", "create; start; says ready; exec --cap CAP_KILL |; caps/inheritable = []"},
    {"security.inheritable", "a container has no inheritable capabilities", "CVE-2022-29162", kMust,
     "root", "", "", "run; caps/inheritable = []; caps/ambient = []"},
    {"security.groups", "additional groups are those that are configured", "CVE-2023-25173", kMust,
     "root", R"({"process":{"user":{"uid":1000,"gid":1000,"additionalGids":[7,9]}}})", "",
     "make file bundle/rootfs/etc/group extra:x:2000:user; under groups:8; run; groups = [7,9]"},
    {"security.mount.link", "a mount does not follow a link out of the root", "CVE-2019-18837",
     kMust, "", R"({"+mounts":[{"destination":"/vol/x/y","type":"tmpfs","source":"tmpfs"}]})",
     "wait",
     "make dir outside; make link bundle/rootfs/vol $DIR/outside; ?create; look outside; names = "
     "[]"},
    {"security.mount.dotdot", ".. in a destination does not leave the root", "CVE-2019-18837",
     kMust, "",
     R"({"+mounts":[{"destination":"/../../../../../../$DIR/outside/x","type":"tmpfs","source":"tmpfs"}]})",
     "wait", "make dir outside; ?create; look outside; names = []"},
    {"security.mount.proc-link", "a root whose proc is a link is refused", "CVE-2019-19921", kMust,
     "", "", "",
     "take bundle/rootfs/proc; make dir bundle/rootfs/fake; make link bundle/rootfs/proc /fake; "
     "refused"},
    {"security.mount.sys-link", "a root whose sys is a link is refused", "CVE-2023-27561", kMust,
     "", "", "",
     "take bundle/rootfs/sys; make dir bundle/rootfs/fake; make link bundle/rootfs/sys /fake; "
     "refused"},
    {"security.mount.over-proc", "a directory over proc is refused", "CVE-2019-16884", kShould,
     "root",
     R"({"-mounts":["/proc"],"+mounts":[{"destination":"/proc","type":"bind","source":"$DIR/fake","options":["bind"]}],"linux":{"sysctl":{"net.ipv4.ip_forward":"1"}}})",
     "", "make dir fake; refused"},
    {"security.mount.proc-sys",
     "what is written to proc reaches the kernel, whatever is mounted there", "CVE-2025-52881",
     kMust, "root",
     R"({"+mounts":[{"destination":"/proc/sys","type":"tmpfs","source":"tmpfs"}],"linux":{"sysctl":{"net.ipv4.ip_forward":"1"}}})",
     "list:/proc/sys", "?run; did/0/0 absent"},
    {"security.devices.default-deny", "without device rules no other device can be used",
     "GHSA-g54h-m393-cpwq", kMust, "cgroup:devices",
     R"({"process":{"capabilities":{"bounding":["CAP_MKNOD"],"effective":["CAP_MKNOD"],"permitted":["CAP_MKNOD"]}},"linux":{"resources":{"devices":null}}})",
     "mknod:/dev/x:c:777:7", "run; did/0 in [\"EPERM\",\"open EPERM\"]"},
    {"security.sysctl.global", "a kernel parameter of the whole host is refused", "CVE-2022-0811",
     kMust, "root", R"({"linux":{"sysctl":{"kernel.core_pattern":"$CORE_PATTERN"}}})", "",
     "refused"},
    {"security.sysctl.path", "a key does not lead elsewhere", "CVE-2022-0811", kMust, "root",
     R"({"linux":{"sysctl":{"net/../kernel/core_pattern":"$CORE_PATTERN"}}})", "", "refused"},
    {"security.sysctl.host-network", "without a network namespace its parameters are the host's",
     "CVE-2022-0811", kMust, "root",
     R"({"linux":{"-namespaces":["network"],"sysctl":{"net.core.somaxconn":"4096"}}})", "",
     "refused"},
    {"security.sysctl.host-ipc", "without an ipc namespace its parameters are the host's",
     "CVE-2022-0811", kMust, "root",
     R"({"linux":{"-namespaces":["ipc"],"sysctl":{"kernel.shm_rmid_forced":"0"}}})", "", "refused"},
    {"security.fds.none", "no descriptor of the runtime is in the container", "CVE-2024-21626",
     kMust, "", "", "",
     "run; fds/3 absent; fds/4 absent; fds/5 absent; fds/6 absent; fds/7 absent; fds/8 absent"},
    {"security.fds.caller", "no descriptor of the caller is in the container", "CVE-2024-21626",
     kMust, "", "", "", "leak /; run; fds/3 absent"},
    {"security.fds.exec", "no descriptor is in a process that is executed", "CVE-2024-21626", kMust,
     "", "", "wait",
     "create; start; says ready; exec |; fds/3 absent; fds/4 absent; fds/5 absent; fds/6 absent; "
     "fds/7 absent"},
    {"security.cwd.leaked-descriptor", "a cwd through a descriptor of the caller is refused",
     "CVE-2024-21626", kMust, "", R"({"process":{"cwd":"/proc/self/fd/3"}})", "",
     "leak /; refused-late"},
    {"security.mask.null-link", "a mask is not made of a link in the image", "CVE-2025-31133",
     kMust, "root",
     R"({"-mounts":["/dev","/dev/pts","/dev/shm"],"linux":{"maskedPaths":["/etc/file"]}})",
     "read:/etc/file write:/etc/file:changed",
     "make file victim secret; make link bundle/rootfs/dev/null $DIR/victim; ?run; did/0 isnt "
     "secret; look victim; text = secret"},
    {"security.mask.null-file", "a mask is not made of a file in the image", "CVE-2025-31133",
     kMust, "root",
     R"({"-mounts":["/dev","/dev/pts","/dev/shm"],"linux":{"maskedPaths":["/etc/file"]}})",
     "read:/etc/file",
     "make file bundle/rootfs/dev/null fake; ?run; did/0 isnt fake; did/0 isnt content"},
    {"security.mask.link", "a mask on a link does not touch the host", "CVE-2025-31133", kMust, "",
     R"({"linux":{"maskedPaths":["/link"]}})", "",
     "make file victim secret; make link bundle/rootfs/link $DIR/victim; ?run; look victim; text = "
     "secret"},
    {"security.dev.link", "a root whose dev leads to the host changes nothing there",
     "CVE-2026-41579", kMust, "root", R"({"-mounts":["/dev","/dev/pts","/dev/shm"]})", "",
     "take bundle/rootfs/dev; make dir outside; make file outside/ptmx mine; make link "
     "bundle/rootfs/dev $DIR/outside; ?create; look outside; names = [\"ptmx\"]; look "
     "outside/ptmx; type = f; text = mine"},
    {"security.dev.device-link", "a device is not made through a link out of the root",
     "CVE-2026-41579", kMust, "root",
     R"({"linux":{"devices":[{"path":"/vol/device","type":"c","major":1,"minor":3}]}})", "",
     "make dir outside; make link bundle/rootfs/vol $DIR/outside; ?create; look outside; names = "
     "[]"},
    {"security.dev.console-link", "a console is not made through a link out of the root",
     "CVE-2026-88264", kMust, "root",
     R"({"-mounts":["/dev","/dev/pts","/dev/shm"],"process":{"terminal":true},"+mounts":[{"destination":"/dev/pts","type":"devpts","source":"devpts","options":["newinstance","ptmxmode=0666"]}]})",
     "",
     "make dir outside; make link bundle/rootfs/dev/console $DIR/outside/made; listen console; "
     "?create --console-socket $DIR/console; look outside; names = []"},
    {"security.dev.null-file", "a file that is bind mounted on /dev/null keeps its owner",
     "CVE-2026-88265", kMust, "root",
     R"({"process":{"user":{"uid":1000,"gid":1000}},"+mounts":[{"destination":"/dev/null","type":"bind","source":"$DIR/victim","options":["bind"]}]})",
     "", "make file victim mine; ?run; look victim; uid = 0; text = mine"},
    {"security.dev.host-owner", "a user namespace does not change who owns the host's /dev/null",
     "crun before 1.24", kMust, "root",
     R"({"linux":{"+namespaces":[{"type":"user"}],"uidMappings":[{"containerID":0,"hostID":123000,"size":1000}],"gidMappings":[{"containerID":0,"hostID":123000,"size":1000}]}})",
     "", "run; look /dev/null; uid = 0; gid = 0"},
    {"security.cwd.link", "a cwd that leads out of the root makes nothing there", "CVE-2024-45310",
     kMust, "", R"({"process":{"cwd":"/vol/new"}})", "",
     "make dir outside; make link bundle/rootfs/vol $DIR/outside; ?run; look outside; names = []"},
    {"security.readonly.link", "a read-only path that is a link does not change the host",
     "CVE-2025-52881", kMust, "", R"({"linux":{"readonlyPaths":["/link"]}})", "",
     "make file victim mine; make link bundle/rootfs/link $DIR/victim; ?run; look victim; text = "
     "mine"},
    {"security.session", "the process leads a session of its own", "CVE-2017-5226", kMust, "", "",
     "", "run; sid = 1"},
    {"security.state.private", "the state is not for everybody", "CVE-2021-41103", kMust, "root",
     "", "wait", "create; look $ROOT/$ID; mode in [\"0700\",\"0711\",\"0710\"]"},
};

}  // namespace

std::span<const Case> security_cases() noexcept { return cases_of<kCases>(); }

}  // namespace cleat::conformance
