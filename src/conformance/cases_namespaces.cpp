// Room: conformance. Cases: namespaces
#include "cases.hpp"

namespace cleat::conformance {
namespace {

constexpr Case kCases[] = {
    {"namespaces.pid.new", "a new pid namespace", "config-linux.md#namespaces", kMust, "", "", "",
     "run; ns/pid != $HOST(ns/pid)"},
    {"namespaces.network.new", "a new network namespace", "config-linux.md#namespaces", kMust, "",
     "", "", "run; ns/net != $HOST(ns/net)"},
    {"namespaces.ipc.new", "a new ipc namespace", "config-linux.md#namespaces", kMust, "", "", "",
     "run; ns/ipc != $HOST(ns/ipc)"},
    {"namespaces.uts.new", "a new uts namespace", "config-linux.md#namespaces", kMust, "", "", "",
     "run; ns/uts != $HOST(ns/uts)"},
    {"namespaces.mount.new", "a new mount namespace", "config-linux.md#namespaces", kMust, "", "",
     "", "run; ns/mnt != $HOST(ns/mnt)"},
    {"namespaces.cgroup.new", "a new cgroup namespace, in which the own cgroup is /",
     "config-linux.md#namespaces", kMust, "cgroup:pids ns:cgroup",
     R"({"linux":{"+namespaces":[{"type":"cgroup"}]}})", "",
     "run; ns/cgroup != $HOST(ns/cgroup); cgroup like *; cgroup lacks $ID"},
    {"namespaces.user.new", "a new user namespace with its mappings",
     "config-linux.md#user-namespace-mappings", kMust, "root",
     R"({"linux":{"+namespaces":[{"type":"user"}],"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}]}})",
     "",
     "run; ns/user != $HOST(ns/user); uid = 0; gid = 0; uid_map = \"0 100000 65536\"; gid_map = "
     "\"0 100000 "
     "65536\""},
    {"namespaces.user.host-id", "on the host the process has the mapped ids",
     "config-linux.md#user-namespace-mappings", kMust, "root",
     R"({"linux":{"+namespaces":[{"type":"user"}],"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}]}})",
     "wait", "create; start; says ready; proc; Uid has 100000; Gid has 100000"},
    {"namespaces.user.many", "several mappings", "config-linux.md#user-namespace-mappings", kMust,
     "root",
     R"({"linux":{"+namespaces":[{"type":"user"}],"uidMappings":[{"containerID":0,"hostID":100000,"size":10},{"containerID":10,"hostID":200000,"size":20}],"gidMappings":[{"containerID":0,"hostID":300000,"size":30}]}})",
     "",
     "run; uid_map has \"0 100000 10\"; uid_map has \"10 200000 20\"; gid_map = \"0 300000 30\""},
    {"namespaces.user.files", "the mapping does not change the owners of files",
     "config-linux.md#user-namespace-mappings", kShould, "root",
     R"({"linux":{"+namespaces":[{"type":"user"}],"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}]}})",
     "stat:/etc/file", "run; did/0/uid = 65534; look bundle/rootfs/etc/file; uid = 0"},
    {"namespaces.user.process-user", "the user is one of the container's",
     "config.md#posix-platform-user", kMust, "root",
     R"({"linux":{"+namespaces":[{"type":"user"}],"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}]}})",
     "wait",
     "config {\"process\":{\"user\":{\"uid\":7,\"gid\":8}}}; create; start; report; uid = 7; gid = "
     "8; proc; Uid has 100007; Gid has 100008"},
    {"namespaces.time.new", "a new time namespace", "config-linux.md#namespaces", kShould,
     "since:1.1 ns:time root", R"({"linux":{"+namespaces":[{"type":"time"}]}})", "",
     "run; ns/time != $HOST(ns/time)"},
    {"namespaces.time.offsets", "clocks are shifted", "config-linux.md#offset-for-time-namespace",
     kMust, "since:1.1 ns:time root",
     R"({"linux":{"+namespaces":[{"type":"time"}],"timeOffsets":{"monotonic":{"secs":100000,"nanosecs":5},"boottime":{"secs":200000}}}})",
     "clock:monotonic clock:boottime",
     "run; ns/time != $HOST(ns/time); timens_offsets has \"monotonic 100000 5\"; timens_offsets "
     "has "
     "\"boottime 200000 0\"; did/0 > 100000; did/1 > 200000"},
    {"namespaces.network.inherited", "a type that is not listed is inherited",
     "config-linux.md#namespaces", kMust, "root", R"({"linux":{"-namespaces":["network"]}})", "",
     "run; ns/net = $HOST(ns/net)"},
    {"namespaces.ipc.inherited", "a type that is not listed is inherited",
     "config-linux.md#namespaces", kMust, "root", R"({"linux":{"-namespaces":["ipc"]}})", "",
     "run; ns/ipc = $HOST(ns/ipc)"},
    {"namespaces.uts.inherited", "a type that is not listed is inherited",
     "config-linux.md#namespaces", kMust, "root",
     R"({"hostname":null,"linux":{"-namespaces":["uts"]}})", "", "run; ns/uts = $HOST(ns/uts)"},
    {"namespaces.pid.inherited", "a type that is not listed is inherited",
     "config-linux.md#namespaces", kMust, "root", R"({"linux":{"-namespaces":["pid"]}})", "",
     "run; ns/pid = $HOST(ns/pid)"},
    {"namespaces.user.inherited", "without user in the list it is the runtime's",
     "config-linux.md#namespaces", kMust, "root", "", "", "run; ns/user = $HOST(ns/user)"},
    {"namespaces.time.inherited", "without time in the list it is the runtime's",
     "config-linux.md#namespaces", kMust, "ns:time root", "", "", "run; ns/time = $HOST(ns/time)"},
    {"namespaces.cgroup.inherited", "without cgroup in the list it is the runtime's",
     "config-linux.md#namespaces", kMust, "ns:cgroup root", "", "",
     "run; ns/cgroup = $HOST(ns/cgroup)"},
    {"namespaces.network.path", "a network namespace is joined", "config-linux.md#namespaces",
     kMust, "root", "", "",
     "hold net; remember NS ns/net; config "
     "{\"linux\":{\"-namespaces\":[\"network\"],\"+namespaces\":[{\"type\":\"network\",\"path\":\"/"
     "proc/$HOLD/ns/net\"}]}}; run; ns/net = $NS"},
    {"namespaces.ipc.path", "a ipc namespace is joined", "config-linux.md#namespaces", kMust,
     "root", "", "",
     "hold ipc; remember NS ns/ipc; config "
     "{\"linux\":{\"-namespaces\":[\"ipc\"],\"+namespaces\":[{\"type\":\"ipc\",\"path\":\"/proc/"
     "$HOLD/ns/ipc\"}]}}; run; ns/ipc = $NS"},
    {"namespaces.uts.path", "a uts namespace is joined", "config-linux.md#namespaces", kMust,
     "root", "", "",
     "hold uts; remember NS ns/uts; config "
     "{\"hostname\":null,\"linux\":{\"-namespaces\":[\"uts\"],\"+namespaces\":[{\"type\":\"uts\","
     "\"path\":\"/proc/$HOLD/ns/uts\"}]}}; run; ns/uts = $NS"},
    {"namespaces.cgroup.path", "a cgroup namespace is joined", "config-linux.md#namespaces", kMust,
     "root ns:cgroup", "", "",
     "hold cgroup; remember NS ns/cgroup; config "
     "{\"linux\":{\"+namespaces\":[{\"type\":\"cgroup\",\"path\":\"/proc/$HOLD/ns/cgroup\"}]}}; "
     "run; ns/cgroup = $NS"},
    {"namespaces.pid.path", "a pid namespace is joined", "config-linux.md#namespaces", kMust,
     "root", "", "wait",
     "create; start; says ready; state; remember FIRST pid; proc; remember NS ns/pid; as b; config "
     "{\"linux\":{\"cgroupsPath\":null,\"-namespaces\":[\"pid\"],\"+namespaces\":[{\"type\":"
     "\"pid\",\"path\":\"/proc/$FIRST/ns/pid\"}]}}; create; start; proc; ns/pid = $NS; alive"},
    {"namespaces.path.wrong-type", "a path of another type is an error",
     "config-linux.md#namespaces", kMust, "root", "", "",
     "hold net; config "
     "{\"linux\":{\"-namespaces\":[\"ipc\"],\"+namespaces\":[{\"type\":\"ipc\",\"path\":\"/proc/"
     "$HOLD/ns/net\"}]}}; !create; !state"},
    {"namespaces.path.missing", "a path where nothing is is an error", "config-linux.md#namespaces",
     kMust, "root",
     R"({"linux":{"-namespaces":["network"],"+namespaces":[{"type":"network","path":"/no/such/namespace"}]}})",
     "", "refused"},
    {"namespaces.path.no-namespace", "a path that is no namespace is an error",
     "config-linux.md#namespaces", kMust, "root",
     R"({"linux":{"-namespaces":["network"],"+namespaces":[{"type":"network","path":"/proc/self/status"}]}})",
     "", "refused"},
    {"namespaces.path.relative", "a relative path is an error", "config-linux.md#namespaces", kMust,
     "root",
     R"({"linux":{"-namespaces":["network"],"+namespaces":[{"type":"network","path":"proc/self/ns/net"}]}})",
     "", "refused"},
    {"namespaces.duplicate", "two entries of one type are an error", "config-linux.md#namespaces",
     kMust, "", R"({"linux":{"+namespaces":[{"type":"ipc"}]}})", "", "refused"},
    {"namespaces.unknown", "a type that is none is an error", "config.md#valid-values", kMust, "",
     R"({"linux":{"+namespaces":[{"type":"nosuch"}]}})", "", "refused"},
    {"namespaces.network.empty", "a new network has no device of the host",
     "config-linux.md#namespaces", kMust, "", "", "",
     "run; netdevices has lo; netdevices lacks eth0"},
    {"namespaces.pid.alone", "in a new pid namespace no other process is seen",
     "config-linux.md#namespaces", kMust, "", "", "list:/proc",
     "run; did/0 has 1; did/0 lacks 2; did/0 lacks $PID"},
    {"namespaces.uts.apart", "the container's hostname is not the host's",
     "config-linux.md#namespaces", kMust, "root",
     R"({"process":{"capabilities":{"bounding":["CAP_SYS_ADMIN"],"effective":["CAP_SYS_ADMIN"],"permitted":["CAP_SYS_ADMIN"]}}})",
     "sethostname:changed",
     "run; did/0 = ok; look /proc/sys/kernel/hostname; text like $HOST(hostname)*"},
    {"namespaces.mount.apart", "the container's mounts are not the host's",
     "config-linux.md#namespaces", kMust, "",
     R"({"+mounts":[{"destination":"/data","type":"tmpfs","source":"only-inside"}]})", "wait",
     "create; start; says ready; look bundle/rootfs/data; names = []"},
};

}  // namespace

std::span<const Case> namespaces_cases() noexcept { return cases_of<kCases>(); }

}  // namespace cleat::conformance
