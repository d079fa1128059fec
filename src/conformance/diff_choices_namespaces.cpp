// Room: conformance. Choices about namespaces.
#include "diff_choices.hpp"

namespace cleat::conformance {
namespace {

constexpr Choice kChoices[] = {
    {"pid/host", 2, "", R"({"linux":{"-namespaces":["pid"]}})"},
    {"network/host", 2, "", R"({"-mounts":["/sys"],"linux":{"-namespaces":["network"]}})"},
    {"network/joined", 3, "",
     R"({"linux":{"-namespaces":["network"],"+namespaces":[{"type":"network","path":"/proc/$HOLD/ns/net"}]}})"},
    {"ipc/host", 2, "", R"({"linux":{"-namespaces":["ipc"]}})"},
    {"ipc/joined", 3, "",
     R"({"linux":{"-namespaces":["ipc"],"+namespaces":[{"type":"ipc","path":"/proc/$HOLD/ns/ipc"}]}})"},
    {"uts/host", 2, "", R"({"hostname":null,"domainname":null,"linux":{"-namespaces":["uts"]}})"},
    {"uts/joined", 3, "",
     R"({"linux":{"-namespaces":["uts"],"+namespaces":[{"type":"uts","path":"/proc/$HOLD/ns/uts"}]}})"},
    {"mount/host", 1, "",
     R"({"-mounts":["/proc","/dev","/dev/pts","/dev/shm","/sys"],"linux":{"-namespaces":["mount"]}})"},
    {"cgroup/new", 4, "", R"({"linux":{"+namespaces":[{"type":"cgroup"}]}})"},
    {"cgroup/joined", 1, "",
     R"({"linux":{"+namespaces":[{"type":"cgroup","path":"/proc/$HOLD/ns/cgroup"}]}})"},
    {"user/new", 6, "",
     R"({"linux":{"+namespaces":[{"type":"user"}],"uidMappings":[{"containerID":0,"hostID":<0|100000>,"size":65536}],"gidMappings":[{"containerID":0,"hostID":<0|200000>,"size":65536}]}})"},
    {"user/two-ranges", 2, "",
     R"({"linux":{"+namespaces":[{"type":"user"}],"uidMappings":[{"containerID":0,"hostID":100000,"size":1000},{"containerID":1000,"hostID":0,"size":1},{"containerID":1001,"hostID":101001,"size":70000}],"gidMappings":[{"containerID":0,"hostID":100000,"size":70000}]}})"},
    {"time", 1, "ns:time",
     R"({"linux":{"+namespaces":[{"type":"time"}],"timeOffsets":{"<monotonic|boottime>":{"secs":<#1-100>,"nanosecs":<#0-999>}}}})"},
};

}  // namespace

std::span<const Choice> namespace_choices() noexcept { return kChoices; }

}  // namespace cleat::conformance
