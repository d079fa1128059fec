// Room: conformance. Choices about devices, kernel parameters, system calls and hooks.
#include "diff_choices.hpp"

namespace cleat::conformance {
namespace {

constexpr Choice kChoices[] = {
    {"device", 4, "root",
     R"({"linux":{"+devices":[{"path":"/dev/extra","type":"<c|u>","major":1,"minor":<3|5|7>,"fileMode":<384|438|420|2540>,"uid":<0|7>,"gid":<0|8>}]}})"},
    {"device-plain", 2, "root",
     R"({"linux":{"+devices":[{"path":"/dev/plain","type":"c","major":1,"minor":5}]}})"},
    {"device-block", 1, "root",
     R"({"linux":{"+devices":[{"path":"/dev/block","type":"b","major":7,"minor":99,"fileMode":416}]}})"},
    {"device-pipe", 2, "root",
     R"({"linux":{"+devices":[{"path":"/dev/pipe","type":"p"<|,"fileMode":432>}]}})"},
    {"device-deep", 2, "root",
     R"({"linux":{"+devices":[{"path":"</dev/deep/er/extra|/data/extra|/new/place/extra>","type":"c","major":1,"minor":3,"fileMode":438}]}})"},
    {"device-default-again", 1, "root",
     R"({"linux":{"+devices":[{"path":"/dev/<null|zero|full>","type":"c","major":1,"minor":3,"fileMode":<438|384>}]}})"},
    {"sysctl/ipc", 2, "",
     R"({"linux":{"sysctl":{"kernel.msgmax":"<1000|8000>","kernel.shmmni":"100"}}})"},
    {"sysctl/net", 3, "",
     R"({"linux":{"sysctl":{"net.ipv4.ip_forward":"1","net.ipv4.ip_local_port_range":"2000 3000"}}})"},
    {"sysctl/slash", 1, "", R"({"linux":{"sysctl":{"net/ipv4/ip_forward":"1"}}})"},
    {"sysctl/mqueue", 1, "", R"({"linux":{"sysctl":{"fs.mqueue.msg_max":"20"}}})"},
    {"personality", 1, "", R"({"linux":{"personality":{"domain":"<LINUX|LINUX32>"}}})"},
    {"memory-policy/nodes", 1, "",
     R"({"linux":{"memoryPolicy":{"mode":"MPOL_<BIND|PREFERRED|INTERLEAVE>","nodes":"0"}}})"},
    {"memory-policy/none", 1, "",
     R"({"linux":{"memoryPolicy":{"mode":"MPOL_<LOCAL|DEFAULT>","nodes":""}}})"},
    {"seccomp/errno", 4, "",
     R"({"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","architectures":[<+"SCMP_ARCH_X86_64"|"SCMP_ARCH_X86"|"SCMP_ARCH_X32">],"syscalls":[{"names":["<mkdir|getcwd|uname|keyctl|sethostname|no_such_call>","swapon"],"action":"SCMP_ACT_ERRNO"<|,"errnoRet":38|,"errnoRet":0>}]}}})"},
    {"seccomp/arguments", 3, "",
     R"({"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["personality"],"action":"SCMP_ACT_ERRNO","errnoRet":<1|22>,"args":[{"index":0,"value":<0|4294967295>,"op":"SCMP_CMP_<EQ|NE|GE|LT>"}]}]}}})"},
    {"seccomp/flags", 2, "",
     R"({"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","flags":[<+"SECCOMP_FILTER_FLAG_LOG"|"SECCOMP_FILTER_FLAG_SPEC_ALLOW">],"syscalls":[{"names":["swapon"],"action":"SCMP_ACT_ERRNO"}]}}})"},
    {"seccomp/default-errno", 1, "",
     R"({"linux":{"seccomp":{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"names":["getppid"],"action":"<SCMP_ACT_ERRNO|SCMP_ACT_ALLOW|SCMP_ACT_LOG>"}]}}})"},
    {"hooks/prestart", 2, "",
     R"({"hooks":{"prestart":[$HOOK(prestart)],"poststop":[$HOOK(poststop)]}})"},
    {"hooks/create", 4, "",
     R"({"hooks":{"createRuntime":[$HOOK(runtime)],"createContainer":[$HOOK(container)]}})"},
    {"hooks/start", 3, "", R"({"hooks":{"startContainer":[$INSIDE(start)]}})"},
    {"hooks/post", 2, "",
     R"({"hooks":{"poststart":[$HOOK(poststart)],"poststop":[$HOOK(poststop)]}})"},
    {"hooks/no-args", 1, "", R"({"hooks":{"createRuntime":[{"path":"/bin/true"}]}})"},
    {"hooks/fails", 2, "",
     R"({"hooks":{"<prestart|createRuntime|createContainer|startContainer>":[{"path":"$PROBE","args":["probe","--conformance-part","probe","exit:3"]}]}})"},
};

}  // namespace

std::span<const Choice> linux_choices() noexcept { return kChoices; }

}  // namespace cleat::conformance
